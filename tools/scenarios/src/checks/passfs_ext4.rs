// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::checks::passfs::compare_all;
use crate::scenario::Check;
use crate::shape::Fs;

pub const CHECK: Check = Check {
    about: "samples/passfs.rs shows a directory of ext4 as it is",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    compare_all(
        b,
        |b| b.dir(&b.disk(Fs::Ext4)?.join("passfs")),
        |_, scratch| std::fs::remove_dir_all(scratch).map_err(|e| format!("cleaning up: {e}")),
    )
}
