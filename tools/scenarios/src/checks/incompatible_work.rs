// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "a work directory with features we do not know is refused",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.dir(&l.work.join("work/incompat/nonesuch"))?;
    match b.union(&l).mount(&l.target) {
        Err(failure) => b.must(
            &format!("EINVAL, not {failure}"),
            failure.errno.0 == libc::EINVAL,
        ),
        Ok(()) => Err("it must be refused, it was mounted".into()),
    }
}
