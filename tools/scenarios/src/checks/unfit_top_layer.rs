// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "an upper layer without attributes or whiteouts is refused",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs makes do with less".into());
    }
    let l = b.layout(1)?;
    let place = b.target("ramfs")?;
    b.works(
        "mounting a ramfs",
        sys::mount("ramfs", &place, "ramfs", 0, b""),
    )?;
    let (upper, work) = (b.dir(&place.join("upper"))?, b.dir(&place.join("work"))?);
    let union = b.new_union().lowers(&l.lowers).upper(&upper, &work);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::EOPNOTSUPP])?;
    let union = b
        .new_union()
        .lowers(&l.lowers)
        .upper("/proc/self", "/proc/self/net");
    b.must(
        "procfs as an upper layer is refused",
        union.mount(&l.target).is_err(),
    )?;
    let union = b
        .new_union()
        .lowers(&l.lowers)
        .upper("/sys/kernel", "/sys/fs");
    b.must(
        "sysfs as an upper layer is refused",
        union.mount(&l.target).is_err(),
    )
}
