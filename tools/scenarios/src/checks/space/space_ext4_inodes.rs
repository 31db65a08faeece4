// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::changes;
use crate::image;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "on an ext4 without inodes, every change is done or leaves no trace",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let top = b.target("top")?;
    disk.mount(&top, 0, "")?;
    let l = b.layout_on(&top, 1)?;
    b.describe(&l, 0, |b| changes::lower(b, 0))?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.works("preparing", changes::prepare(&l.target, 0))?;
    let ballast = b.dir(&top.join("ballast"))?;
    let mut count = 0;
    let failures = changes::squeeze(b, &l, 0, libc::ENOSPC, &[0, 1, 2, 3, 4, 5, 6], |free| {
        if free == 0 {
            while let Ok(()) = sys::mknod(ballast.join(count.to_string()), libc::S_IFREG, 0) {
                count += 1;
            }
        } else {
            count -= 1;
            b.works("making room", sys::unlink(ballast.join(count.to_string())))?;
        }
        Ok(())
    })?;
    b.must(
        &format!("every copy and every new object must have failed, not {failures} times"),
        failures >= 20,
    )?;
    std::fs::remove_dir_all(&ballast).map_err(|error| error.to_string())?;
    b.sound(&union, &l, &lowers).map(drop)
}
