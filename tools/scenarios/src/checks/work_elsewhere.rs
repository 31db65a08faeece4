// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "the work directory must be on the file system of the upper layer, and beside it",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let other = b.tmpfs("other")?;
    let union = b.new_union().lowers(&l.lowers).upper(&l.upper, &other);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::EXDEV])?;
    let inside = b.dir(&l.upper.join("work"))?;
    let union = b.new_union().lowers(&l.lowers).upper(&l.upper, &inside);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::ELOOP])?;
    let around = b.dir(&l.work.join("upper"))?;
    let union = b.new_union().lowers(&l.lowers).upper(&around, &l.work);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::ELOOP])?;
    let union = b.new_union().lowers(&l.lowers).upper(&l.upper, &l.upper);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::ELOOP])?;
    Ok(())
}
