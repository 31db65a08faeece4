// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::{Bench, Layout};
use crate::numbers;
use crate::scenario::Check;
use crate::sys;
use crate::union::restore;

pub const CHECK: Check = Check {
    about: "when a lower object shows again from which a copy was moved away, both have numbers of their own, which stay",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs keeps numbers only on request".into());
    }
    let l = b.layout(2)?;
    for name in ["a", "b", "c", "d"] {
        b.file(&l.lowers[1].join(name), name)?;
    }
    let union = b.union(&l);
    let path = |name: &str| l.target.join(name);
    union.mount(&l.target)?;
    let before = numbers::of(&l.target)?;
    for name in ["a", "b", "c"] {
        b.works("chmod", sys::chmod(path(name), 0o600))?;
        b.works(
            "rename",
            sys::rename(path(name), path(&format!("dir/{name}")), 0),
        )?;
    }
    b.works("link", sys::link(path("d"), path("dir/d"), 0))?;
    b.works("unlink", sys::unlink(path("d")))?;
    let root = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
    for name in ["a", "d"] {
        b.works("restore", restore(root, name))?;
    }
    b.works("close", sys::close(root))?;
    let now = numbers::of(&l.target)?;
    for name in ["a", "b", "c", "d"] {
        let (was, is) = (before.get(name), now.get(&format!("dir/{name}")));
        b.must(
            &format!("dir/{name} keeps {was:x?}, not {is:x?}"),
            was == is,
        )?;
    }
    b.must("asked for anew", numbers::of_cold(&l.target)? == now)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    b.must("mounted again", numbers::of(&l.target)? == now)?;
    // What was restored is changed itself.
    for name in ["a", "d"] {
        b.works("chmod", sys::chmod(path(name), 0o600))?;
    }
    b.must("changed", numbers::of(&l.target)? == now)?;
    b.umount(&l.target)?;
    behind(b, &l)?;
    union.mount(&l.target)?;
    let mut last = numbers::of(&l.target)?;
    last.remove("b");
    b.must("changed and mounted again", last == now)?;
    // The copies that were moved go; what was restored stays what it was.
    for name in ["a", "d"] {
        b.works("unlink", sys::unlink(path(&format!("dir/{name}"))))?;
        b.works(
            "rename",
            sys::rename(path(name), path(&format!("dir/{name}")), 0),
        )?;
    }
    numbers::of(&l.target)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    numbers::of(&l.target)?;
    b.umount(&l.target)
}

/// A whiteout goes while nothing is mounted.
fn behind(b: &Bench, l: &Layout) -> Result<(), String> {
    b.works("unlink", sys::unlink(l.upper.join("b")))
}
