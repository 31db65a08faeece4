// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::process;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "names are renamed, linked and unlinked while they vanish and return in the upper layer behind the union",
    run,
    ..Check::DEFAULT
};

const NAMES: [&str; 4] = ["a", "b", "dir/a", "dir/b"];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    for name in NAMES {
        b.file(&l.lowers[0].join(name), "below")?;
    }
    b.union(&l).mount(&l.target)?;
    let end = Instant::now() + Duration::from_secs(3);
    let mut children = Vec::new();
    for number in 0..4 {
        let (target, upper) = (l.target.clone(), l.upper.clone());
        children.push(process::background(move || {
            let mut round = number;
            while Instant::now() < end {
                round += 1;
                let (one, two) = (NAMES[round % 4], NAMES[(round / 4) % 4]);
                let _ = match number {
                    0 => sys::rename(target.join(one), target.join(two), 0),
                    1 => sys::link(target.join(one), target.join(two), 0)
                        .or_else(|_| sys::rename(target.join(two), target.join(one), 2)),
                    2 => std::fs::write(target.join(one), "new")
                        .map_err(Into::into)
                        .and_then(|()| sys::unlink(target.join(two))),
                    _ => sys::unlink(upper.join(one))
                        .and_then(|()| sys::rename(upper.join(two), upper.join(one), 0)),
                };
            }
        })?);
    }
    b.ended_well(children)?;
    b.umount(&l.target)?;
    // Whatever the upper layer holds now is a tree.
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)
}
