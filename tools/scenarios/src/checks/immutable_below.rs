// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "immutable and append-only objects of a lower layer stay so",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    const APPEND: u32 = 0x20;
    const IMMUTABLE: u32 = 0x10;
    let l = b.layout(1)?;
    let lower = &l.lowers[0];
    b.file(&lower.join("dir/f"), "text")?;
    b.file(&lower.join("log"), "text")?;
    let flag = |path: &Path, flags: u32| {
        let fd = sys::open(path, libc::O_RDONLY, 0)?;
        let result = sys::set_flags(fd, flags);
        sys::close(fd).and(result)
    };
    b.works("chattr +i", flag(&lower.join("file"), IMMUTABLE))?;
    b.works("chattr +a", flag(&lower.join("log"), APPEND))?;
    b.works(
        "chattr +i of a directory",
        flag(&lower.join("dir"), IMMUTABLE),
    )?;
    b.union(&l).mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    for round in 0..2 {
        b.fails(
            "writing an immutable file",
            sys::open(at("file"), libc::O_WRONLY, 0),
            libc::EPERM,
        )?;
        b.fails("deleting it", sys::unlink(at("file")), libc::EPERM)?;
        b.fails("chmod of it", sys::chmod(at("file"), 0o600), libc::EPERM)?;
        b.fails("link to it", sys::link(at("file"), at("x"), 0), libc::EPERM)?;
        b.fails(
            "truncating an append-only file",
            sys::truncate(at("log"), 0),
            libc::EPERM,
        )?;
        b.fails(
            "making a file in an immutable directory",
            sys::mkdir(at("dir/new"), 0o755),
            libc::EPERM,
        )?;
        b.fails("deleting there", sys::unlink(at("dir/f")), libc::EPERM)?;
        if round == 0 && b.is_union() {
            // The directory is copied up for the sake of the file, and immutable afterwards as before.
            b.file(&at("dir/f"), "changed")?;
            b.file(Path::new("/proc/sys/vm/drop_caches"), "3")?;
        }
    }
    b.umount(&l.target)?;
    for name in ["file", "log", "dir"] {
        b.works("chattr -i", flag(&lower.join(name), 0))?;
    }
    Ok(())
}
