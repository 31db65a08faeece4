// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::changes;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "with no inode left, one inode left and so on, every change is done or leaves no trace",
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
    let steps: Vec<u64> = (0..10).collect();
    let failures = changes::squeeze(b, &l, 0, libc::ENOSPC, &steps, |inodes| {
        let stat = b.works("statfs", sys::statfs(&top))?;
        let options = format!("nr_inodes={}", stat.f_files - stat.f_ffree + inodes);
        b.works(
            "changing the number of inodes of the tmpfs",
            sys::mount("", &top, "", libc::MS_REMOUNT, options.as_bytes()),
        )
    })?;
    b.must(
        &format!("every copy and every new object must have failed, not {failures} times"),
        failures >= 20,
    )?;
    b.works(
        "inodes for all",
        sys::mount("", &top, "", libc::MS_REMOUNT, b"nr_inodes=1000"),
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}
