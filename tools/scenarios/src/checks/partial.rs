// SPDX-License-Identifier: GPL-2.0-only
//! Files that come to the upper layer in parts (`partial=on`, the default).

use std::os::fd::AsRawFd;
use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::changes::{as_user, with};
use crate::mount::{self, Union};
use crate::sys;
use crate::union::{settle, settled};

const MARK: &str = "trusted.overlay.metacopy";
const PART: &str = "trusted.overlay.union.part";
/// Bytes of the lower files.
const SIZE: usize = 1 << 20;
/// Where something is written to them.
const AT: usize = 500_001;
const WRITTEN: &[u8] = b"written";

fn old() -> Vec<u8> {
    (0..SIZE).map(|at| (at * 7 + at / 4096) as u8).collect()
}

fn new() -> Vec<u8> {
    let mut bytes = old();
    bytes[AT..AT + WRITTEN.len()].copy_from_slice(WRITTEN);
    bytes
}

fn make_lower(b: &Bench, l: &Layout, names: &[&str]) -> Result<(), String> {
    for name in names {
        let path = l.lowers[0].join(name);
        std::fs::write(&path, old()).map_err(|error| error.to_string())?;
        b.works(
            "utimens",
            sys::utimens(&path, (1, 2), (1_000_000_000, 7), 0),
        )?;
    }
    Ok(())
}

fn partial(b: &Bench, l: &Layout) -> Union {
    b.union(l)
}

fn write(path: &Path) -> sys::Result<()> {
    with(path, libc::O_WRONLY, |fd| {
        sys::write(fd, WRITTEN, Some(AT as i64))
    })
}

fn shows(what: &str, path: &Path, expected: &[u8]) -> Result<(), String> {
    let found = std::fs::read(path).map_err(|error| format!("{what}: {error}"))?;
    let wrong = found.iter().zip(expected).position(|(a, b)| a != b);
    must!(
        found.len() == expected.len() && wrong.is_none(),
        "{what}: {} bytes of {}, the first wrong one is {wrong:?}",
        found.len(),
        expected.len()
    )
}

fn as_overlay(l: &Layout) -> Union {
    Union::overlayfs()
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
}

/// A small write copies little, and overlayfs uses the layer only when nothing is partial: it refuses the mount, or
/// the file, and never shows zeros.
pub fn partial_guard(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let l = b.layout(1)?;
    make_lower(b, &l, &["big", "settled"])?;
    let (big, guard) = (l.target.join("big"), l.work.join("work/incompat"));
    let is_guarded = || guard.join("union.partial/dirty").exists();

    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&l.target.join("settled")))?;
    must!(is_guarded(), "a partial file makes a guard")?;
    let mark = sys::getxattr(l.upper.join("settled"), MARK);
    must!(mark.as_deref() == Ok(b"P"), "its mark is {mark:?}")?;
    b.works(
        "settle",
        with(&l.target.join("settled"), libc::O_RDONLY, settle),
    )?;
    b.umount(&l.target)?;
    must!(!guard.exists(), "no partial file is left, and no guard")?;

    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&big))?;
    shows("written", &big, &new())?;
    let stat = b.works("stat", sys::stat(l.upper.join("big"), 0))?;
    must!(
        stat.st_blocks * 512 < 65_536,
        "{} blocks are copied for {} bytes",
        stat.st_blocks,
        WRITTEN.len()
    )?;
    b.umount(&l.target)?;
    must!(is_guarded(), "the guard stays with the file")?;
    b.refused(&as_overlay(&l), &l.target, &[libc::EINVAL])?;
    std::fs::remove_dir_all(&guard).map_err(|error| error.to_string())?;
    b.within(&as_overlay(&l), &l.target, |root| {
        let read = std::fs::read(root.join("big")).map(|bytes| bytes.len());
        let number = read.as_ref().err().and_then(|error| error.raw_os_error());
        must!(number == Some(libc::EIO), "overlayfs reads it: {read:?}")
    })?;

    partial(b, &l).mount(&l.target)?;
    shows("mounted again", &big, &new())?;
    let open = |path: &Path| std::fs::File::open(path).map_err(|error| error.to_string());
    let (root, dir) = (open(&l.target)?, open(&l.target.join("dir"))?);
    b.fails(
        "of a user",
        as_user(1000, || settled(root.as_raw_fd()))?,
        libc::EPERM,
    )?;
    b.fails("of a directory", settled(dir.as_raw_fd()), libc::EINVAL)?;
    b.fails("too early", settled(root.as_raw_fd()), libc::EBUSY)?;
    b.works("settle", with(&big, libc::O_RDONLY, settle))?;
    b.works("settled", settled(root.as_raw_fd()))?;
    drop((root, dir));
    shows("settled", &big, &new())?;
    b.umount(&l.target)?;
    must!(!guard.exists(), "the guard is gone")?;
    b.within(&as_overlay(&l), &l.target, |root| {
        shows("as overlayfs", &root.join("big"), &new())
    })
}

