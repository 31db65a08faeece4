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
        let size = (stat.f_blocks - stat.f_bfree + pages) * sys::page_size() as u64;
        let options = format!("size={size}");
        b.works(
            "changing the size of the tmpfs",
            sys::mount("", &top, "", libc::MS_REMOUNT, options.as_bytes()),
        )
    })?;
    let least = 12 * changes::LENGTH.div_ceil(sys::page_size());
    b.must(
        &format!(
            "each page of a dozen copies must have been too much once, {least} in all, not {failures}"
        ),
        failures >= least,
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}
