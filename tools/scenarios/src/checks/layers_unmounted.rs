// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "layers may be unmounted elsewhere while the union holds them",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let below = b.tmpfs("below")?;
    let target = b.target("target")?;
    b.file(&below.join("file"), "below")?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
    b.new_union()
        .lower(&below)
        .upper(&upper, &work)
        .mount(&target)?;
    b.umount(&below)?;
    b.umount(&top)?;
    b.holds(&target.join("file"), "below")?;
    b.file(&target.join("file"), "changed")?;
    b.holds(&target.join("file"), "changed")?;
    b.umount(&target)
}
