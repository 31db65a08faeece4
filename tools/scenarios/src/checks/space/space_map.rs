// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys::{self, Map};
use crate::walk;

pub const CHECK: Check = Check {
    about: "mapping a lower file to write to it fails with ENOSPC; holes of a copy that find no room are SIGBUS",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let page = sys::page_size();
    let length = 40 * page;
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 1)?;
    b.describe(&l, 0, |b| {
        b.file("full", vec![b'x'; length]);
        b.sparse("holes", length as u64, &[(0, b"x")]);
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let stat = b.works("statfs", sys::statfs(&top))?;
    let size = format!("size={}", (stat.f_blocks - stat.f_bfree + 6) * page as u64);
    let resize = |options: &str| sys::mount("", &top, "", libc::MS_REMOUNT, options.as_bytes());
    b.works("a small upper layer", resize(&size))?;
    let both = libc::PROT_READ | libc::PROT_WRITE;

    let before = walk::walk(&l.target)?;
    let full = b.works("open", sys::open(l.target.join("full"), libc::O_RDWR, 0))?;
    b.fails(
        "mmap",
        Map::new(full, length, both, libc::MAP_SHARED).map(drop),
        libc::ENOSPC,
    )?;
    b.same("after mmap failed", &before, &walk::walk(&l.target)?)?;
    let private = b.works(
        "private mmap",
        Map::new(full, length, both, libc::MAP_PRIVATE),
    )?;
    b.must("it shows the file", private.bytes() == vec![b'x'; length])?;
    drop(private);
    b.works("close", sys::close(full))?;

    let child = process::background(|| {
        let fd = sys::open(l.target.join("holes"), libc::O_RDWR, 0).expect("open");
        let mut map = Map::new(fd, length, both, libc::MAP_SHARED).expect("mmap");
        for number in 1..40 {
            map.store(number * page, b"w");
        }
    })?;
    let end = process::wait(child)?;
    b.must(
        &format!("SIGBUS, not {end:?}"),
        end == End::Signal(libc::SIGBUS),
    )?;
    b.works("a large upper layer", resize("size=100m"))?;
    let data = std::fs::read(l.target.join("holes")).map_err(|error| error.to_string())?;
    let written = data.iter().filter(|byte| **byte == b'w').count();
    b.must(
        &format!("what found room is there: {written}"),
        (1..6).contains(&written),
    )?;
    let full = b.works("open", sys::open(l.target.join("full"), libc::O_RDWR, 0))?;
    let mut map = b.works(
        "mmap with room",
        Map::new(full, length, both, libc::MAP_SHARED),
    )?;
    map.store(5, b"mapped");
    drop(map);
    b.works("close", sys::close(full))?;
    b.sound(&union, &l, &lowers).map(drop)
}
