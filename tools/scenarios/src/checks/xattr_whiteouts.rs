// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "lower layers may say by attributes what is hidden",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.dir(&l.lowers[1].join("d"))?;
    b.file(&l.lowers[1].join("d/hidden"), "hidden")?;
    b.file(&l.lowers[1].join("d/seen"), "seen")?;
    let dir = b.dir(&l.lowers[0].join("d"))?;
    b.works(
        "mark",
        sys::setxattr(&dir, "trusted.overlay.opaque", b"x", 0),
    )?;
    b.file(&dir.join("hidden"), "")?;
    b.works(
        "mark",
        sys::setxattr(dir.join("hidden"), "trusted.overlay.whiteout", b"y", 0),
    )?;
    b.union(&l).mount(&l.target)?;
    let names: Vec<_> = walk::list(&l.target.join("d"))?
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    b.must(&format!("seen alone, not {names:?}"), names == [b"seen"])?;
    b.fails(
        "stat",
        sys::stat(l.target.join("d/hidden"), 0),
        libc::ENOENT,
    )?;
    b.file(&l.target.join("d/hidden"), "new")?;
    b.holds(&l.target.join("d/hidden"), "new")?;
    b.works("unlink", sys::unlink(l.target.join("d/hidden")))?;
    b.fails(
        "stat",
        sys::stat(l.target.join("d/hidden"), 0),
        libc::ENOENT,
    )?;
    b.works("unlink", sys::unlink(l.target.join("d/seen")))?;
    b.works("rmdir", sys::rmdir(l.target.join("d")))?;
    b.umount(&l.target)
}
