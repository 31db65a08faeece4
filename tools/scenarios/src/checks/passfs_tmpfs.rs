// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::checks::passfs::compare_all;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "samples/passfs.rs shows a directory of tmpfs as it is",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    compare_all(b, |b| b.tmpfs("memory"), |b, scratch| b.umount(scratch))
}
