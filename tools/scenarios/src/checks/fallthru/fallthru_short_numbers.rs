// SPDX-License-Identifier: GPL-2.0-only
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "programs of 32 bits can stat and list what lies on several file systems: one number for \
        each object, the same in both calls, after copy-up and remount, and none of them is seen by others",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if let Some(why) = sys::no_compat() {
        return Err(format!("skip: {why}"));
    }
    if !b.is_union() {
        return Err("skip: overlayfs has such numbers only if it can be told to".into());
    }
    let l = b.layout(3)?;
    for number in 0..60 {
        b.file(&l.lowers[number % 3].join(format!("low{number}")), "x")?;
    }
    b.dir(&l.upper.join("dir"))?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.file(&l.target.join("top"), "x")?;
    let before = numbers(b, &l.target)?;
    b.must(
        &format!("63 names, not {}", before.len()),
        before.len() == 63,
    )?;
    // What was read for a program of 32 bits is right for the others.
    wide(b, &l.target)?;
    for name in ["low0", "low7", "low59"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o600))?;
    }
    same(b, &before, &numbers(b, &l.target)?)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    same(b, &before, &numbers(b, &l.target)?)?;

    // A union as the layer of another one, which is read on behalf of a program of 32 bits.
    let outer = b.target("outer")?;
    let over = b.tmpfs("over")?;
    let (upper, work) = (b.dir(&over.join("upper"))?, b.dir(&over.join("work"))?);
    let stacked = b.new_union().lower(&l.target).upper(&upper, &work);
    stacked.mount(&outer)?;
    let stacked = numbers(b, &outer)?;
    b.must("all are listed", stacked.len() == before.len())?;
    wide(b, &outer)?;
    b.umount(&outer)?;
    b.umount(&l.target)
}

/// The numbers of the names in a directory, as programs of 32 bits are told them.
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
    b.must("as many names", entries.len() == numbers.len())?;
    for entry in entries {
        let known = numbers.get(&entry.name).copied().map(u64::from);
        b.must("both calls agree", known == Some(entry.ino))?;
    }
    for own in [b".".as_slice(), b".."] {
        b.must("dots are listed", numbers.remove(own).is_some())?;
    }
    for (name, number) in &numbers {
        let path = dir.join(String::from_utf8_lossy(name).as_ref());
        let old = b.works("stat", sys::old_stat_compat(&path))?;
        let new = b.works("stat64", sys::stat_compat(&path))?;
        b.must(
            &format!("{name:?}: {number} listed, {old} and {new} by stat"),
            old == *number && new == u64::from(*number),
        )?;
    }
    let different: BTreeSet<_> = numbers.values().collect();
    b.must("all are different", different.len() == numbers.len())?;
    Ok(numbers)
}

fn same(
    b: &Bench,
    before: &BTreeMap<Vec<u8>, u32>,
    after: &BTreeMap<Vec<u8>, u32>,
) -> Result<(), String> {
    b.must(&format!("{before:?} stay, not {after:?}"), before == after)
}

/// Programs of 64 bits are told others.
fn wide(b: &Bench, dir: &Path) -> Result<(), String> {
    let mut large = 0;
    for entry in b.works("listing", walk::list(dir))? {
        let path = dir.join(String::from_utf8_lossy(&entry.name).as_ref());
        let number = b.works("stat", sys::stat(&path, 0))?.st_ino;
        b.must(
            &format!("{path:?}: {number} by stat, {} listed", entry.ino),
            number == entry.ino,
        )?;
        large += usize::from(number >> 32 > 0);
    }
    b.must(&format!("large numbers, not {large}"), large > 50)
}
