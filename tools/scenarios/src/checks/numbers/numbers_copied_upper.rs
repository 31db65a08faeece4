// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::numbers;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "objects of the upper that were copied with their attributes, linked or moved behind the union have no \
        number of another one; so when the whole upper is copied, or what is beside it is lost",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs keeps numbers only on request".into());
    }
    let l = b.layout(2)?;
    b.dir(&l.lowers[1].join("deep/deeper"))?;
    for name in ["one", "two", "three", "deep/one", "deep/deeper/one"] {
        b.file(&l.lowers[1].join(name), name)?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    let path = |name: &str| l.target.join(name);
    for name in ["file", "one", "two", "deep/one", "deep/deeper/one"] {
        b.works("chmod", sys::chmod(path(name), 0o600))?;
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
    union.mount(&l.target)?;
    let now = numbers::of(&l.target)?;
    for (name, number) in &before {
        let same = now.get(name) == Some(number) || name == "three";
        b.must(
            &format!("{name}: {number:#x}, not {:x?}", now.get(name)),
            same,
        )?;
    }
    b.umount(&l.target)?;

    // Another name of a copy, made behind the union; it moved; what stood there is back.
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

    // What is beside the upper is lost; then the upper is another one.
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
    // With all that is beside it, too.
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
