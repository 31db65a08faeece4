// SPDX-License-Identifier: GPL-2.0-only
//! An upper layer whose disk fails.

use crate::bench::Bench;
use crate::changes;
use crate::copies::Copies;
use crate::image::{self, Health};
use crate::sys;
use crate::walk;

/// The disk of an upper layer on ext4 fails under load: calls fail, and each name is old or new once the disk has
/// recovered.
pub fn upper_dies_ext4(b: &mut Bench) -> Result<(), String> {
    b.disk_dies_under_load(&image::EXT4)
}

/// The disk of an upper layer on xfs fails under load: calls fail, and each name is old or new once the disk has
/// recovered.
pub fn upper_dies_xfs(b: &mut Bench) -> Result<(), String> {
    b.disk_dies_under_load(&image::XFS)
}

/// Data that do not reach the disk are reported by fsync and syncfs, unless the union is volatile.
pub fn upper_fsync(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::XFS)?;
    let upper_fs = b.target("upper_fs")?;
    for volatile in [false, true] {
        disk.mount(&upper_fs, 0, "")?;
        let l = b.layout_on(&upper_fs, 1)?;
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
        must!(
            both == [volatile; 2],
            "volatile: {volatile}, fsync: {fsync:?}, syncfs: {syncfs:?}"
        )?;
        b.works("close", sys::close(fd))?;
        b.works("close", sys::close(root))?;
        b.umount(&l.target)?;
        b.umount(&upper_fs)?;
        b.umount(l.lowers[0].parent().ok_or("a parent")?)?;
        disk.set(Health::Good)?;
    }
    b.mapped_done(disk)
}

/// An ext4 that makes itself read-only at an error loses nothing.
pub fn upper_gave_up(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "errors=remount-ro")?;
    let (l, union, lowers) = changes::prepared(b, &upper_fs)?;
    b.syncfs(&upper_fs)?;
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
    b.umount(&upper_fs)?;
    disk.mount(&upper_fs, 0, "")?;
    union.mount(&l.target)?;
    b.same("mounted again", &before, &walk::walk(&l.target)?)?;
    changes::all_work(b, &l)?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// When the disk of the upper layer fails in the middle of a copy, the name still shows the lower file.
pub fn upper_lost_writes(b: &mut Bench) -> Result<(), String> {
    lost_writes(b, Copies::Whole)
}

/// The same of a file that is copied in parts: nothing waits for the disk before fsync does.
pub fn upper_lost_writes_parts(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    lost_writes(b, Copies::Parts)
}

fn lost_writes(b: &Bench, copies: Copies) -> Result<(), String> {
    let disk = b.mapped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "errors=continue")?;
    let l = b.layout_on(&upper_fs, 1)?;
    let text = "text ".repeat(400_000);
    b.file(&l.lowers[0].join("big"), &text)?;
    b.file(&l.lowers[0].join("small"), "small")?;
    b.file(&l.lowers[0].join("bare"), "bare")?;
    let (union, lowers) = b.mounted_as(&l, copies)?;
    b.syncfs(&upper_fs)?;
    let (big, small) = (l.target.join("big"), l.target.join("small"));
    let fd = b.works("open", sys::open(&big, libc::O_RDWR, 0))?;
    disk.set(Health::Unwritable)?;
    let bare = l.target.join("bare");
    let chmod = sys::chmod(&bare, 0o600);
    must!(
        chmod.is_ok() == b.is_union(),
        "attributes wait for no disk: {chmod:?}"
    )?;
    b.holds(&bare, "bare")?;
    let written = sys::write(fd, b"TEXT", Some(5));
    match copies {
        Copies::Whole => must!(written.is_err(), "a write that must copy first fails")?,
        Copies::Parts => must!(sys::fsync(fd).is_err(), "fsync fails after {written:?}")?,
    }
    must!(
        changes::rewrite(&small, b"small").is_err(),
        "also of a small file"
    )?;
    b.holds(&big, &text)?;
    b.holds(&small, "small")?;
    must!(
        sys::read(fd, 9, Some(5))? == b"text text",
        "the open file is the lower one"
    )?;
    b.works("close", sys::close(fd))?;
    let _ = sys::umount(&l.target, 0);
    let _ = sys::umount(&upper_fs, 0);
    disk.set(Health::Good)?;
    disk.mount(&upper_fs, 0, "")?;
    union.mount(&l.target)?;
    b.same(
        "with the disk well again",
        &lowers[0],
        &walk::walk(&l.target)?,
    )?;
    b.file(&big, "new")?;
    b.works("chmod", sys::chmod(&small, 0o600))?;
    b.sound(&union, &l, &lowers)?;
    b.mapped_done(disk)
}

