// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image::{self, Health};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "data that were lost on the way to the disk behind everybody's back are reported by the next syncfs, once; \
            with volatile always",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::XFS)?;
    let top = b.target("top")?;
    for volatile in [false, true] {
        disk.mount(&top, 0, "")?;
        let l = b.layout_on(&top, 1)?;
        b.file(&l.lowers[0].join("file"), "below")?;
        let mut union = b.union(&l);
        if volatile {
            union = union.flag("volatile");
        }
        union.mount(&l.target)?;
        let file = l.target.join("file");
        let fd = b.works("open", sys::open(&file, libc::O_RDWR, 0))?;
        b.works("write", sys::write(fd, &[b'x'; 100_000], None))?;
        let root = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
        let upper = b.works("open", sys::open(l.upper.join("file"), libc::O_RDWR, 0))?;
        // The blocks are there: what comes now is data, and nothing else.
        b.works("fsync of the file of the layer", sys::fsync(upper))?;
        b.works("write", sys::write(fd, &[b'y'; 100_000], Some(0)))?;
        disk.set(Health::Unwritable)?;
        b.must("write-back fails", sys::sync_range(upper, 0, 0, 7).is_err())?;
        disk.set(Health::Good)?;
        for (call, expected) in [("fsync", [false, true]), ("syncfs", [false, true])] {
            for (time, expected) in expected.into_iter().enumerate() {
                let result = match call {
                    "fsync" => sys::fsync(fd),
                    _ => sys::syncfs(root),
                };
                b.must(
                    &format!("volatile: {volatile}, {call} number {time}: {result:?}"),
                    result.is_ok() == (expected && !volatile),
                )?;
            }
        }
        let late = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
        b.must(
            "who came later has lost nothing",
            sys::syncfs(late).is_ok() != volatile,
        )?;
        for fd in [fd, root, upper, late] {
            b.works("close", sys::close(fd))?;
        }
        b.umount(&l.target)?;
        if volatile {
            let mark = l.work.join("work/incompat");
            std::fs::remove_dir_all(mark).map_err(|error| format!("removing the mark: {error}"))?;
            b.refused(&union, &l.target, &[libc::EIO])?;
            let fd = b.works("open", sys::open(&top, libc::O_RDONLY, 0))?;
            b.must("the upper layer tells of it", sys::syncfs(fd).is_err())?;
            b.works("close", sys::close(fd))?;
            union.mount(&l.target)?;
            b.umount(&l.target)?;
        }
        b.umount(&top)?;
        b.umount(l.lowers[0].parent().ok_or("a parent")?)?;
    }
    b.mapped_done(disk)
}
