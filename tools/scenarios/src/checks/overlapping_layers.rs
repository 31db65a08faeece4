// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "layers inside each other are refused",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let refused = [libc::ELOOP, libc::EINVAL];
    let inside = b.dir(&l.lowers[0].join("dir/inside"))?;
    let union = b.new_union().lower(&l.lowers[0]).lower(&inside);
    b.refused(&union, &l.target, &refused)?;
    let union = b.new_union().lower(&inside).lower(&l.lowers[0]);
    b.refused(&union, &l.target, &refused)?;
    let union = b.new_union().lower(&l.lowers[0]).lower(&l.lowers[0]);
    b.refused(&union, &l.target, &refused)?;
    let below = b.dir(&l.upper.join("below"))?;
    let union = b.new_union().lower(&below).upper(&l.upper, &l.work);
    b.refused(&union, &l.target, &refused)?;
    Ok(())
}
