// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "an upper layer or work directory in use is refused",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let second = b.target("second")?;
    let elsewhere = b.dir(&l.work.with_file_name("elsewhere"))?;
    b.refused(&b.union(&l), &second, &[libc::EBUSY])?;
    let union = b.new_union().lowers(&l.lowers).upper(&l.upper, &elsewhere);
    b.refused(&union, &second, &[libc::EBUSY])?;
    let union = b.new_union().lowers(&l.lowers).upper(&elsewhere, &l.work);
    b.refused(&union, &second, &[libc::EBUSY])?;
    b.umount(&l.target)?;
    b.union(&l).mount(&second)?;
    b.umount(&second)
}
