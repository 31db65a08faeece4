// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::load;
use crate::mount::Union;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a union over a union, and one over overlayfs, under load with caches that are dropped",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    for inner in [b.fstype, "overlay"] {
        let mut l = b.layout_on(&top, 2)?;
        let below = l.lowers[0].parent().ok_or("a parent")?.to_owned();
        b.describe(&l, 1, load::lower)?;
        b.dir(&l.lowers[0].join("d"))?;
        let whiteout = sys::mknod(l.lowers[0].join("d/a"), libc::S_IFCHR, 0);
        b.works("a whiteout", whiteout)?;
        let stacked = b.target("inner")?;
        Union::new(inner).lowers(&l.lowers).mount(&stacked)?;
        l.lowers = vec![stacked.clone()];
        let lowers = b.lower_trees(&l)?;
        let union = b.union(&l);
        union.mount(&l.target)?;
        let children = b.load_behind(&l.target, Duration::from_millis(1800))?;
        for _ in 0..8 {
            std::thread::sleep(Duration::from_millis(200));
            std::fs::write("/proc/sys/vm/drop_caches", "2").map_err(|error| error.to_string())?;
        }
        b.ended_well(children)?;
        b.sound(&union, &l, &lowers)?;
        b.umount(&stacked)?;
        b.umount(&below)?;
        for dir in [&l.upper, &l.work] {
            std::fs::remove_dir_all(dir).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
