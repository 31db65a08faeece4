// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::image;
use crate::load;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "a load on the same names with the upper layer on a disk: numbers of inodes come back, files without a name are linked",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    for image in [&image::EXT4, &image::XFS] {
        let disk = b.looped(image)?;
        let top = b.target(image.name)?;
        disk.mount(&top, 0, "")?;
        let l = b.layout_on(&top, 1)?;
        b.describe(&l, 0, load::lower)?;
        let lowers = b.lower_trees(&l)?;
        let union = b.union(&l);
        union.mount(&l.target)?;
        b.load(&l.target, Duration::from_millis(2000))?;
        b.sound(&union, &l, &lowers)?;
        b.umount(&top)?;
        b.umount(l.lowers[0].parent().ok_or("a parent")?)?;
    }
    Ok(())
}
