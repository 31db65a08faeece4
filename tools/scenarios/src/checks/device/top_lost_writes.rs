// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image::{self, Health};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "when the disk of the upper layer fails in the middle of a copy, the name goes on showing the lower file",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::EXT4)?;
    let top = b.target("top")?;
    disk.mount(&top, 0, "errors=continue")?;
    let l = b.layout_on(&top, 1)?;
    let text = "text ".repeat(400_000);
    b.file(&l.lowers[0].join("big"), &text)?;
    b.file(&l.lowers[0].join("small"), "small")?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let fd = b.works("open", sys::open(&top, libc::O_RDONLY, 0))?;
    b.works("syncfs", sys::syncfs(fd))?;
    b.works("close", sys::close(fd))?;
    let (big, small) = (l.target.join("big"), l.target.join("small"));
    let fd = b.works("open", sys::open(&big, libc::O_RDWR, 0))?;
    disk.set(Health::Unwritable)?;
    b.must(
        "a write that must copy first fails",
        sys::write(fd, b"TEXT", Some(5)).is_err(),
    )?;
    b.must("so does chmod", sys::chmod(&small, 0o600).is_err())?;
    b.holds(&big, &text)?;
    b.holds(&small, "small")?;
    b.must(
        "the open file is the lower one",
        sys::read(fd, 9, Some(5))? == b"text text",
    )?;
    b.works("close", sys::close(fd))?;
    let _ = sys::umount(&l.target, 0);
    let _ = sys::umount(&top, 0);
    disk.set(Health::Good)?;
    disk.mount(&top, 0, "")?;
    union.mount(&l.target)?;
    b.same(
        "with the disk well again",
        &lowers[0],
        &walk::walk(&l.target)?,
    )?;
    b.file(&big, "new")?;
    b.works("chmod", sys::chmod(&small, 0o600))?;
    b.sound(&union, &l, &lowers)?;
    b.mapped_done(disk)
}
