// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::changes;
use crate::image;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "an ext4 that makes itself read-only at an error takes nothing along",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let top = b.target("top")?;
    disk.mount(&top, 0, "errors=remount-ro")?;
    let l = b.layout_on(&top, 1)?;
    b.describe(&l, 0, |b| changes::lower(b, 0))?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.works("preparing", changes::prepare(&l.target, 0))?;
    let fd = b.works("open", sys::open(&top, libc::O_RDONLY, 0))?;
    b.works("syncfs", sys::syncfs(fd))?;
    b.works("close", sys::close(fd))?;
    let before = walk::walk(&l.target)?;
    let name = disk
        .path
        .file_name()
        .ok_or("a name")?
        .to_string_lossy()
        .into_owned();
    let trigger = format!("/sys/fs/ext4/{name}/trigger_fs_error");
    std::fs::write(&trigger, "on purpose").map_err(|error| format!("{trigger}: {error}"))?;
    changes::all_fail(b, &l, &[libc::EROFS, libc::EIO])?;
    b.umount(&l.target)?;
    b.umount(&top)?;
    disk.mount(&top, 0, "")?;
    union.mount(&l.target)?;
    b.same("mounted again", &before, &walk::walk(&l.target)?)?;
    changes::all_work(b, &l)?;
    b.sound(&union, &l, &lowers).map(drop)
}