/// A damaged map is an error of the file, which can still be renamed and removed.
pub fn partial_damaged(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let l = b.layout(1)?;
    let names = ["removed", "cut", "flipped", "version", "long", "good"];
    make_lower(b, &l, &names)?;
    partial(b, &l).mount(&l.target)?;
    for name in names {
        b.works("write", write(&l.target.join(name)))?;
    }
    b.umount(&l.target)?;
    for name in names {
        let file = l.upper.join(name);
        let mut value = b.works("the map", sys::getxattr(&file, PART))?;
        match name {
            "removed" => {
                b.works("removexattr", sys::removexattr(&file, PART))?;
                continue;
            }
            "cut" => value.truncate(value.len() - 1),
            "flipped" => value[60] ^= 1,
            "version" => value[0] = 9,
            "long" => value.resize(2000, 7),
            _ => {}
        }
        b.works("setxattr", sys::setxattr(&file, PART, &value, 0))?;
    }
    partial(b, &l).mount(&l.target)?;
    for name in names {
        let file = l.target.join(name);
        if name == "good" {
            shows(name, &file, &new())?;
            continue;
        }
        b.works("stat", sys::stat(&file, 0))?;
        for flags in [libc::O_RDONLY, libc::O_RDWR] {
            b.fails(name, sys::open(&file, flags, 0), libc::EIO)?;
        }
        b.fails(name, sys::truncate(&file, 100_000), libc::EIO)?;
        b.works("rename", sys::rename(&file, l.target.join("renamed"), 0))?;
        b.works("unlink", sys::unlink(l.target.join("renamed")))?;
    }
    b.umount(&l.target)
}

/// A partial file is never joined with another lower file, nor shown from a layer that has become a lower one.
pub fn partial_other_lower(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let l = b.layout(1)?;
    make_lower(b, &l, &["big"])?;
    let (lower, big) = (l.lowers[0].join("big"), l.target.join("big"));
    let aside = l.lowers[0].join("aside");
    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&big))?;
    b.umount(&l.target)?;

    b.works("rename", sys::rename(&lower, &aside, 0))?;
    std::fs::write(&lower, vec![0x55; SIZE]).map_err(|error| error.to_string())?;
    partial(b, &l).mount(&l.target)?;
    b.fails("another one", sys::open(&big, libc::O_RDONLY, 0), libc::EIO)?;
    b.umount(&l.target)?;
    // A copy has the times of the old one, to the nanosecond.
    make_lower(b, &l, &["big"])?;
    b.within(&partial(b, &l), &l.target, |_| {
        shows("a copy", &big, &new())
    })?;
    b.works("rename", sys::rename(&aside, &lower, 0))?;
    b.within(&partial(b, &l), &l.target, |_| {
        shows("the old one", &big, &new())
    })?;

    let below = b.new_union().lower(&l.upper).lower(&l.lowers[0]);
    b.within(&below, &l.target, |_| {
        b.fails("in a lower layer", sys::stat(&big, 0), libc::EIO)
    })
}

/// The option is the default, refused where it cannot have an effect, and stays; with `partial=off` a partial file is
/// shown, and completed by the first write.
pub fn partial_options(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such option")?;
    let l = b.layout(1)?;
    make_lower(b, &l, &["big"])?;
    let big = l.target.join("big");
    let given = || b.union(&l).option("partial", "on");
    let excluded = [
        given().option("metacopy", "off"),
        given().flag("userxattr"),
        given().option("redirect_dir", "nofollow"),
        b.union(&l).option("partial", "maybe"),
    ];
    for union in excluded {
        let failure = b.refused(&union, &l.target, &[libc::EINVAL])?.to_string();
        must!(failure.contains("partial"), "a message, not {failure}")?;
    }
    partial(b, &l).mount(&l.target)?;
    mount::reconfigure(&l.target, &[("partial", Some("on"))])?;
    let off = mount::reconfigure(&l.target, &[("partial", Some("off"))]);
    must!(off.is_err(), "a remount cannot change it")?;
    b.works("write", write(&big))?;
    b.umount(&l.target)?;

    b.within(&b.whole(b.union(&l)), &l.target, |_| {
        shows("with partial=off", &big, &new())?;
        b.works("write", write(&big))?;
        b.fails(
            "the mark",
            sys::getxattr(l.upper.join("big"), MARK),
            libc::ENODATA,
        )?;
        shows("completed", &big, &new())
    })?;

    let off_by_default = [
        ("metacopy", b.union(&l).option("metacopy", "off")),
        ("redirect", b.union(&l).option("redirect_dir", "nofollow")),
        ("user", b.union(&l).flag("userxattr")),
    ];
    for (name, union) in off_by_default {
        make_lower(b, &l, &[name])?;
        b.within(&union, &l.target, |root| {
            b.works("write", write(&root.join(name)))?;
            shows("a whole copy", &l.upper.join(name), &new())
        })?;
    }
    Ok(())
}

