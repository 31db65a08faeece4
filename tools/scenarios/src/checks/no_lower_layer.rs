// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "a union without a lower layer is refused",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    b.refused(&b.new_union(), &l.target, &[libc::EINVAL])?;
    b.refused(&b.union(&l), &l.target, &[libc::EINVAL])?;
    Ok(())
}
