// SPDX-License-Identifier: GPL-2.0-only
//! Inode numbers when layers change between mounts.

use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::changes;
use crate::image;
use crate::make;
use crate::numbers::{self, FILES, Numbers, VERSIONS};
use crate::shape::Fs;
use crate::sys;
use crate::tree;

/// No number appears twice when lower files were moved, linked or made again offline, when layers come, go and exchange
/// places, when redirects show one lower directory twice, or with marks of the first version.
pub fn numbers_changed_below(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps numbers only on request")?;
    lower_changed(b)?;
    layers(b)?;
    redirects(b)?;
    first_version(b)
}

const MARK: &str = "trusted.overlay.union.ino";

fn lower_changed(b: &Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let below = |name: &str| l.lowers[0].join(name);
    for name in ["moved", "linked", "anew", "stays"] {
        b.file(&below(name), name)?;
        b.dir(&below(&format!("{name} dir/sub")))?;
    }
    // These are copied without their data.
    let bare = ["linked bare", "anew bare", "stays bare"];
    for name in bare {
        b.file(&below(name), name)?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    for name in bare {
        b.works("chmod", sys::chmod(l.target.join(name), 0o600))?;
        b.marked(&l.upper.join(name))?;
    }
    for name in ["moved", "linked", "anew", "stays"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o600))?;
        b.works("a write", with_data(&l.target.join(name), name))?;
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
    b.works(
        "link",
        sys::link(below("linked bare"), below("link bare"), 0),
    )?;
    b.works("unlink", sys::unlink(below("anew bare")))?;
    b.file(&below("anew bare"), "made anew")?;
    union.mount(&l.target)?;
    let now = numbers::of(&l.target)?;
    for name in [
        "stays",
        "stays bare",
        "stays dir",
        "linked dir",
        "stays dir/sub",
    ] {
        must!(now.get(name) == before.get(name), "{name} keeps its number")?;
    }
    b.holds(&l.target.join("anew"), "anew")?;
    b.holds(&l.target.join("anew bare"), "made anew")?;
    b.umount(&l.target)?;
    take_down(b)
}

/// Copies the data of a lower file.
fn with_data(path: &Path, text: &str) -> sys::Result<()> {
    changes::rewrite(path, text.as_bytes())
}

fn take_down(b: &Bench) -> Result<(), String> {
    let left = crate::mount::unmount_below(b.base());
    must!(left.is_empty(), "all unmounted, but for {left:?}")
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
    // They stay when their layer is not there.
    for (name, text) in [
        ("f1", "f"),
        ("f2", "f"),
        ("g1", "g"),
        ("g2", "g"),
        ("all", "all"),
    ] {
        b.works("a write", with_data(&l.target.join(name), text))?;
    }
    let target = |name: &str| l.target.join(name);
    b.works("rename", sys::rename(target("g1"), target("d/moved1"), 0))?;
    b.works("rename", sys::rename(target("g2"), target("d/moved2"), 0))?;
    let before = numbers::of(&l.target)?;
    b.umount(&l.target)?;
    must!(mount(&[1, 2])? == before, "the same layers")?;
    b.umount(&l.target)?;
    let more = mount(&[1, 2, 3])?;
    for (name, number) in &before {
        let now = more.get(name);
        must!(
            now == Some(number),
            "with a layer more {name} keeps {number:x}, not {now:x?}"
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
    must!(mount(&[1, 2])? == before, "the first layers again")?;
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
        must!(numbers.contains_key("again/a"), "{what}: again/a is there")
    };
    unlike("one directory at three places")?;
    for name in ["again/a", "shown/b", "dir/too/sub/c", "again/sub"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o700))?;
        unlike(name)?;
    }
    let moved = l.target.join("moved");
    b.works("rename", sys::rename(l.target.join("again/a"), &moved, 0))?;
    let before = numbers::of(&l.target)?;
    must!(numbers::of_cold(&l.target)? == before, "asked for anew")?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    must!(numbers::of(&l.target)? == before, "mounted again")?;
    b.umount(&l.target)?;
    take_down(b)
}

/// Marks that hold a number and nothing else.
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
    // It finds no data where it will be.
    b.works("a write", with_data(&l.target.join("moved"), "moved"))?;
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
    // The number of another object.
    mark(&l.upper.join("forged"), before["file"])?;
    b.works(
        "rename",
        sys::rename(l.upper.join("moved"), l.upper.join("dir/moved"), 0),
    )?;
    union.mount(&l.target)?;
    let now = numbers::of(&l.target)?;
    for name in ["kept", "dir", "file"] {
        must!(
            now[name] == before[name],
            "{name} keeps {:x}, not {:x}",
            before[name],
            now[name]
        )?;
    }
    b.umount(&l.target)?;
    take_down(b)
}

