// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "an upper layer on a read-only file system is refused or read-only",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let top = l.upper.parent().ok_or("a parent")?;
    b.works(
        "remount",
        sys::mount("", top, "", libc::MS_REMOUNT | libc::MS_RDONLY, b""),
    )?;
    match b.union(&l).mount(&l.target) {
        Err(failure) => b.must(
            &format!("EROFS or EINVAL, not {failure}"),
            [libc::EROFS, libc::EINVAL].contains(&failure.errno.0),
        ),
        Ok(()) => {
            b.fails("mkdir", sys::mkdir(l.target.join("x"), 0o700), libc::EROFS)?;
            b.umount(&l.target)
        }
    }
}
