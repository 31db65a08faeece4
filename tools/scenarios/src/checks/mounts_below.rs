// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "what is mounted inside a layer is not part of it",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let inside = l.lowers[0].join("dir");
    b.file(&inside.join("under"), "under the mount")?;
    b.works(
        "mounting inside",
        sys::mount("tmpfs", &inside, "tmpfs", 0, b""),
    )?;
    b.file(&inside.join("over"), "on the mount")?;
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("dir/under"), "under the mount")?;
    b.fails(
        "stat",
        sys::stat(l.target.join("dir/over"), 0),
        libc::ENOENT,
    )?;
    b.umount(&l.target)
}
