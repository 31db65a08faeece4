// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys::{self, Map};

pub const CHECK: Check = Check {
    about: "whoever has something open in a union that was detached can go on with all of it",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("d/lower", "lower text");
        b.file("d/mapped", "mapped text");
        b.file("d/unlinked", "unlinked text");
    })?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = b.works("open", sys::open(l.target.join("d"), libc::O_RDONLY, 0))?;
    let lower = b.works("open", sys::open(l.target.join("d/lower"), libc::O_RDWR, 0))?;
    let gone = b.works(
        "open",
        sys::open(l.target.join("d/unlinked"), libc::O_RDWR, 0),
    )?;
    let mapped = b.works(
        "open",
        sys::open(l.target.join("d/mapped"), libc::O_RDWR, 0),
    )?;
    let map = b.works(
        "mmap",
        Map::new(
            mapped,
            11,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
        ),
    )?;
    b.works("close", sys::close(mapped))?;
    b.works("unlink", sys::unlink(l.target.join("d/unlinked")))?;
    b.works("umount -l", sys::umount(&l.target, libc::MNT_DETACH))?;

    let mut map = map;
    map.store(0, b"M");
    b.must("the mapping works", map.bytes() == b"Mapped text")?;
    b.works("a write that copies", sys::write(lower, b"LOWER", None))?;
    b.works(
        "a write to what has no name",
        sys::write(gone, b"GONE", None),
    )?;
    b.must("read", sys::read(lower, 20, Some(0))? == b"LOWER text")?;
    b.works("fchdir", sys::fchdir(dir))?;
    b.works("mkdir", sys::mkdir("new", 0o755))?;
    b.works("rename", sys::rename("lower", "renamed", 0))?;
    let names = b.works("getdents", sys::getdents(dir, 4096))?.len();
    b.must(
        &format!("`.`, `..` and three names, not {names}"),
        names == 5,
    )?;

    b.refused(&union, &l.target, &[libc::EBUSY])?;
    if b.is_module() {
        b.fails("unloading", sys::delete_module("union"), libc::EAGAIN)?;
    }
    b.works("chdir", sys::chdir("/"))?;
    drop(map);
    for fd in [dir, lower, gone] {
        b.works("close", sys::close(fd))?;
    }
    union.mount(&l.target)?;
    b.holds(&l.target.join("d/renamed"), "LOWER text")?;
    b.holds(&l.target.join("d/mapped"), "Mapped text")?;
    b.sound(&union, &l, &[]).map(drop)
}