/// What a union that is unmounted, or remounted read-only, was told is on the disk; a removed file leaves nothing.
pub fn partial_kept(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let l = b.layout(1)?;
    make_lower(b, &l, &["big", "removed"])?;
    let (big, removed) = (l.target.join("big"), l.target.join("removed"));
    let map = |when: &str| -> Result<(), String> {
        let value = b.works("the map", sys::getxattr(l.upper.join("big"), PART))?;
        // Behind the header of 56 bytes, and before the checksum.
        let bits = &value[56..value.len() - 8];
        must!(
            bits.iter().any(|byte| *byte != 0),
            "{when}: the map is empty"
        )
    };
    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&big))?;
    mount::reconfigure(&l.target, &[("ro", None)])?;
    map("read-only")?;
    shows("read-only", &big, &new())?;
    mount::reconfigure(&l.target, &[("rw", None)])?;
    b.umount(&l.target)?;

    partial(b, &l).mount(&l.target)?;
    let fd = b.works("open", sys::open(&removed, libc::O_RDWR, 0))?;
    b.works("write", sys::write(fd, WRITTEN, Some(AT as i64)))?;
    b.works("unlink", sys::unlink(&removed))?;
    b.works("write", sys::write(fd, WRITTEN, Some(3)))?;
    let read = b.works("read", sys::read(fd, WRITTEN.len(), Some(AT as i64)))?;
    must!(read == WRITTEN, "an unlinked file reads {read:?}")?;
    b.works("close", sys::close(fd))?;
    b.umount(&l.target)?;
    b.within(&partial(b, &l), &l.target, |_| {
        shows("mounted again", &big, &new())
    })
}

/// A file of which the first piece is in the upper layer, and the rest on another file system, is copied by
/// copy_file_range as one file: a program that was answered a count does not expect `EXDEV`. Nor does an offer to
/// share blocks that the upper layer cannot take copy the rest up.
pub fn partial_copied_out(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    // More is missing than comes by itself.
    const LARGE: usize = 3 * SIZE;
    let l = b.layout(1)?;
    let other = Layout {
        lowers: l.lowers.clone(),
        upper: b.dir(&l.upper.with_file_name("other_upper"))?,
        work: b.dir(&l.upper.with_file_name("other_work"))?,
        target: b.target("other")?,
    };
    let mut expected = old().repeat(3);
    std::fs::write(l.lowers[0].join("big"), &expected).map_err(|error| error.to_string())?;
    partial(b, &l).mount(&l.target)?;
    partial(b, &other).mount(&other.target)?;
    let big = l.target.join("big");
    expected[..WRITTEN.len()].copy_from_slice(WRITTEN);
    let written = with(&big, libc::O_WRONLY, |fd| sys::write(fd, WRITTEN, Some(0)));
    b.works("write", written)?;
    let is_in_parts = || sys::getxattr(l.upper.join("big"), MARK).as_deref() == Ok(b"P");

    let from = std::fs::File::open(&big).map_err(|error| error.to_string())?;
    for copy in [l.target.join("copy"), other.target.join("copy")] {
        let to = std::fs::File::create(&copy).map_err(|error| error.to_string())?;
        let mut copied = 0;
        while copied < LARGE {
            let (at, rest) = (copied as i64, LARGE - copied);
            let count = sys::copy_file_range(from.as_raw_fd(), at, to.as_raw_fd(), at, rest);
            let count = b.works(&format!("copy_file_range from {at}"), count)?;
            must!(count > 0, "the file ends at {at}")?;
            copied += count as usize;
        }
        shows("copied", &copy, &expected)?;
    }
    must!(is_in_parts(), "copying from the file completes it")?;

    let shares = |dir: &Path| {
        let (from, to) = (dir.join("from"), dir.join("to"));
        std::fs::write(&from, b"data").map_err(|error| error.to_string())?;
        let from = std::fs::File::open(from).map_err(|error| error.to_string())?;
        let to = std::fs::File::create(to).map_err(|error| error.to_string())?;
        let answer = sys::ficlone(to.as_raw_fd(), from.as_raw_fd());
        Ok::<_, String>((answer, to))
    };
    let (answer, to) = shares(&l.target)?;
    let clone = sys::ficlone(to.as_raw_fd(), from.as_raw_fd());
    drop((from, to));
    must!(
        clone == answer,
        "FICLONE of the file: {clone:?}, of another: {answer:?}"
    )?;
    must!(
        answer.is_ok() || is_in_parts(),
        "FICLONE that is refused completes the file"
    )?;
    b.umount(&other.target)?;
    b.umount(&l.target)
}
