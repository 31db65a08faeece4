// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::load;
use crate::process;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a union is unmounted and mounted while others walk through it, change it and look at its mount",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 2)?;
    b.describe(&l, 1, load::lower)?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let end = Instant::now() + Duration::from_millis(3500);
    let mut children = Vec::new();
    for number in 0..4 {
        let target = &l.target;
        children.push(process::background(move || {
            while Instant::now() < end {
                match number {
                    0 => drop(walk::walk(target)),
                    1 => drop(std::fs::read_to_string("/proc/self/mountinfo")),
                    2 => drop(sys::statfs(target)),
                    // Names of its own: below the mount they make nothing.
                    _ => drop(sys::chmod(target.join("d/a"), 0o604)),
                }
            }
        })?);
    }
    let (mut gone, mut busy) = (0, 0);
    while Instant::now() < end {
        match sys::umount(&l.target, 0) {
            Ok(()) => gone += 1,
            Err(error) => {
                b.must(&format!("EBUSY, not {error}"), error.0 == libc::EBUSY)?;
                busy += 1;
                b.works("umount -l", sys::umount(&l.target, libc::MNT_DETACH))?;
            }
        }
        // Of a detached union the layers are in use for as long as somebody is inside.
        while let Err(failure) = union.mount(&l.target) {
            b.must(
                &format!("EBUSY, not {failure}"),
                failure.errno.0 == libc::EBUSY,
            )?;
        }
    }
    b.ended_well(children)?;
    b.must(
        &format!("unmounted {gone} times, busy {busy} times"),
        gone + busy > 3,
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}
