// SPDX-License-Identifier: GPL-2.0-only
//! Partial files while the union, or its upper layer, is read-only.

use crate::bench::Bench;
use crate::changes::with;
use crate::image;
use crate::mount;
use crate::parts::{self, Parts};
use crate::sys::{self, Map};
use crate::union;

/// A union that is read-only shows what was written, and all of it is on the disk; its upper layer becomes read-only
/// only when that is so.
pub fn partial_read_only(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    for image in [&image::EXT4, &image::XFS] {
        read_only(b, image).map_err(|error| format!("{}: {error}", image.fstype))?;
        let left = mount::unmount_below(b.base());
        must!(left.is_empty(), "all unmounted, but for {left:?}")?;
    }
    Ok(())
}

fn read_only(b: &Bench, image: &image::Image) -> Result<(), String> {
    let disk = b.looped(image)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let names = ["written", "untouched", "cut", "bare"];
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &names)?;
    let remount = |flags| sys::mount("", &upper_fs, "", libc::MS_REMOUNT | flags, b"");
    b.works("chmod", sys::chmod(parts.path("bare"), 0o640))?;
    parts.write("written", 1, 50_001, 100)?;
    parts.write("cut", 1, 50_001, 100)?;
    // What is not on the disk yet could not get there any more.
    b.fails(
        "the upper layer becomes read-only too early",
        remount(libc::MS_RDONLY),
        libc::EBUSY,
    )?;
    b.syncfs(&parts.layout.target)?;
    b.works(
        "the upper layer becomes read-only",
        remount(libc::MS_RDONLY),
    )?;
    refused(b, &parts)?;
    b.works("the upper layer becomes writable", remount(0))?;
    parts.write("written", 2, 150_001, 100)?;
    parts.write("untouched", 2, 150_001, 100)?;
    parts.write("bare", 2, 150_001, 100)?;
    b.works("truncate", sys::truncate(parts.path("cut"), 60_000))?;
    parts.shows.get_mut("cut").ok_or("a file")?.truncate(60_000);
    parts.are_right("writable again")?;

    // An open file that was written to keeps the union writable, as any file system.
    let open = b.works("open", sys::open(parts.path("written"), libc::O_RDWR, 0))?;
    let busy = mount::reconfigure(&parts.layout.target, &[("ro", None)]);
    must!(
        busy.is_err_and(|failure| failure.errno.0 == libc::EBUSY),
        "a union with a file open for writing stays writable"
    )?;
    b.works("close", sys::close(open))?;
    mount::reconfigure(&parts.layout.target, &[("ro", None)])?;
    for name in ["written", "untouched", "bare"] {
        let there = b.works("the map", parts::granules(&parts.upper(name)))?;
        must!(there > 0, "{name} is written down")?;
    }
    // Nothing keeps the upper layer writable then.
    b.works(
        "the upper layer becomes read-only",
        remount(libc::MS_RDONLY),
    )?;
    parts.are_right("both read-only")?;
    b.works("the upper layer becomes writable", remount(0))?;
    mount::reconfigure(&parts.layout.target, &[("rw", None)])?;
    parts.write("written", 3, 250_001, 100)?;
    parts.sound()
}

/// Every change fails with EROFS, and what is shown stays.
fn refused(b: &Bench, parts: &Parts) -> Result<(), String> {
    parts.are_right("read-only")?;
    for name in parts.shows.keys() {
        let path = parts.path(name);
        let opened = sys::open(&path, libc::O_RDWR, 0);
        b.fails(&format!("open of {name}"), opened, libc::EROFS)?;
        let truncated = sys::truncate(&path, 100_000);
        b.fails(&format!("truncate of {name}"), truncated, libc::EROFS)?;
        let changed = sys::chmod(&path, 0o600);
        b.fails(&format!("chmod of {name}"), changed, libc::EROFS)?;
        let fd = b.works("open", sys::open(&path, libc::O_RDONLY, 0))?;
        b.works(&format!("fsync of {name}"), sys::fsync(fd))?;
        let is_partial = parts::is_partial(&parts.upper(name));
        let map = Map::new(fd, parts::SIZE, libc::PROT_READ, libc::MAP_PRIVATE);
        match is_partial {
            // What is missing cannot be brought.
            true => b.fails(&format!("mmap of {name}"), map.map(drop), libc::EROFS)?,
            false => b.works(&format!("mmap of {name}"), map.map(drop))?,
        }
        if is_partial {
            b.fails("settle", union::settle(fd), libc::EROFS)?;
        }
        b.works("close", sys::close(fd))?;
    }
    parts.are_right("read-only")
}

/// An ext4 that makes itself read-only at an error, with files that are not written down: reading continues, every
/// change and sync is an error, and after a repair each granule is the old or the new one.
pub fn partial_gave_up(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "errors=remount-ro")?;
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &["synced", "pending"])?;
    parts.write("synced", 1, 50_001, 100)?;
    b.works(
        "fsync",
        with(&parts.path("synced"), libc::O_RDWR, sys::fsync),
    )?;
    let before = parts.shows["pending"].clone();
    parts.write("pending", 1, 50_001, 100)?;
    let fd = b.works("open", sys::open(parts.path("pending"), libc::O_RDWR, 0))?;
    let name = disk.path.file_name().ok_or("a name")?.to_string_lossy();
    let trigger = format!("/sys/fs/ext4/{name}/trigger_fs_error");
    std::fs::write(&trigger, "on purpose").map_err(|error| format!("{trigger}: {error}"))?;
    must!(
        sys::fsync(fd).is_err(),
        "fsync of what cannot be written down"
    )?;
    must!(
        sys::write(fd, b"more", Some(150_001)).is_err(),
        "a write that has to copy"
    )?;
    b.works("close", sys::close(fd))?;
    parts.is_right("read-only", "synced")?;
    parts.umount()?;
    b.umount(&upper_fs)?;
    disk.mount(&upper_fs, 0, "")?;
    parts.mount()?;
    parts.is_right("repaired", "synced")?;
    let found = std::fs::read(parts.path("pending")).map_err(|error| error.to_string())?;
    let whole = [&before, &parts.shows["pending"]];
    must!(whole.contains(&&found), "all of a granule is old or new")?;
    parts.shows.insert("pending".into(), found);
    parts.write("pending", 2, 50_001, 100)?;
    parts.sound()
}
