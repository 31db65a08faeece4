// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a volatile union says so, and overlayfs is warned of it",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).flag("volatile").mount(&l.target)?;
    let shown = mount::mounted_at(&l.target)
        .ok_or("not in mountinfo")?
        .super_options;
    b.must(&format!("volatile in {shown}"), shown.contains("volatile"))?;
    b.file(&l.target.join("file"), "changed")?;
    let fd = b.works("open", sys::open(l.target.join("file"), libc::O_RDWR, 0))?;
    b.works("fsync", sys::fsync(fd))?;
    b.works("close", sys::close(fd))?;
    b.umount(&l.target)?;
    let marked = l.work.join("work/incompat/volatile").is_dir();
    b.must("work/incompat/volatile is left", marked)
}
