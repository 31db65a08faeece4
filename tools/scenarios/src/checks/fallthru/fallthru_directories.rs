// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::figures;
use crate::pace::many;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a hundred thousand merged directories are read: what is known of them is bounded, given back \
        when memory is wanted, and recorded for the next mount",
    run,
    ..Check::DEFAULT
};

/// So many directories, fewer on a slow kernel, each with so many.
const OUTER: usize = 100;
const INNER: usize = 1000;
/// What a directory of one name may take in memory, and in the record.
const BYTES: u64 = 512;

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs has no fallthrus".into());
    }
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
    b.must(
        &format!("at most {BYTES} bytes each: {known:?}"),
        known.bytes <= BYTES * total,
    )?;
    for _ in 0..3 {
        b.file(Path::new("/proc/sys/vm/drop_caches"), "2")?;
    }
    let forgotten = figures::of(&l.target)?;
    b.must(
        &format!("memory is given back: {forgotten:?}"),
        forgotten.bytes < known.bytes / 20,
    )?;
    b.umount(&l.target)?;

    b.union(&l).mount(&l.target)?;
    list_all(b, &l.target.join("all"), outer)?;
    let again = figures::of(&l.target)?;
    // What was not written yet when the inodes went is read again.
    b.must(
        &format!("most were recorded: {again:?}"),
        again.loaded > total / 2 && again.loaded + again.merged == total,
    )?;
    b.must(
        &format!("at most {BYTES} bytes each in the upper layer: {again:?}"),
        again.records.1 <= BYTES * total,
    )?;
    b.umount(&l.target)
}

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
    b.must(
        &format!("{}: {expected} names, not {}", dir.display(), count - 2),
        count == expected + 2,
    )
}
