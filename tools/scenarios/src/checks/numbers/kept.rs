// SPDX-License-Identifier: GPL-2.0-only
//! Inode numbers.

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::image;
use crate::mount::Union;
use crate::numbers;
use crate::shape::Fs;
use crate::sys;
use crate::union::restore;
use crate::walk;

/// d_ino is st_ino when a file copied up earlier moves.
pub fn numbers_after_move(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps numbers only on request")?;
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    b.works("chmod", sys::chmod(l.target.join("file"), 0o600))?;
    let number = b.works("stat", sys::stat(l.target.join("file"), 0))?.st_ino;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    let moved = l.target.join("dir/moved");
    b.works("rename", sys::rename(l.target.join("file"), &moved, 0))?;
    for _ in 0..2 {
        let now = b.works("stat", sys::stat(&moved, 0))?.st_ino;
        must!(now == number, "st_ino {number}, not {now}")?;
        let listed = walk::list(&l.target.join("dir"))?;
        let entry = listed
            .iter()
            .find(|entry| entry.name == b"moved")
            .ok_or("moved is listed")?;
        must!(entry.ino == number, "d_ino {number}, not {}", entry.ino)?;
        b.umount(&l.target)?;
        b.union(&l).mount(&l.target)?;
    }
    b.umount(&l.target)
}

/// Inode numbers are the same after a remount.
pub fn numbers_kept_remount(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps numbers only on request")?;
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("second"), "second")?;
    let numbers = || -> Result<Vec<u64>, String> {
        ["file", "dir", "second"]
            .iter()
            .map(|name| Ok(b.works("stat", sys::stat(l.target.join(name), 0))?.st_ino))
            .collect()
    };
    b.union(&l).mount(&l.target)?;
    let first = numbers()?;
    b.file(&l.target.join("file"), "changed")?;
    b.works("chmod", sys::chmod(l.target.join("dir"), 0o700))?;
    must!(numbers()? == first, "the same numbers after copy-up")?;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    let again = numbers()?;
    must!(
        again == first,
        "the same numbers mounted again: {first:?} and {again:?}"
    )?;
    b.umount(&l.target)
}

/// A reserved number takes no inode but that of the whiteouts, also when those have as many links as ext4 allows; a
/// file in its place, as earlier versions made it, has the same meaning.
pub fn numbers_many_links(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps numbers only on request")?;
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let l = b.layout_on(&upper_fs, 1)?;
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
    must!(
        reserved.st_ino == first.st_ino,
        "the reservation is a link of the whiteout"
    )?;

    let links = b.dir(&upper_fs.join("links"))?;
    for count in sys::links(&reserved)..MOST_LINKS {
        let link = links.join(count.to_string());
        b.works("link", sys::link(name, link, 0))?;
    }
    b.fails("link", sys::link(name, links.join("more"), 0), libc::EMLINK)?;
    moved(b, &l, "two")?;
    b.works("unlink", sys::unlink(l.target.join("four")))?;
    let found = reservations(&l)?;
    must!(found.len() == 2, "two reservations: {found:?}")?;
    for path in [&l.upper.join("four"), &found[0], &found[1]] {
        let is = b.works("stat", whiteout(path))?.st_ino;
        must!(
            (is == first.st_ino) == (path == name),
            "{} is a link of the next whiteout",
            path.display()
        )?;
    }
    b.umount(&l.target)?;
    std::fs::remove_dir_all(&links).map_err(|error| error.to_string())?;

    // As earlier versions made it.
    b.works("unlink", sys::unlink(name))?;
    b.file(name, "")?;
    union.mount(&l.target)?;
    let now = [number("dir/one")?, number("dir/two")?];
    must!(now == before, "{before:x?}, not {now:x?}")?;
    for name in ["dir/one", "dir/two"] {
        b.works("unlink", sys::unlink(l.target.join(name)))?;
    }
    let found = reservations(&l)?;
    must!(found.is_empty(), "all are given up: {found:?}")?;
    b.umount(&l.target)
}

/// `EXT4_LINK_MAX`.
const MOST_LINKS: u64 = 65000;

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

/// The attributes of a whiteout; an error if it is none.
fn whiteout(path: &Path) -> sys::Result<libc::stat> {
    let stat = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW)?;
    if walk::kind(&stat) != libc::S_IFCHR || stat.st_rdev != 0 {
        return Err(crate::errno::Errno(libc::EINVAL));
    }
    Ok(stat)
}

/// Files of several subvolumes, or of several file systems below an overlayfs, have different inode numbers, also by
/// getdents and after copy-up.
pub fn numbers_of_parts(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs shows a device number for each file system instead")?;
    subvolumes(b)?;
    over_overlayfs(b)
}

