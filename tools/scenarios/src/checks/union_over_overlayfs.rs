// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a union goes over overlayfs, and overlayfs over a union",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    b.file(&l.target.join("over"), "over")?;
    let top = b.tmpfs("top2")?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
    let second = b.target("second")?;
    b.new_union()
        .lower(&l.target)
        .upper(&upper, &work)
        .mount(&second)?;
    b.holds(&second.join("over"), "over")?;
    b.file(&second.join("file"), "changed")?;
    b.works("unlink", sys::unlink(second.join("over")))?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&second)?;
    b.umount(&l.target)?;
    let third = b.tmpfs("top3")?;
    let (upper, work) = (b.dir(&third.join("upper"))?, b.dir(&third.join("work"))?);
    b.union(&l).mount(&l.target)?;
    Union::new("overlay")
        .lower(&l.target)
        .upper(&upper, &work)
        .mount(&second)?;
    b.holds(&second.join("over"), "over")?;
    b.file(&second.join("file"), "again")?;
    b.umount(&second)?;
    b.umount(&l.target)
}