/// While the file system of the upper layer is read-only, every change fails with EROFS; afterwards every one works.
pub fn upper_remounted(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let (l, union, lowers) = changes::prepared(b, &upper_fs)?;
    let remount = |flags| sys::mount("", &upper_fs, "", libc::MS_REMOUNT | flags, b"");
    // The union's file is open for writing, but the upper layer has no file yet: nothing has been copied.
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

    // It may be read-only when the union is unmounted, which must do no harm.
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

/// An upper layer on ext4 that shuts down under load gives errors, and each name is old or new afterwards.
pub fn upper_shutdown_ext4(b: &mut Bench) -> Result<(), String> {
    b.shut_down_under_load(&image::EXT4)
}

/// An upper layer on xfs that shuts down under load gives errors, and each name is old or new afterwards.
pub fn upper_shutdown_xfs(b: &mut Bench) -> Result<(), String> {
    b.shut_down_under_load(&image::XFS)
}

/// When the disk of the upper layer fails, copies fail with EIO and nothing is lost once it has recovered.
pub fn upper_unwritable(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::XFS)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let (l, union, lowers) = changes::prepared(b, &upper_fs)?;
    let before = walk::walk(&l.target)?;
    b.syncfs(&upper_fs)?;

    disk.set(Health::Dead)?;
    let result = (changes::CHANGES[0].call)(&l.target);
    b.fails("a copy-up that must reach the disk", result, libc::EIO)?;
    for change in changes::CHANGES {
        // Changes that need no disk may be made in memory; they are lost with the file system, which shuts down.
        let _ = (change.call)(&l.target);
    }
    let _ = walk::walk(&l.target);
    b.umount(&l.target)?;
    b.umount(&upper_fs)?;

    disk.set(Health::Good)?;
    disk.mount(&upper_fs, 0, "")?;
    union.mount(&l.target)?;
    b.same("with the disk well again", &before, &walk::walk(&l.target)?)?;
    changes::all_work(b, &l)?;
    b.sound(&union, &l, &lowers)?;
    b.mapped_done(disk)
}

/// The next syncfs, and only that one, reports data that were lost while they were written back; with volatile every
/// one does.
pub fn upper_write_back(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::XFS)?;
    let upper_fs = b.target("upper_fs")?;
    for volatile in [false, true] {
        disk.mount(&upper_fs, 0, "")?;
        let l = b.layout_on(&upper_fs, 1)?;
        b.file(&l.lowers[0].join("file"), "below")?;
        let mut union = b.union(&l);
        if volatile {
            union = union.flag("volatile");
        }
        union.mount(&l.target)?;
        let file = l.target.join("file");
        let fd = b.works("open", sys::open(&file, libc::O_RDWR, 0))?;
        b.works("write", sys::write(fd, &[b'x'; 100_000], None))?;
        let root = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
        let upper = b.works("open", sys::open(l.upper.join("file"), libc::O_RDWR, 0))?;
        // The blocks are allocated: from here on only data are written.
        b.works("fsync of the file of the layer", sys::fsync(upper))?;
        b.works("write", sys::write(fd, &[b'y'; 100_000], Some(0)))?;
        disk.set(Health::Unwritable)?;
        must!(sys::sync_range(upper, 0, 0, 7).is_err(), "write-back fails")?;
        disk.set(Health::Good)?;
        for (call, expected) in [("fsync", [false, true]), ("syncfs", [false, true])] {
            for (time, expected) in expected.into_iter().enumerate() {
                let result = match call {
                    "fsync" => sys::fsync(fd),
                    _ => sys::syncfs(root),
                };
                must!(
                    result.is_ok() == (expected && !volatile),
                    "volatile: {volatile}, {call} number {time}: {result:?}"
                )?;
            }
        }
        let late = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
        must!(
            sys::syncfs(late).is_ok() != volatile,
            "who came later has lost nothing"
        )?;
        for fd in [fd, root, upper, late] {
            b.works("close", sys::close(fd))?;
        }
        b.umount(&l.target)?;
        if volatile {
            let mark = l.work.join("work/incompat");
            std::fs::remove_dir_all(mark).map_err(|error| format!("removing the mark: {error}"))?;
            b.refused(&union, &l.target, &[libc::EIO])?;
            let fd = b.works("open", sys::open(&upper_fs, libc::O_RDONLY, 0))?;
            must!(sys::syncfs(fd).is_err(), "the upper layer tells of it")?;
            b.works("close", sys::close(fd))?;
            union.mount(&l.target)?;
            b.umount(&l.target)?;
        }
        b.umount(&upper_fs)?;
        b.umount(l.lowers[0].parent().ok_or("a parent")?)?;
    }
    b.mapped_done(disk)
}
