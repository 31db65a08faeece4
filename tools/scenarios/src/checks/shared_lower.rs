// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "two unions share a lower layer and nothing else",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let top = b.tmpfs("top2")?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
    let second = b.target("second")?;
    b.union(&l).mount(&l.target)?;
    b.new_union()
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .mount(&second)?;
    b.file(&l.target.join("file"), "first")?;
    b.holds(&second.join("file"), "below")?;
    b.works("unlink", sys::unlink(second.join("file")))?;
    b.holds(&l.target.join("file"), "first")?;
    b.holds(&l.lowers[0].join("file"), "below")?;
    b.umount(&second)?;
    b.umount(&l.target)
}
