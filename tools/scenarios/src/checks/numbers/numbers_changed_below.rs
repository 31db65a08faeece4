// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::numbers::{self, Numbers};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "no number is there twice when lower files were moved, linked or made anew offline, when layers come, go and \
        change places, when redirects show one lower directory twice, or with marks of the first version",
    run,
    ..Check::DEFAULT
};

const MARK: &str = "trusted.overlay.union.ino";

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs keeps numbers only on request".into());
    }
    lower_changed(b)?;
    layers(b)?;
    redirects(b)?;
    first_version(b)
}

fn lower_changed(b: &Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let below = |name: &str| l.lowers[0].join(name);
    for name in ["moved", "linked", "anew", "stays"] {
        b.file(&below(name), name)?;
        b.dir(&below(&format!("{name} dir/sub")))?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    for name in ["moved", "linked", "anew", "stays"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o600))?;
        b.works(
            "chmod",
            sys::chmod(l.target.join(format!("{name} dir")), 0o700),
        )?;
    }
    let before = numbers::of(&l.target)?;
    b.umount(&l.target)?;
    b.works("rename", sys::rename(below("moved"), below("away"), 0))?;
    b.works(
        "rename",
        sys::rename(below("moved dir"), below("away dir"), 0),
    )?;
    b.works("link", sys::link(below("linked"), below("link"), 0))?;
    b.works("unlink", sys::unlink(below("anew")))?;
    b.file(&below("anew"), "made anew")?;
    union.mount(&l.target)?;
    let now = numbers::of(&l.target)?;
    for name in ["stays", "stays dir", "linked dir", "stays dir/sub"] {
        b.must(
            &format!("{name} keeps its number"),
            now.get(name) == before.get(name),
        )?;
    }
    b.umount(&l.target)?;
    take_down(b)
}

fn take_down(b: &Bench) -> Result<(), String> {
    let left = crate::mount::unmount_below(b.base());
    b.must(&format!("all unmounted, but for {left:?}"), left.is_empty())
}

fn layers(b: &Bench) -> Result<(), String> {
    let mut l = b.layout(0)?;
    // File systems on which the same numbers are given in the same order.
    let layers: Vec<_> = (0..4)
        .map(|number| {
            let layer = b.tmpfs(&format!("layer{number}"))?;
            for name in ["f", "g", "h"] {
                b.file(&layer.join(format!("{name}{number}")), name)?;
                b.dir(&layer.join(format!("d/{name}{number}")))?;
            }
            b.file(&layer.join("all"), "all")?;
            Ok::<_, String>(layer)
        })
        .collect::<Result<_, _>>()?;
    l.lowers = layers.clone();
    let mount = |order: &[usize]| -> Result<Numbers, String> {
        let lowers = order.iter().map(|&number| layers[number].clone());
        let union = b.new_union().lowers(lowers).upper(&l.upper, &l.work);
        union.mount(&l.target)?;
        numbers::of(&l.target)
    };
    mount(&[1, 2])?;
    for name in ["f1", "f2", "g1", "g2", "all", "d", "d/h1", "d/h2"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o700))?;
    }
    let target = |name: &str| l.target.join(name);
    b.works("rename", sys::rename(target("g1"), target("d/moved1"), 0))?;
    b.works("rename", sys::rename(target("g2"), target("d/moved2"), 0))?;
    let before = numbers::of(&l.target)?;
    b.umount(&l.target)?;
    b.must("the same layers", mount(&[1, 2])? == before)?;
    b.umount(&l.target)?;
    let more = mount(&[1, 2, 3])?;
    for (name, number) in &before {
        let now = more.get(name);
        b.must(
            &format!("with a layer more {name} keeps {number:x}, not {now:x?}"),
            now == Some(number),
        )?;
    }
    b.umount(&l.target)?;
    for order in [
        &[0, 1, 2][..],
        &[2, 1],
        &[3, 2, 1, 0],
        &[1],
        &[2],
        &[0, 3],
        &[3],
    ] {
        mount(order).map_err(|e| format!("{order:?}: {e}"))?;
        b.umount(&l.target)?;
    }
    b.must("the first layers again", mount(&[1, 2])? == before)?;
    b.umount(&l.target)?;
    take_down(b)
}

/// Redirects of overlayfs, copied or uncovered.
fn redirects(b: &Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    for name in ["shown/a", "shown/b", "shown/sub/c"] {
        let path = l.lowers[0].join(name);
        b.dir(path.parent().ok_or("it has one")?)?;
        b.file(&path, name)?;
    }
    for name in ["again", "dir/too"] {
        let path = b.dir(&l.upper.join(name))?;
        b.works(
            "setxattr",
            sys::setxattr(&path, "trusted.overlay.redirect", b"/shown", 0),
        )?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    let unlike = |what: &str| -> Result<(), String> {
        let numbers = numbers::of(&l.target).map_err(|e| format!("{what}: {e}"))?;
        b.must(
            &format!("{what}: again/a is there"),
            numbers.contains_key("again/a"),
        )
    };
    unlike("one directory at three places")?;
    for name in ["again/a", "shown/b", "dir/too/sub/c", "again/sub"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o700))?;
        unlike(name)?;
    }
    let moved = l.target.join("moved");
    b.works("rename", sys::rename(l.target.join("again/a"), &moved, 0))?;
    let before = numbers::of(&l.target)?;
    b.must("asked for anew", numbers::of_cold(&l.target)? == before)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    b.must("mounted again", numbers::of(&l.target)? == before)?;
    b.umount(&l.target)?;
    take_down(b)
}

/// Marks that say a number and nothing else.
fn first_version(b: &Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    for name in ["kept", "moved", "forged"] {
        b.file(&l.lowers[0].join(name), name)?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    for name in ["kept", "moved", "forged", "dir"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o700))?;
    }
    let before = numbers::of(&l.target)?;
    b.umount(&l.target)?;
    let mark = |path: &Path, number: u64| {
        let mut mark = vec![1];
        mark.extend(number.to_le_bytes());
        b.works("setxattr", sys::setxattr(path, MARK, &mark, 0))
    };
    for name in ["kept", "moved", "dir"] {
        mark(&l.upper.join(name), before[name])?;
    }
    // The number of another one.
    mark(&l.upper.join("forged"), before["file"])?;
    b.works(
        "rename",
        sys::rename(l.upper.join("moved"), l.upper.join("dir/moved"), 0),
    )?;
    union.mount(&l.target)?;
    let now = numbers::of(&l.target)?;
    for name in ["kept", "dir", "file"] {
        b.must(
            &format!("{name} keeps {:x}, not {:x}", before[name], now[name]),
            now[name] == before[name],
        )?;
    }
    b.umount(&l.target)?;
    take_down(b)
}
