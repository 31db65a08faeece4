// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "one lower layer alone is a union too",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let union = b.new_union().lowers(&l.lowers);
    // overlayfs wants two.
    if !b.is_union() {
        return Err("skip: overlayfs refuses a single layer".into());
    }
    union.mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)
}
