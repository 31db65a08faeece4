// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "unions on unions end before the kernel's stack does",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let mut below = l.lowers[0].clone();
    for level in 0..4 {
        let top = b.tmpfs(&format!("t{level}"))?;
        let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
        let target = b.target(&format!("level{level}"))?;
        let union = b.new_union().lower(&below).upper(&upper, &work);
        if level < 2 {
            union.mount(&target)?;
            b.holds(&target.join("file"), "below")?;
        } else {
            b.refused(&union, &target, &[libc::EINVAL, libc::ELOOP])?;
            return Ok(());
        }
        below = target;
    }
    Ok(())
}
