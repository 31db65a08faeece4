// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::changes;
use crate::image::{self, Health};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "when the disk of the upper layer fails, copies fail with EIO and nothing is lost once it is well again",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::XFS)?;
    let top = b.target("top")?;
    disk.mount(&top, 0, "")?;
    let l = b.layout_on(&top, 1)?;
    b.describe(&l, 0, |b| changes::lower(b, 0))?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.works("preparing", changes::prepare(&l.target, 0))?;
    let before = walk::walk(&l.target)?;
    let fd = b.works("open", sys::open(&top, libc::O_RDONLY, 0))?;
    b.works("syncfs", sys::syncfs(fd))?;
    b.works("close", sys::close(fd))?;

    disk.set(Health::Dead)?;
    let result = (changes::CHANGES[0].call)(&l.target);
    b.fails("a copy-up that must reach the disk", result, libc::EIO)?;
    for change in changes::CHANGES {
        // What needs no disk may be done in memory; it is lost with the file system, which gives up.
        let _ = (change.call)(&l.target);
    }
    let _ = walk::walk(&l.target);
    b.umount(&l.target)?;
    b.umount(&top)?;

    disk.set(Health::Good)?;
    disk.mount(&top, 0, "")?;
    union.mount(&l.target)?;
    b.same("with the disk well again", &before, &walk::walk(&l.target)?)?;
    changes::all_work(b, &l)?;
    b.sound(&union, &l, &lowers)?;
    b.mapped_done(disk)
}
