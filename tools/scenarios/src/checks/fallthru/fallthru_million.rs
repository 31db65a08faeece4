// SPDX-License-Identifier: GPL-2.0-only
use std::collections::HashMap;
use std::path::Path;

use crate::bench::Bench;
use crate::figures;
use crate::pace::many;
use crate::random::Dice;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a million names in one merged directory: each is listed once and is found again where it \
        was, the memory for them is bounded, given back, and no allocation is large",
    run,
    ..Check::DEFAULT
};

/// So many names, fewer on a slow kernel.
const NAMES: usize = 1_000_000;
/// What a name may take in memory, itself included.
const BYTES: u64 = 64;

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs has no fallthrus".into());
    }
    let names = many(NAMES);
    let top = b.tmpfs("top")?;
    let mut l = b.layout_on(&top, 0)?;
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
    b.file(&dir.join("top"), "x")?;
    b.works("unlink", sys::unlink(dir.join("n77")))?;
    // "source" is there twice, one name is gone and one is new.
    let expected = names + 1;

    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    let fd = b.works("open", sys::open(&dir, flags, 0))?;
    let places = places(b, fd)?;
    b.must(
        &format!("{expected} names, not {}", places.len()),
        places.len() == expected,
    )?;
    let known = figures::of(&l.target)?;
    b.must(
        &format!("at most {BYTES} bytes a name: {known:?}"),
        known.bytes <= BYTES * names as u64,
    )?;
    let mut dice = Dice::new(1);
    for _ in 0..300 {
        let name = format!("n{}", 100 + dice.roll(names - 100));
        let place = places.get(name.as_bytes()).ok_or("a name is not listed")?;
        b.works("seek", sys::lseek(fd, *place, libc::SEEK_SET))?;
        let next = b.works("getdents", sys::getdents(fd, 280))?;
        b.must(
            &format!("{name} is at {place}"),
            next.first()
                .is_some_and(|entry| entry.name == name.as_bytes()),
        )?;
    }
    b.works("close", sys::close(fd))?;
    drop(places);

    for number in 0..300 {
        let missing = sys::stat(dir.join(format!("missing{number}")), 0);
        b.fails("stat", missing, libc::ENOENT)?;
    }
    b.must("read once", figures::of(&l.target)?.merged == 1)?;
    for _ in 0..3 {
        b.file(Path::new("/proc/sys/vm/drop_caches"), "2")?;
    }
    let forgotten = figures::of(&l.target)?;
    b.must(
        &format!("memory is given back: {forgotten:?}"),
        forgotten.bytes < 100_000,
    )?;
    b.umount(&l.target)?;

    b.union(&l).mount(&l.target)?;
    b.works("stat", sys::stat(dir.join(format!("n{}", names - 1)), 0))?;
    b.fails("stat", sys::stat(dir.join("n77"), 0), libc::ENOENT)?;
    b.umount(&l.target)
}

/// The names of an open directory with their places; `.` and `..` are left out.
fn places(b: &Bench, fd: i32) -> Result<HashMap<Vec<u8>, i64>, String> {
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
                b.must(&format!("each once, not at {twice:?} too"), twice.is_none())?;
            }
            at = entry.next;
        }
    }
}
