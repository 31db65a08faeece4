// SPDX-License-Identifier: GPL-2.0-only
//! The cache of large directories, and of many.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::fd::RawFd;
use std::path::Path;

use crate::bench::Bench;
use crate::figures;
use crate::pace::many;
use crate::random::Dice;
use crate::sys;
use crate::walk;

/// A hundred thousand merged directories are read: the memory for their sets is bounded, freed under pressure, and the
/// sets are recorded for the next mount.
pub fn fallthru_directories(b: &mut Bench) -> Result<(), String> {
    /// The limits for a directory of one name, in memory and in the record.
    const BYTES: u64 = 512;
    b.union_only("overlayfs has no fallthrus")?;
    let outer = many(OUTER);
    let l = b.layout(2)?;
    for lower in &l.lowers {
        for outer in 0..outer {
            let outer = b.dir(&lower.join("all").join(outer.to_string()))?;
            for inner in 0..INNER {
                let inner = outer.join(inner.to_string());
                b.works("mkdir", sys::mkdir(&inner, 0o755))?;
            }
        }
    }
    let total = (outer * INNER + outer + 1) as u64;
    b.union(&l).mount(&l.target)?;
    list_all(b, &l.target.join("all"), outer)?;
    let known = figures::of(&l.target)?;
    must!(
        known.bytes <= BYTES * total,
        "at most {BYTES} bytes each: {known:?}"
    )?;
    for _ in 0..3 {
        b.file(Path::new("/proc/sys/vm/drop_caches"), "2")?;
    }
    let forgotten = figures::of(&l.target)?;
    must!(
        forgotten.bytes < known.bytes / 20,
        "memory is given back: {forgotten:?}"
    )?;
    b.umount(&l.target)?;

    b.union(&l).mount(&l.target)?;
    list_all(b, &l.target.join("all"), outer)?;
    let again = figures::of(&l.target)?;
    // Sets that were not written yet when the inodes were dropped are read again.
    must!(
        again.loaded > total / 2 && again.loaded + again.merged == total,
        "most were recorded: {again:?}"
    )?;
    must!(
        again.records.1 <= BYTES * total,
        "at most {BYTES} bytes each in the upper layer: {again:?}"
    )?;
    b.umount(&l.target)
}

/// So many directories, fewer on a slow kernel, each with so many names.
const OUTER: usize = 100;
const INNER: usize = 1000;

fn list_all(b: &Bench, root: &Path, count: usize) -> Result<(), String> {
    list(b, root, count)?;
    for outer in 0..count {
        let outer = root.join(outer.to_string());
        list(b, &outer, INNER)?;
        for inner in 0..INNER {
            list(b, &outer.join(inner.to_string()), 0)?;
        }
    }
    Ok(())
}

fn list(b: &Bench, dir: &Path, expected: usize) -> Result<(), String> {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    let fd = b.works("open", sys::open(dir, flags, 0))?;
    let mut count = 0;
    loop {
        let entries = b.works("getdents", sys::getdents(fd, 1 << 15))?;
        if entries.is_empty() {
            break;
        }
        count += entries.len();
    }
    b.works("close", sys::close(fd))?;
    must!(
        count == expected + 2,
        "{}: {expected} names, not {}",
        dir.display(),
        count - 2
    )
}

