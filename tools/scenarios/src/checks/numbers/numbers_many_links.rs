// SPDX-License-Identifier: GPL-2.0-only
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::image;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a reserved number takes no inode but that of the whiteouts, also when those have as many links as ext4 \
        allows; a file in its place, as earlier versions made it, says the same",
    run,
    ..Check::DEFAULT
};

/// `EXT4_LINK_MAX`.
const MOST_LINKS: u64 = 65000;

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs keeps numbers only on request".into());
    }
    let disk = b.looped(&image::EXT4)?;
    let top = b.target("top")?;
    disk.mount(&top, 0, "")?;
    let l = b.layout_on(&top, 1)?;
    b.dir(&l.lowers[0].join("dir"))?;
    for name in ["one", "two", "three", "four"] {
        b.file(&l.lowers[0].join(name), name)?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    let number = |name: &str| {
        let stat = b.works("stat", sys::stat(l.target.join(name), 0))?;
        Ok::<u64, String>(stat.st_ino)
    };
    let before = [number("one")?, number("two")?];

    moved(b, &l, "one")?;
    b.works("unlink", sys::unlink(l.target.join("three")))?;
    let first = b.works("stat", whiteout(&l.upper.join("three")))?;
    let [name] = &reservations(&l)?[..] else {
        return Err(format!("one reservation: {:?}", reservations(&l)?));
    };
    let reserved = b.works("stat", whiteout(name))?;
    b.must(
        "the reservation is a link of the whiteout",
        reserved.st_ino == first.st_ino,
    )?;

    let links = b.dir(&top.join("links"))?;
    for count in sys::links(&reserved)..MOST_LINKS {
        let link = links.join(count.to_string());
        b.works("link", sys::link(name, link, 0))?;
    }
    b.fails("link", sys::link(name, links.join("more"), 0), libc::EMLINK)?;
    moved(b, &l, "two")?;
    b.works("unlink", sys::unlink(l.target.join("four")))?;
    let found = reservations(&l)?;
    b.must(&format!("two reservations: {found:?}"), found.len() == 2)?;
    for path in [&l.upper.join("four"), &found[0], &found[1]] {
        let is = b.works("stat", whiteout(path))?.st_ino;
        b.must(
            &format!("{} is a link of the next whiteout", path.display()),
            (is == first.st_ino) == (path == name),
        )?;
    }
    b.umount(&l.target)?;
    std::fs::remove_dir_all(&links).map_err(|error| error.to_string())?;

    // As earlier versions made it.
    b.works("unlink", sys::unlink(name))?;
    b.file(name, "")?;
    union.mount(&l.target)?;
    let now = [number("dir/one")?, number("dir/two")?];
    b.must(&format!("{before:x?}, not {now:x?}"), now == before)?;
    for name in ["dir/one", "dir/two"] {
        b.works("unlink", sys::unlink(l.target.join(name)))?;
    }
    let found = reservations(&l)?;
    b.must(&format!("all are given up: {found:?}"), found.is_empty())?;
    b.umount(&l.target)
}

/// Copies a file up and moves it.
fn moved(b: &Bench, l: &Layout, name: &str) -> Result<(), String> {
    let path = l.target.join(name);
    b.works("chmod", sys::chmod(&path, 0o600))?;
    b.works(
        "rename",
        sys::rename(&path, l.target.join("dir").join(name), 0),
    )
}

fn reservations(l: &Layout) -> Result<Vec<PathBuf>, String> {
    let dir = l.work.join("union/moved");
    let entries = walk::list(&dir)?.into_iter();
    Ok(entries
        .map(|entry| dir.join(String::from_utf8_lossy(&entry.name).as_ref()))
        .collect())
}

/// What a whiteout is.
fn whiteout(path: &Path) -> sys::Result<libc::stat> {
    let stat = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW)?;
    if walk::kind(&stat) != libc::S_IFCHR || stat.st_rdev != 0 {
        return Err(crate::errno::Errno(libc::EINVAL));
    }
    Ok(stat)
}
