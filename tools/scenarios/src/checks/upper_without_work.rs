// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "an upper layer needs a work directory",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let upper = l.upper.to_string_lossy().into_owned();
    let union = b.new_union().lowers(&l.lowers).option("upperdir", &upper);
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    Ok(())
}
