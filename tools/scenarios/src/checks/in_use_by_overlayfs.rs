// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "union and overlayfs keep each other's upper layers for themselves",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let second = b.target("second")?;
    let overlay = Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .option("index", "on");
    overlay.mount(&l.target)?;
    b.refused(&b.union(&l), &second, &[libc::EBUSY])?;
    b.umount(&l.target)?;
    // overlayfs leaves an index behind that it would hold a later mount to.
    let upper = b.dir(&l.upper.with_file_name("upper2"))?;
    let work = b.dir(&l.work.with_file_name("work2"))?;
    b.new_union()
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .mount(&l.target)?;
    let overlay = Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .option("index", "on");
    b.refused(&overlay, &second, &[libc::EBUSY])?;
    b.umount(&l.target)
}