/// A million names in one merged directory: each is listed once and found again at its position, the memory for them is
/// bounded and freed, and no allocation is large.
pub fn fallthru_million(b: &mut Bench) -> Result<(), String> {
    /// The limit for a name in memory, itself included.
    const BYTES: u64 = 64;
    b.union_only("overlayfs has no fallthrus")?;
    let names = many(NAMES);
    let upper_fs = b.tmpfs("upper_fs")?;
    let mut l = b.layout_on(&upper_fs, 0)?;
    // Links, so that the layers themselves fit into memory; tmpfs counts them as inodes.
    let below = b.target("below")?;
    let mounted = sys::mount("none", &below, "tmpfs", 0, b"nr_inodes=0");
    b.works("mounting tmpfs", mounted)?;
    for number in 0..2 {
        let lower = b.dir(&below.join(number.to_string()))?;
        l.lowers.push(lower);
    }
    for (number, lower) in l.lowers.iter().enumerate() {
        let dir = b.dir(&lower.join("d"))?;
        let source = dir.join("source");
        b.file(&source, "x")?;
        for name in (number..names).step_by(l.lowers.len()) {
            b.works("link", sys::link(&source, dir.join(format!("n{name}")), 0))?;
        }
    }
    let dir = l.target.join("d");
    b.union(&l).mount(&l.target)?;
    b.file(&dir.join("upper"), "x")?;
    b.works("unlink", sys::unlink(dir.join("n77")))?;
    // "source" is there twice, one name is gone and one is new.
    let expected = names + 1;

    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    let fd = b.works("open", sys::open(&dir, flags, 0))?;
    let places = place_of_each(b, fd)?;
    must!(
        places.len() == expected,
        "{expected} names, not {}",
        places.len()
    )?;
    let known = figures::of(&l.target)?;
    must!(
        known.bytes <= BYTES * names as u64,
        "at most {BYTES} bytes a name: {known:?}"
    )?;
    let mut dice = Dice::new(1);
    for _ in 0..300 {
        let name = format!("n{}", 100 + dice.roll(names - 100));
        let place = places.get(name.as_bytes()).ok_or("a name is not listed")?;
        b.works("seek", sys::lseek(fd, *place, libc::SEEK_SET))?;
        let next = b.works("getdents", sys::getdents(fd, 280))?;
        must!(
            next.first()
                .is_some_and(|entry| entry.name == name.as_bytes()),
            "{name} is at {place}"
        )?;
    }
    b.works("close", sys::close(fd))?;
    drop(places);

    for number in 0..300 {
        let missing = sys::stat(dir.join(format!("missing{number}")), 0);
        b.fails("stat", missing, libc::ENOENT)?;
    }
    must!(figures::of(&l.target)?.merged == 1, "read once")?;
    for _ in 0..3 {
        b.file(Path::new("/proc/sys/vm/drop_caches"), "2")?;
    }
    let forgotten = figures::of(&l.target)?;
    must!(
        forgotten.bytes < 100_000,
        "memory is given back: {forgotten:?}"
    )?;
    b.umount(&l.target)?;

    b.union(&l).mount(&l.target)?;
    b.works("stat", sys::stat(dir.join(format!("n{}", names - 1)), 0))?;
    b.fails("stat", sys::stat(dir.join("n77"), 0), libc::ENOENT)?;
    b.umount(&l.target)
}

/// So many names, fewer on a slow kernel.
const NAMES: usize = 1_000_000;

/// The names of an open directory with their positions, without `.` and `..`.
fn place_of_each(b: &Bench, fd: i32) -> Result<HashMap<Vec<u8>, i64>, String> {
    let mut places = HashMap::new();
    let mut at = 0;
    loop {
        let entries = b.works("getdents", sys::getdents(fd, 1 << 16))?;
        if entries.is_empty() {
            return Ok(places);
        }
        for entry in entries {
            if ![&b"."[..], b".."].contains(&entry.name.as_slice()) {
                let twice = places.insert(entry.name, at);
                must!(twice.is_none(), "each once, not at {twice:?} too")?;
            }
            at = entry.next;
        }
    }
}

/// 32-bit programs can stat and list objects of several file systems: one number for each object, the same in both
/// calls, after copy-up and remount, and other programs see none of these numbers.
pub fn fallthru_short_numbers(b: &mut Bench) -> Result<(), String> {
    if let Some(why) = sys::no_compat() {
        return Err(b.skip(why));
    }
    b.union_only("overlayfs has such numbers only if it can be told to")?;
    let l = b.layout(3)?;
    for number in 0..60 {
        b.file(&l.lowers[number % 3].join(format!("low{number}")), "x")?;
    }
    b.dir(&l.upper.join("dir"))?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.file(&l.target.join("upper"), "x")?;
    let before = numbers(b, &l.target)?;
    must!(before.len() == 63, "63 names, not {}", before.len())?;
    // A set that was read for a 32-bit program is right for the others.
    wide(b, &l.target)?;
    for name in ["low0", "low7", "low59"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o600))?;
    }
    same(&before, &numbers(b, &l.target)?)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    same(&before, &numbers(b, &l.target)?)?;

    // A union as the layer of another one, read for a 32-bit program.
    let outer = b.target("outer")?;
    let over = b.tmpfs("over")?;
    let (upper, work) = (b.dir(&over.join("upper"))?, b.dir(&over.join("work"))?);
    let stacked = b.new_union().lower(&l.target).upper(&upper, &work);
    stacked.mount(&outer)?;
    let stacked = numbers(b, &outer)?;
    must!(stacked.len() == before.len(), "all are listed")?;
    wide(b, &outer)?;
    b.umount(&outer)?;
    b.umount(&l.target)
}

