// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a mapping that the lower file refuses fails a thousand times, and each time lets go of what it took once",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    const ROUNDS: usize = 1000;
    let l = b.layout(1)?;
    let sysfs = b.target("sysfs")?;
    b.works("sysfs", sys::mount("sysfs", &sysfs, "sysfs", 0, b""))?;
    let union = b
        .new_union()
        .lower(sysfs.join("kernel"))
        .upper(&l.upper, &l.work);
    union.mount(&l.target)?;
    let path = l.target.join("notes");
    let fd = b.works("open", sys::open(&path, libc::O_RDONLY, 0))?;
    for _ in 0..ROUNDS {
        for sharing in [libc::MAP_PRIVATE, libc::MAP_SHARED] {
            let mapped = sys::Map::new(fd, 4096, libc::PROT_READ, sharing);
            b.fails("mmap", mapped, libc::ENODEV)?;
        }
    }
    // One reference too few would have closed it, one too many keeps everything mounted.
    b.works("reading on", sys::read(fd, 10, Some(0)))?;
    b.works("close", sys::close(fd))?;
    b.umount(&l.target)?;
    b.umount(&sysfs)
}