/// Three subvolumes with the same numbers in them: two in one lower layer, the third is another layer.
fn subvolumes(b: &Bench) -> Result<(), String> {
    let lower = b.dir(&b.disk(Fs::Btrfs)?.join("numbers_of_parts"))?;
    b.dir(&lower.join("sub"))?;
    for path in ["sub/one", "sub/two", "three"] {
        let path = lower.join(path);
        let (dir, name) = (path.parent().expect("one"), path.file_name().expect("one"));
        let dir = std::fs::File::open(dir).map_err(|e| e.to_string())?;
        let made = sys::btrfs_subvolume(dir.as_raw_fd(), &name.to_string_lossy());
        b.works("subvolume", made)?;
        for file in ["a", "b"] {
            b.file(&path.join(file), file)?;
        }
    }
    let upper_fs = b.tmpfs("upper_fs")?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    let target = b.target("target")?;
    let union = b
        .new_union()
        .lower(lower.join("sub"))
        .lower(lower.join("three"))
        .upper(&upper, &work);
    let paths = ["one/a", "one/b", "two/a", "two/b", "a", "b"];
    judge(b, &union, &target, &paths)?;
    std::fs::remove_dir_all(&lower).map_err(|e| format!("removing the subvolumes: {e}"))?;
    b.umount(&upper_fs)
}

/// An overlayfs of two file systems that have the same numbers.
fn over_overlayfs(b: &Bench) -> Result<(), String> {
    let below = [b.tmpfs("first")?, b.tmpfs("second")?];
    for (layer, file) in below.iter().zip(["a", "b"]) {
        b.file(&layer.join(file), file)?;
    }
    let overlay = b.target("overlay")?;
    Union::new("overlay").lowers(&below).mount(&overlay)?;
    let upper_fs = b.tmpfs("upper_fs")?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    let target = b.target("target")?;
    let union = b.new_union().lower(&overlay).upper(&upper, &work);
    judge(b, &union, &target, &["a", "b"])?;
    b.umount(&overlay)
}

fn judge(b: &Bench, union: &Union, target: &Path, paths: &[&str]) -> Result<(), String> {
    union.mount(target)?;
    let before = numbers(b, target, paths)?;
    for path in paths {
        b.works("chmod", sys::chmod(target.join(path), 0o600))?;
    }
    must!(
        numbers(b, target, paths)? == before,
        "the same after copy-up"
    )?;
    b.umount(target)?;
    union.mount(target)?;
    must!(
        numbers(b, target, paths)? == before,
        "the same mounted again"
    )?;
    b.umount(target)
}

/// The numbers of the paths, which must all differ, and be those of getdents.
fn numbers(b: &Bench, target: &Path, paths: &[&str]) -> Result<Vec<u64>, String> {
    let mut seen = BTreeMap::new();
    let mut all = Vec::new();
    for path in paths {
        let full = target.join(path);
        let ino = b.works("stat", sys::stat(&full, 0))?.st_ino;
        if let Some(other) = seen.insert(ino, path) {
            return Err(format!("{path} and {other} have the number {ino}"));
        }
        let dir = full.parent().expect("it is below the target");
        let fd = std::fs::File::open(dir).map_err(|e| e.to_string())?;
        let entries = b.works("getdents", sys::getdents(fd.as_raw_fd(), 4096))?;
        let name = full.file_name().expect("it has one").as_encoded_bytes();
        let entry = entries.iter().find(|entry| entry.name == name);
        let told = entry.map(|entry| entry.ino);
        must!(
            told == Some(ino),
            "getdents of {path} tells {ino}, not {told:?}"
        )?;
        all.push(ino);
    }
    Ok(all)
}

/// When a lower object reappears whose copy was moved away, the two have different numbers, which stay.
pub fn numbers_restored(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps numbers only on request")?;
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
        must!(was == is, "dir/{name} keeps {was:x?}, not {is:x?}")?;
    }
    must!(numbers::of_cold(&l.target)? == now, "asked for anew")?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    must!(numbers::of(&l.target)? == now, "mounted again")?;
    // The restored object is changed itself.
    for name in ["a", "d"] {
        b.works("chmod", sys::chmod(path(name), 0o600))?;
    }
    must!(numbers::of(&l.target)? == now, "changed")?;
    b.umount(&l.target)?;
    behind(b, &l)?;
    union.mount(&l.target)?;
    let mut last = numbers::of(&l.target)?;
    last.remove("b");
    must!(last == now, "changed and mounted again")?;
    // The copies that were moved are deleted; the restored object is unchanged.
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

/// Deletes a whiteout while nothing is mounted.
fn behind(b: &Bench, l: &Layout) -> Result<(), String> {
    b.works("unlink", sys::unlink(l.upper.join("b")))
}
