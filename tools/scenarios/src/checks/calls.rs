// SPDX-License-Identifier: GPL-2.0-only
//! Calls whose results differ from those of other file systems.

use std::path::Path;

use crate::bench::Bench;
use crate::changes::as_user;
use crate::errno::Errno;
use crate::sys;
use crate::walk;

/// Inodes that were dropped from memory are found again.
pub fn drop_caches(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.dir(&l.lowers[1].join("deep/er"))?;
    b.file(&l.lowers[1].join("deep/er/f"), "deep")?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("file"), "changed")?;
    b.works("unlink", sys::unlink(l.target.join("deep/er/f")))?;
    let held = b.works(
        "open",
        sys::open(l.target.join("deep/er"), libc::O_RDONLY, 0),
    )?;
    let before = walk::walk(&l.target)?;
    let number = b.works("stat", sys::stat(l.target.join("file"), 0))?.st_ino;
    for _ in 0..3 {
        b.file(Path::new("/proc/sys/vm/drop_caches"), "3")?;
        let after = walk::walk(&l.target)?;
        must!(before == after, "the same tree: {before:?} and {after:?}")?;
    }
    if b.is_union() {
        let now = b.works("stat", sys::stat(l.target.join("file"), 0))?.st_ino;
        must!(now == number, "the same inode number")?;
    }
    b.works("close", sys::close(held))?;
    b.umount(&l.target)
}

/// RENAME_WHITEOUT, whose whiteout would not be visible, is EINVAL, and copies nothing: a caller that needs one, such
/// as fuse-overlayfs, must make it in another way.
pub fn rename_whiteout_refused(b: &mut Bench) -> Result<(), String> {
    const WHITEOUT: u32 = libc::RENAME_WHITEOUT;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.dir("d").mode(0o777);
        for name in ["d/lower", "d/target", "d/gone", "d/theirs"] {
            b.file(name, name).owner(1000, 1000);
        }
        b.file("d/dir/f", "x");
    })?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join("d").join(name);
    for new in ["own", "own-target"] {
        b.file(&at(new), new)?;
    }
    b.dir(&at("own-dir"))?;
    b.works("unlink", sys::unlink(at("gone")))?;
    let (before, upper) = (walk::walk(&l.target)?, walk::walk(&l.upper)?);
    for (old, new) in [
        ("lower", "x"),
        ("lower", "target"),
        ("lower", "gone"),
        ("own", "x"),
        ("own", "gone"),
        ("own", "own-target"),
        ("own-dir", "x"),
        ("dir", "x"),
    ] {
        for flags in [WHITEOUT, WHITEOUT | libc::RENAME_NOREPLACE] {
            if flags != WHITEOUT && sys::stat(at(new), 0).is_ok() {
                continue;
            }
            let what = format!("{old} to {new}, flags {flags}");
            let result = sys::rename(at(old), at(new), flags);
            b.fails(&what, result, libc::EINVAL)?;
        }
    }
    let user = as_user(1000, || sys::rename(at("theirs"), at("x"), WHITEOUT))?;
    b.fails("by a user", user, libc::EINVAL)?;
    b.same("as before", &before, &walk::walk(&l.target)?)?;
    b.same("the upper layer as before", &upper, &walk::walk(&l.upper)?)?;
    b.umount(&l.target)
}

/// RWF_NOWAIT, RWF_DONTCACHE and RWF_ATOMIC are not supported, which copies nothing up.
pub fn rwf_refused(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let fd = b.works("open", sys::open(l.target.join("file"), libc::O_RDWR, 0))?;
    for flags in [RWF_NOWAIT, RWF_ATOMIC, RWF_DONTCACHE] {
        let written = sys::pwritev2(fd, &[sys::Piece::Data(b"BELOW")], 0, flags).map(drop);
        must!(
            written == Err(Errno(libc::EOPNOTSUPP)),
            "pwritev2 with {flags:#x} is refused: {written:?}"
        )?;
    }
    must!(!l.upper.join("file").exists(), "nothing in the upper layer")?;
    b.works("close", sys::close(fd))?;
    b.umount(&l.target)
}

const RWF_NOWAIT: i32 = 0x08;
const RWF_ATOMIC: i32 = 0x40;
const RWF_DONTCACHE: i32 = 0x80;

/// Paths are walked while caches are dropped and names come and go.
pub fn walk_race(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(3)?;
    for dir in ["a/b/c", "a/d"] {
        b.dir(&l.lowers[2].join(dir))?;
        b.file(&l.lowers[2].join(dir).join("f"), "text")?;
    }
    b.union(&l).mount(&l.target)?;
    let target = &l.target;
    b.crowd(4, |number| {
        for round in 0..150 {
            match number {
                0 => drop(walk::walk(target)),
                1 => {
                    let _ = sys::chmod(target.join("a/b/c/f"), 0o600 + round % 8);
                    let _ = sys::rename(target.join("a/d/f"), target.join("a/b/f"), 0);
                    let _ = sys::rename(target.join("a/b/f"), target.join("a/d/f"), 0);
                }
                2 => {
                    let _ = sys::mkdir(target.join("a/new"), 0o755);
                    let _ = sys::symlink("x", target.join("a/new/l"));
                    let _ = sys::unlink(target.join("a/new/l"));
                    let _ = sys::rmdir(target.join("a/new"));
                }
                _ if round % 10 == 0 => drop(std::fs::write("/proc/sys/vm/drop_caches", "3")),
                _ => drop(sys::stat(target.join("a/b/c/none"), 0)),
            }
        }
    })?;
    b.holds(&l.target.join("a/b/c/f"), "text")?;
    b.umount(&l.target)
}
