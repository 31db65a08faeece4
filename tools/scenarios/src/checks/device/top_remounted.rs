// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::changes;
use crate::image;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "while the file system of the upper layer is read-only, every change fails with EROFS; afterwards every one works",
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
    let remount = |flags| sys::mount("", &top, "", libc::MS_REMOUNT | flags, b"");
    // Opened for writing, but the upper layer knows nothing of it: nothing has been copied.
    let open = b.works("open", sys::open(l.target.join("write"), libc::O_WRONLY, 0))?;
    b.works(
        "the upper layer becomes read-only",
        remount(libc::MS_RDONLY),
    )?;
    b.fails("write", sys::write(open, b"x", None), libc::EROFS)?;
    changes::all_fail(b, &l, &[libc::EROFS])?;
    b.works("the upper layer becomes writable", remount(0))?;
    b.works("write", sys::write(open, b"x", None))?;
    b.fails(
        "the upper layer becomes read-only with a file open for writing",
        remount(libc::MS_RDONLY),
        libc::EBUSY,
    )?;
    b.works("close", sys::close(open))?;
    changes::all_work(b, &l)?;
    b.sound(&union, &l, &lowers)?;

    // It may be read-only when the union goes, and that must not harm it.
    union.mount(&l.target)?;
    b.works("unlink", sys::unlink(l.target.join("write")))?;
    b.works(
        "the upper layer becomes read-only",
        remount(libc::MS_RDONLY),
    )?;
    b.umount(&l.target)?;
    b.works("the upper layer becomes writable", remount(0))?;
    union.mount(&l.target)?;
    b.sound(&union, &l, &lowers).map(drop)
}
