// SPDX-License-Identifier: GPL-2.0-only

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;
use crate::shape::Fs;
use crate::sys;

pub const CHECK: Check = Check {
    about: "files of several subvolumes, or of several file systems below an overlayfs, have inode numbers of their own, \
        also as getdents tells them and after copy-up",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs shows a device number for each file system instead".into());
    }
    subvolumes(b)?;
    over_overlayfs(b)
}

/// Three subvolumes with the same numbers in them: two in one lower layer, one is another.
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
    let top = b.tmpfs("top")?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
    let target = b.target("target")?;
    let union = b
        .new_union()
        .lower(lower.join("sub"))
        .lower(lower.join("three"))
        .upper(&upper, &work);
    let paths = ["one/a", "one/b", "two/a", "two/b", "a", "b"];
    judge(b, &union, &target, &paths)?;
    std::fs::remove_dir_all(&lower).map_err(|e| format!("removing the subvolumes: {e}"))?;
    b.umount(&top)
}

/// An overlayfs of two file systems that have the same numbers.
fn over_overlayfs(b: &Bench) -> Result<(), String> {
    let below = [b.tmpfs("first")?, b.tmpfs("second")?];
    for (layer, file) in below.iter().zip(["a", "b"]) {
        b.file(&layer.join(file), file)?;
    }
    let overlay = b.target("overlay")?;
    Union::new("overlay").lowers(&below).mount(&overlay)?;
    let top = b.tmpfs("top")?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
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
    b.must(
        "the same after copy-up",
        numbers(b, target, paths)? == before,
    )?;
    b.umount(target)?;
    union.mount(target)?;
    b.must(
        "the same mounted again",
        numbers(b, target, paths)? == before,
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
        b.must(
            &format!("getdents of {path} tells {ino}, not {told:?}"),
            told == Some(ino),
        )?;
        all.push(ino);
    }
    Ok(all)
}
