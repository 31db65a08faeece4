// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::changes;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "with no page left, one page left and so on, every change is done or leaves no trace",
    run,
    ..Check::DEFAULT
};

const PAGE: u64 = 4096;

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 1)?;
    b.describe(&l, 0, |b| changes::lower(b, 0))?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.works("preparing", changes::prepare(&l.target, 0))?;
    let steps: Vec<u64> = (0..12).collect();
    let failures = changes::squeeze(b, &l, 0, libc::ENOSPC, &steps, |pages| {
        let stat = b.works("statfs", sys::statfs(&top))?;
        let size = (stat.f_blocks - stat.f_bfree + pages) * PAGE;
        let options = format!("size={size}");
        b.works(
            "changing the size of the tmpfs",
            sys::mount("", &top, "", libc::MS_REMOUNT, options.as_bytes()),
        )
    })?;
    b.must(
        &format!(
            "the copies of a dozen files must have found too little room 3 times each, not {failures}"
        ),
        failures >= 36,
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}
