// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a union becomes read-only and writable again",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let file = l.target.join("file");
    let remount = |flags| sys::mount("union", &l.target, "", libc::MS_REMOUNT | flags, b"");
    b.works("remount ro", remount(libc::MS_RDONLY))?;
    b.fails("write", sys::open(&file, libc::O_WRONLY, 0), libc::EROFS)?;
    b.holds(&file, "below")?;
    b.works("remount rw", remount(0))?;
    b.file(&file, "written")?;
    mount::reconfigure(&l.target, &[("ro", None)])?;
    b.fails("write", sys::open(&file, libc::O_WRONLY, 0), libc::EROFS)?;
    mount::reconfigure(&l.target, &[("rw", None)])?;
    b.file(&file, "again")?;
    let open = b.works("open", sys::open(&file, libc::O_WRONLY, 0))?;
    b.fails(
        "remount ro with a writer",
        remount(libc::MS_RDONLY),
        libc::EBUSY,
    )?;
    b.works("close", sys::close(open))?;
    b.umount(&l.target)
}
