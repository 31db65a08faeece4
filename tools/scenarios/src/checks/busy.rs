// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "an open file keeps a union mounted, a detached one lives until it is closed",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let fd = b.works("open", sys::open(l.target.join("file"), libc::O_RDWR, 0))?;
    b.fails("umount", sys::umount(&l.target, 0), libc::EBUSY)?;
    b.works("umount -l", sys::umount(&l.target, libc::MNT_DETACH))?;
    b.works("write", sys::write(fd, b"BELOW", Some(0)))?;
    let data = b.works("read", sys::read(fd, 10, Some(0)))?;
    b.must("the file written to", data == b"BELOW")?;
    b.works("close", sys::close(fd))?;
    b.holds(&l.upper.join("file"), "BELOW")
}
