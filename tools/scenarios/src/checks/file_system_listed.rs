// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "the type is registered, without a device",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let text = std::fs::read_to_string("/proc/filesystems").map_err(|e| e.to_string())?;
    let line = format!("nodev\t{}", b.fstype);
    b.must(
        &format!("{line:?} in /proc/filesystems"),
        text.lines().any(|found| found == line),
    )
}
