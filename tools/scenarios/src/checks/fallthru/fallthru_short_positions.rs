// SPDX-License-Identifier: GPL-2.0-only
use std::collections::BTreeMap;
use std::os::fd::RawFd;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "programs of 32 bits get positions in directories that fit into 31, one for each name, and \
        can go on from each",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if let Some(why) = sys::no_compat() {
        return Err(format!("skip: {why}"));
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
            b.file(&l.target.join(dir).join(format!("top{number}")), "x")?;
        }
    }
    b.works("unlink", sys::unlink(l.target.join("merged/low7")))?;
    for (dir, expected) in [("merged", 399), ("new", 300)] {
        let flags = libc::O_RDONLY | libc::O_DIRECTORY;
        let fd = b.works("open", sys::open(l.target.join(dir), flags, 0))?;
        let places = places(b, fd)?;
        b.must(
            &format!("{dir}: {expected} names, not {}", places.len() - 2),
            places.len() == expected + 2,
        )?;
        for (place, name) in &places {
            b.works("seek", sys::lseek_compat(fd, *place, libc::SEEK_SET))?;
            let next = b.works("getdents", sys::getdents_compat(fd, 280))?;
            let found = next.first().map(|entry| &entry.name);
            b.must(
                &format!("{dir}: {name:?} is at {place}, not {found:?}"),
                found == Some(name),
            )?;
        }
        b.works("close", sys::close(fd))?;
    }
    b.umount(&l.target)
}

/// The names of a directory by their positions.
fn places(b: &Bench, fd: RawFd) -> Result<BTreeMap<i32, Vec<u8>>, String> {
    let mut places = BTreeMap::new();
    let mut place = 0;
    loop {
        let entries = b.works("getdents", sys::getdents_compat(fd, 500))?;
        if entries.is_empty() {
            return Ok(places);
        }
        for entry in entries {
            let twice = places.insert(place, entry.name);
            b.must(
                &format!("one name at {place}, not {twice:?}"),
                twice.is_none(),
            )?;
            place = i32::try_from(entry.next)
                .map_err(|_| format!("a position of more than 31 bits: {:#x}", entry.next))?;
        }
    }
}
