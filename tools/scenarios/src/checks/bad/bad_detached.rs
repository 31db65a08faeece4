// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::load;
use crate::scenario::Check;
use crate::sound;
use crate::sys;

pub const CHECK: Check = Check {
    about: "layers that are detached, hidden by other mounts and moved under load are the layers still",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 2)?;
    b.describe(&l, 1, load::lower)?;
    let below = l.lowers[0].parent().ok_or("a parent")?.to_owned();
    b.union(&l).mount(&l.target)?;
    let children = b.load_behind(&l.target, Duration::from_millis(2500))?;
    let pause = || std::thread::sleep(Duration::from_millis(300));
    pause();
    // Over a layer.
    b.works(
        "mount over",
        sys::mount("tmpfs", &l.lowers[1], "tmpfs", 0, b"mode=755"),
    )?;
    b.works(
        "mount over",
        sys::mount("tmpfs", &l.upper, "tmpfs", 0, b"mode=755"),
    )?;
    pause();
    b.umount(&l.lowers[1])?;
    b.umount(&l.upper)?;
    // Its mount to another place, its directory to another name.
    let other = b.target("other")?;
    b.works(
        "move",
        sys::mount(&top.to_string_lossy(), &other, "", libc::MS_MOVE, b""),
    )?;
    b.works(
        "rename",
        sys::rename(&l.lowers[1], below.join("renamed"), 0),
    )?;
    pause();
    // Out of every namespace.
    b.works(
        "umount -l of the upper layer",
        sys::umount(&other, libc::MNT_DETACH),
    )?;
    b.works(
        "umount -l of the lower",
        sys::umount(&below, libc::MNT_DETACH),
    )?;
    pause();
    b.ended_well(children)?;
    b.holds(&l.target.join("kept"), "kept")?;
    b.file(&l.target.join("kept"), "changed")?;
    b.holds(&l.target.join("kept"), "changed")?;
    sound::consistent(&l.target)?;
    b.umount(&l.target)
}