/// The numbers of the names in a directory, as 32-bit programs get them.
fn numbers(b: &Bench, dir: &Path) -> Result<BTreeMap<Vec<u8>, u32>, String> {
    let fd = b.works(
        "open",
        sys::open(dir, libc::O_RDONLY | libc::O_DIRECTORY, 0),
    )?;
    let mut numbers = BTreeMap::new();
    loop {
        let entries = b.works("getdents", sys::old_getdents_compat(fd, 600))?;
        if entries.is_empty() {
            break;
        }
        numbers.extend(entries);
    }
    b.works("lseek", sys::lseek_compat(fd, 0, libc::SEEK_SET))?;
    let entries = b.works("getdents64", sys::getdents_compat(fd, 60_000))?;
    b.works("close", sys::close(fd))?;
    must!(entries.len() == numbers.len(), "as many names")?;
    for entry in entries {
        let known = numbers.get(&entry.name).copied().map(u64::from);
        must!(known == Some(entry.ino), "both calls agree")?;
    }
    for own in [b".".as_slice(), b".."] {
        must!(numbers.remove(own).is_some(), "dots are listed")?;
    }
    for (name, number) in &numbers {
        let path = dir.join(String::from_utf8_lossy(name).as_ref());
        let old = b.works("stat", sys::old_stat_compat(&path))?;
        let new = b.works("stat64", sys::stat_compat(&path))?;
        must!(
            old == *number && new == u64::from(*number),
            "{name:?}: {number} listed, {old} and {new} by stat"
        )?;
    }
    let different: BTreeSet<_> = numbers.values().collect();
    must!(different.len() == numbers.len(), "all are different")?;
    Ok(numbers)
}

fn same(before: &BTreeMap<Vec<u8>, u32>, after: &BTreeMap<Vec<u8>, u32>) -> Result<(), String> {
    must!(before == after, "{before:?} stay, not {after:?}")
}

/// 64-bit programs get others.
fn wide(b: &Bench, dir: &Path) -> Result<(), String> {
    let mut large = 0;
    for entry in b.works("listing", walk::list(dir))? {
        let path = dir.join(String::from_utf8_lossy(&entry.name).as_ref());
        let number = b.works("stat", sys::stat(&path, 0))?.st_ino;
        must!(
            number == entry.ino,
            "{path:?}: {number} by stat, {} listed",
            entry.ino
        )?;
        large += usize::from(number >> 32 > 0);
    }
    must!(large > 50, "large numbers, not {large}")
}

/// 32-bit programs get positions in directories that fit into 31 bits, one for each name, and can continue from each.
pub fn fallthru_short_positions(b: &mut Bench) -> Result<(), String> {
    if let Some(why) = sys::no_compat() {
        return Err(b.skip(why));
    }
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..100 {
            b.file(&format!("merged/low{number}"), "x");
        }
    })?;
    b.union(&l).mount(&l.target)?;
    b.dir(&l.target.join("new"))?;
    for number in 0..300 {
        for dir in ["merged", "new"] {
            b.file(&l.target.join(dir).join(format!("upper{number}")), "x")?;
        }
    }
    b.works("unlink", sys::unlink(l.target.join("merged/low7")))?;
    for (dir, expected) in [("merged", 399), ("new", 300)] {
        let flags = libc::O_RDONLY | libc::O_DIRECTORY;
        let fd = b.works("open", sys::open(l.target.join(dir), flags, 0))?;
        let places = short_places(b, fd)?;
        must!(
            places.len() == expected + 2,
            "{dir}: {expected} names, not {}",
            places.len() - 2
        )?;
        for (place, name) in &places {
            b.works("seek", sys::lseek_compat(fd, *place, libc::SEEK_SET))?;
            let next = b.works("getdents", sys::getdents_compat(fd, 280))?;
            let found = next.first().map(|entry| &entry.name);
            must!(
                found == Some(name),
                "{dir}: {name:?} is at {place}, not {found:?}"
            )?;
        }
        b.works("close", sys::close(fd))?;
    }
    b.umount(&l.target)
}

/// The names of a directory by their positions.
fn short_places(b: &Bench, fd: RawFd) -> Result<BTreeMap<i32, Vec<u8>>, String> {
    let mut places = BTreeMap::new();
    let mut place = 0;
    loop {
        let entries = b.works("getdents", sys::getdents_compat(fd, 500))?;
        if entries.is_empty() {
            return Ok(places);
        }
        for entry in entries {
            let twice = places.insert(place, entry.name);
            must!(twice.is_none(), "one name at {place}, not {twice:?}")?;
            place = i32::try_from(entry.next)
                .map_err(|_| format!("a position of more than 31 bits: {:#x}", entry.next))?;
        }
    }
}
