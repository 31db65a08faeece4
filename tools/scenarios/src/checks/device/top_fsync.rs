// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image::{self, Health};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "data that do not reach the disk are reported by fsync and syncfs, unless the union is volatile",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::XFS)?;
    let top = b.target("top")?;
    for volatile in [false, true] {
        disk.mount(&top, 0, "")?;
        let l = b.layout_on(&top, 1)?;
        b.file(&l.lowers[0].join("file"), "below")?;
        let mut union = b.union(&l);
        if volatile {
            union = union.flag("volatile");
        }
        union.mount(&l.target)?;
        let file = l.target.join("file");
        let fd = b.works("open", sys::open(&file, libc::O_RDWR, 0))?;
        b.works("write", sys::write(fd, b"first", None))?;
        b.works("fsync", sys::fsync(fd))?;
        let root = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
        b.works("syncfs", sys::syncfs(root))?;
        b.works("write", sys::write(fd, &[b'x'; 100_000], None))?;
        disk.set(Health::Dead)?;
        let (fsync, syncfs) = (sys::fsync(fd), sys::syncfs(root));
        let both = [fsync.is_ok(), syncfs.is_ok()];
        b.must(
            &format!("volatile: {volatile}, fsync: {fsync:?}, syncfs: {syncfs:?}"),
            both == [volatile; 2],
        )?;
        b.works("close", sys::close(fd))?;
        b.works("close", sys::close(root))?;
        b.umount(&l.target)?;
        b.umount(&top)?;
        b.umount(l.lowers[0].parent().ok_or("a parent")?)?;
        disk.set(Health::Good)?;
    }
    b.mapped_done(disk)
}
