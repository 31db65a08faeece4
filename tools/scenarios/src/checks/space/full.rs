// SPDX-License-Identifier: GPL-2.0-only
//! An upper layer that is full.

use crate::bench::Bench;
use crate::changes;
use crate::image;
use crate::sys;

/// On a full ext4, every change is done or leaves no trace.
pub fn space_ext4(b: &mut Bench) -> Result<(), String> {
    b.full_disk(&image::EXT4)
}

/// On an ext4 without free inodes, every change is done or leaves no trace.
pub fn space_ext4_inodes(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let (l, union, lowers) = changes::prepared(b, &upper_fs)?;
    let ballast = b.dir(&upper_fs.join("ballast"))?;
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
    must!(
        failures >= 20,
        "every copy and every new object must have failed, not {failures} times"
    )?;
    std::fs::remove_dir_all(&ballast).map_err(|error| error.to_string())?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// With no free inode, one free inode and so on, every change is done or leaves no trace.
pub fn space_tmpfs_inodes(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let (l, union, lowers) = changes::prepared(b, &upper_fs)?;
    let steps: Vec<u64> = (0..10).collect();
    let failures = changes::squeeze(b, &l, 0, libc::ENOSPC, &steps, |inodes| {
        let stat = b.works("statfs", sys::statfs(&upper_fs))?;
        let options = format!("nr_inodes={}", stat.f_files - stat.f_ffree + inodes);
        b.works(
            "changing the number of inodes of the tmpfs",
            sys::mount("", &upper_fs, "", libc::MS_REMOUNT, options.as_bytes()),
        )
    })?;
    must!(
        failures >= 20,
        "every copy and every new object must have failed, not {failures} times"
    )?;
    b.works(
        "inodes for all",
        sys::mount("", &upper_fs, "", libc::MS_REMOUNT, b"nr_inodes=1000"),
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// With no free page, one free page and so on, every change is done or leaves no trace; changes of attributes and names
/// need none, unless they must copy data.
pub fn space_tmpfs_size(b: &mut Bench) -> Result<(), String> {
    let pages = changes::LENGTH.div_ceil(sys::page_size());
    let whole = with_few_pages(b, "off")?;
    must!(
        whole >= 12 * pages,
        "each page of a dozen copies must have been too much once, {} in all, not {whole}",
        12 * pages
    )?;
    if !b.is_union() {
        return Ok(());
    }
    let bare = with_few_pages(b, "on")?;
    must!(
        bare >= 4 * pages,
        "each page of the copies for new data must have been too much once, {} in all, not {bare}",
        4 * pages
    )?;
    must!(
        whole - bare >= 8 * pages,
        "eight changes need no page: {bare} failures, {whole} if data are copied"
    )
}

/// The number of failures with this value of `metacopy`.
fn with_few_pages(b: &Bench, metacopy: &str) -> Result<usize, String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 1)?;
    b.describe(&l, 0, |b| changes::lower(b, 0))?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l).option("metacopy", metacopy);
    union.mount(&l.target)?;
    b.works("preparing", changes::prepare(&l.target, 0))?;
    let steps: Vec<u64> = (0..12).collect();
    let failures = changes::squeeze(b, &l, 0, libc::ENOSPC, &steps, |pages| {
        let stat = b.works("statfs", sys::statfs(&upper_fs))?;
        let size = (stat.f_blocks - stat.f_bfree + pages) * sys::page_size() as u64;
        let options = format!("size={size}");
        b.works(
            "changing the size of the tmpfs",
            sys::mount("", &upper_fs, "", libc::MS_REMOUNT, options.as_bytes()),
        )
    })?;
    b.sound(&union, &l, &lowers)?;
    b.umount(&upper_fs)?;
    b.umount(l.lowers[0].parent().ok_or("a parent")?)?;
    Ok(failures)
}

/// On a full xfs, every change is done or leaves no trace.
pub fn space_xfs(b: &mut Bench) -> Result<(), String> {
    b.full_disk(&image::XFS)
}
