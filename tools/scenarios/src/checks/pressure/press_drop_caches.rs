// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::load;
use crate::process;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "under load, pages, names and inodes are dropped all the time",
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
    let kept = l.target.join("kept");
    let number = b.works("stat", sys::stat(&kept, 0))?.st_ino;
    let time = Duration::from_millis(4000);
    let mut children = b.load_behind(&l.target, time)?;
    let end = Instant::now() + time;
    children.push(process::background(|| {
        for what in ["1", "2", "3"].iter().cycle() {
            std::fs::write("/proc/sys/vm/drop_caches", what).expect("root may");
            let stat = sys::stat(&kept, 0).expect("it is there");
            assert_eq!(stat.st_ino, number);
            if Instant::now() > end {
                break;
            }
        }
    })?);
    b.ended_well(children)?;
    b.sound(&union, &l, &lowers).map(drop)
}