/// Objects of the upper layer that were copied with their attributes, linked or moved behind the union do not have the
/// number of another one; nor when the whole upper layer is copied, or the private directory is lost.
pub fn numbers_copied_upper(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps numbers only on request")?;
    let l = b.layout(2)?;
    b.dir(&l.lowers[1].join("deep/deeper"))?;
    for name in [
        "one",
        "two",
        "three",
        "bare",
        "bare too",
        "deep/one",
        "deep/deeper/one",
    ] {
        b.file(&l.lowers[1].join(name), name)?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    let path = |name: &str| l.target.join(name);
    for name in ["file", "one", "two", "deep/one", "deep/deeper/one"] {
        b.works("chmod", sys::chmod(path(name), 0o600))?;
        let text = if name == "file" { "below" } else { name };
        b.works("a write", with_data(&path(name), text))?;
    }
    for name in ["bare", "bare too"] {
        // Without its data.
        b.works("chmod", sys::chmod(path(name), 0o600))?;
        b.marked(&l.upper.join(name))?;
    }
    b.works("rename", sys::rename(path("two"), path("moved"), 0))?;
    let before = numbers::of(&l.target)?;
    b.umount(&l.target)?;

    // cp -a, rsync -X.
    copy(&l.upper.join("one"), &l.upper.join("copy"))?;
    copy(&l.upper.join("one"), &l.upper.join("deep/copy"))?;
    copy(&l.upper.join("moved"), &l.upper.join("moved too"))?;
    copy(&l.upper.join("deep"), &l.upper.join("deep too"))?;
    copy(&l.upper.join("one"), &l.upper.join("three"))?;
    copy(&l.upper.join("bare"), &l.upper.join("bare too"))?;
    union.mount(&l.target)?;
    let now = numbers::of(&l.target)?;
    for (name, number) in &before {
        let same = now.get(name) == Some(number) || ["three", "bare too"].contains(&name.as_str());
        must!(same, "{name}: {number:#x}, not {:x?}", now.get(name))?;
    }
    b.umount(&l.target)?;

    // Another name of a copy, made behind the union; the copy moved; the object that was there before is back.
    let up = |name: &str| l.upper.join(name);
    b.works("link", sys::link(up("one"), up("deep/linked"), 0))?;
    b.works("rename", sys::rename(up("file"), up("deep/file"), 0))?;
    b.works("unlink", sys::unlink(up("two")))?;
    union.mount(&l.target)?;
    numbers::of(&l.target)?;
    b.works("chmod", sys::chmod(path("two"), 0o600))?;
    numbers::of(&l.target)?;
    numbers::of_cold(&l.target)?;
    b.umount(&l.target)?;

    // The private directory is lost; then the upper layer is another one.
    std::fs::remove_dir_all(&l.work).map_err(|error| error.to_string())?;
    b.dir(&l.work)?;
    union.mount(&l.target)?;
    numbers::of(&l.target)?;
    b.works("rename", sys::rename(path("one"), path("one moved"), 0))?;
    b.works("rename", sys::rename(path("three"), path("three moved"), 0))?;
    numbers::of(&l.target)?;
    b.umount(&l.target)?;

    let other = b.tmpfs("other")?;
    copy(&l.upper, &other.join("upper"))?;
    let work = b.dir(&other.join("work"))?;
    let moved = b
        .new_union()
        .lowers(&l.lowers)
        .upper(other.join("upper"), &work);
    moved.mount(&l.target)?;
    numbers::of(&l.target)?;
    b.works("chmod", sys::chmod(path("file"), 0o600))?;
    numbers::of(&l.target)?;
    b.umount(&l.target)?;
    // With the private directory and the work directory, too.
    std::fs::remove_dir_all(&work).map_err(|error| error.to_string())?;
    copy(&l.work, &work)?;
    moved.mount(&l.target)?;
    numbers::of(&l.target)?;
    b.umount(&l.target)
}

/// `cp -a`.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("copying {}: {error}", from.display());
    let stat = sys::stat(from, libc::AT_SYMLINK_NOFOLLOW)?;
    match stat.st_mode & libc::S_IFMT {
        libc::S_IFDIR => {
            std::fs::create_dir_all(to).map_err(fail)?;
            for entry in std::fs::read_dir(from).map_err(fail)? {
                let entry = entry.map_err(fail)?;
                copy(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
        libc::S_IFCHR => sys::mknod(to, stat.st_mode, stat.st_rdev)?,
        libc::S_IFREG => drop(std::fs::copy(from, to).map_err(fail)?),
        _ => return Ok(()),
    }
    for name in sys::listxattr(from)? {
        sys::setxattr(to, &name, &sys::getxattr(from, &name)?, 0)?;
    }
    sys::chmod(to, stat.st_mode & 0o7777)?;
    Ok(())
}

/// When the lower layer is exchanged for another version of itself, no two objects have one number, whatever was
/// changed, moved, linked and deleted before; with the old version back numbers are what they were.
pub fn numbers_exchanged(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps numbers only on request")?;
    for fs in numbers::FILE_SYSTEMS {
        let layers = VERSIONS.map(|version| {
            let image = b.copy_disk(&numbers::serial(fs, version))?;
            let made = sys::loop_device(image);
            sys::close(image)?;
            let (device, path) = made?;
            let target = b.target(&format!("layer-{version}"))?;
            let path = path.to_string_lossy();
            sys::mount(&path, &target, fs.name(), libc::MS_RDONLY, b"")?;
            sys::close(device)?;
            Ok::<_, String>(target)
        });
        let [first, second] = layers;
        judge(b, fs.name(), [first?, second?])?;
    }
    // One file system twice: with one UUID, and generations that are random.
    let mut layers = Vec::new();
    let mut disks = Vec::new();
    for version in VERSIONS {
        let disk = b.looped(&image::UNCHECKED)?;
        let target = b.target(&format!("layer-{version}"))?;
        disk.mount(&target, 0, "")?;
        fill(&target, version)?;
        layers.push(target);
        disks.push(disk);
    }
    let layers = layers.try_into().map_err(|_| "two layers")?;
    judge(b, "ext4", layers)?;
    // Another file system each time.
    let layers = VERSIONS.map(|version| {
        let target = b.tmpfs(&format!("layer-{version}"))?;
        fill(&target, version)?;
        Ok::<_, String>(target)
    });
    let [first, second] = layers;
    judge(b, "tmpfs", [first?, second?])?;
    // Upper and lower on one file system.
    let below = b.dir(&b.disk(Fs::Ext4)?.join("numbers_exchanged"))?;
    let layers = VERSIONS.map(|version| {
        let target = b.dir(&below.join(version))?;
        fill(&target, version)?;
        Ok::<_, String>(target)
    });
    let [first, second] = layers;
    let layers = [first?, second?];
    let l = layout(b, &below)?;
    exchange(b, "one file system", &l, &layers)?;
    std::fs::remove_dir_all(&below).map_err(|error| error.to_string())
}

fn fill(target: &Path, version: &str) -> Result<(), String> {
    let spread = tree::spread(&numbers::tree(version), 1);
    make::make(target, &spread.lowers[0])
}

fn layout(b: &Bench, upper_fs: &Path) -> Result<Layout, String> {
    Ok(Layout {
        lowers: Vec::new(),
        upper: b.dir(&upper_fs.join("upper"))?,
        work: b.dir(&upper_fs.join("work"))?,
        target: b.target("target")?,
    })
}

fn judge(b: &Bench, what: &str, layers: [PathBuf; 2]) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = layout(b, &upper_fs)?;
    exchange(b, what, &l, &layers)?;
    b.umount(&upper_fs)?;
    for layer in layers {
        b.umount(&layer)?;
    }
    Ok(())
}

fn exchange(b: &Bench, what: &str, l: &Layout, layers: &[PathBuf; 2]) -> Result<(), String> {
    let what = |e: String| format!("{what}: {e}");
    let path = |name: &str, number: usize| l.target.join(format!("{name}{number}"));
    let union = |layer: &Path| b.new_union().lower(layer).upper(&l.upper, &l.work);
    union(&layers[0]).mount(&l.target)?;
    let before = numbers::of(&l.target).map_err(what)?;
    for number in 0..FILES {
        b.works("chmod", sys::chmod(path("conf", number), 0o600))?;
        b.works("chmod", sys::chmod(path("dir", number), 0o700))?;
        match number % 4 {
            0 => b.works(
                "rename",
                sys::rename(path("conf", number), path("moved", number), 0),
            )?,
            1 => b.works(
                "link",
                sys::link(path("conf", number), path("dir0/link", number), 0),
            )?,
            2 => b.works("unlink", sys::unlink(path("conf", number)))?,
            _ => {}
        }
        b.file(&path("new", number), "new")?;
    }
    for number in 0..FILES {
        let now = b.works("stat", sys::stat(path("dir", number), 0))?.st_ino;
        let was = before.get(&format!("dir{number}"));
        must!(was == Some(&now), "dir{number}: {was:?}, not {now}")?;
    }
    let changed = numbers::of(&l.target).map_err(what)?;
    let cold = numbers::of_cold(&l.target).map_err(what)?;
    must!(changed == cold, "the same asked for anew")?;
    b.umount(&l.target)?;

    union(&layers[1]).mount(&l.target)?;
    let second = numbers::of(&l.target).map_err(what)?;
    let cold = numbers::of_cold(&l.target).map_err(what)?;
    must!(
        second == cold,
        "the same in the second version, asked for anew"
    )?;
    b.works("chmod", sys::chmod(path("dir", 1).join("f"), 0o600))?;
    numbers::of(&l.target).map_err(what)?;
    b.umount(&l.target)?;
    // Not to be there when the first version is back.
    b.works("unlink", sys::unlink(l.upper.join("dir1/f")))?;

    union(&layers[0]).mount(&l.target)?;
    let again = numbers::of(&l.target).map_err(what)?;
    for (name, number) in &changed {
        let now = again.get(name);
        must!(now == Some(number), "{name}: {number:#x}, not {now:x?}")?;
    }
    b.umount(&l.target)
}
