// SPDX-License-Identifier: GPL-2.0-only
//! Partial files on disks that fail.

use crate::bench::Bench;
use crate::changes::with;
use crate::image::{self, Health, Image};
use crate::mount;
use crate::parts::{self, Parts};
use crate::random::Dice;
use crate::sys;
use crate::union;

/// What shows that data got lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// fsync.
    Fsync,
    /// syncfs, and then fsync.
    Syncfs,
    /// Nobody: the union is unmounted.
    Unmount,
    /// The next write, with `O_DSYNC`.
    Write,
    /// Having all of the file copied.
    Settle,
    /// A mapping.
    Map,
    /// Cutting the file.
    Cut,
}

const TOLD: &[Told] = &[
    Told::Fsync,
    Told::Syncfs,
    Told::Unmount,
    Told::Write,
    Told::Settle,
    Told::Map,
    Told::Cut,
];

/// Where granules are written whose data get lost: each writer has one of its own.
const LOST: [usize; 2] = [50_001, 150_001];

/// Data of granules that the disk does not know get lost when they are written back to ext4: the lower file is the
/// truth for them again, or they are kept; each open file is told once.
pub fn partial_lost_ext4(b: &mut Bench) -> Result<(), String> {
    lost(b, &image::EXT4)
}

/// The same on xfs, which shows zeros where blocks were allocated and never written.
pub fn partial_lost_xfs(b: &mut Bench) -> Result<(), String> {
    lost(b, &image::XFS)
}

/// The same on btrfs, which keeps what was there before.
pub fn partial_lost_btrfs(b: &mut Bench) -> Result<(), String> {
    lost(b, &image::ORDERING_BTRFS)
}

fn lost(b: &Bench, image: &Image) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    for told in TOLD {
        for forgets in [false, true] {
            lose(b, image, *told, forgets)
                .map_err(|error| format!("{told:?}, caches dropped: {forgets}: {error}"))?;
            let left = mount::unmount_below(b.base());
            must!(left.is_empty(), "all unmounted, but for {left:?}")?;
        }
    }
    Ok(())
}

/// `forgets`: clean pages leave the memory when the disk has failed.
fn lose(b: &Bench, image: &Image, told: Told, forgets: bool) -> Result<(), String> {
    let disk = b.mapped(image)?;
    let upper_fs = b.target("upper_fs")?;
    let options = match image.fstype {
        "ext4" => "errors=continue",
        _ => "",
    };
    disk.mount(&upper_fs, 0, options)?;
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &["file"])?;
    let path = parts.path("file");
    // One granule is on the disk, and stays.
    parts.write("file", 1, 250_001, 100)?;
    b.works("fsync", with(&path, libc::O_RDWR, sys::fsync))?;
    let old = parts.shows["file"].clone();
    let open = || b.works("open", sys::open(&path, libc::O_RDWR, 0));
    let writers = [open()?, open()?];
    for (number, (fd, at)) in writers.into_iter().zip(LOST).enumerate() {
        let data = parts::new(2 + number as u64, at, 100);
        b.works("write", parts::whole(fd, at, &data))?;
        parts.expect("file", at, &data);
    }
    let new = parts.shows["file"].clone();

    // Only what the page cache has is written, and fails; the rest of the file system does not know.
    let upper = b.works("open", sys::open(parts.upper("file"), libc::O_RDWR, 0))?;
    disk.set(Health::Unwritable)?;
    must!(sys::sync_range(upper, 0, 0, 7).is_err(), "write-back fails")?;
    disk.set(Health::Good)?;
    b.works("close", sys::close(upper))?;
    if forgets {
        parts::forget()?;
    }
    let when = |what: &str| format!("{told:?}, {what}");
    if !forgets {
        either(&when("before anybody is told"), &parts, &old, &new)?;
    }
    match told {
        Told::Fsync => {}
        Told::Syncfs => {
            let root = b.works("open", sys::open(&parts.layout.target, libc::O_RDONLY, 0))?;
            must!(sys::syncfs(root).is_err(), "syncfs tells of it")?;
            b.works("close", sys::close(root))?;
        }
        Told::Unmount => {
            for fd in writers {
                b.works("close", sys::close(fd))?;
            }
            parts.umount()?;
            parts::forget()?;
            parts.mount()?;
            either(&when("mounted again"), &parts, &old, &new)?;
            return usable(b, parts, disk);
        }
        Told::Write => {
            let synced = with(&path, libc::O_RDWR | libc::O_DSYNC, |fd| {
                parts::whole(fd, 200_001, b"durable")
            });
            if synced.is_ok() {
                let found = std::fs::read(&path).map_err(|error| error.to_string())?;
                must!(found[200_001..].starts_with(b"durable"), "it is there")?;
            }
        }
        Told::Settle => {
            let _ = with(&path, libc::O_RDONLY, union::settle);
        }
        Told::Map => {
            let _ = with(&path, libc::O_RDONLY, |fd| {
                let map = sys::Map::new(fd, parts::SIZE, libc::PROT_READ, libc::MAP_PRIVATE)?;
                Ok(map.bytes())
            });
        }
        Told::Cut => {
            let cut = || sys::truncate(&path, parts::SIZE as i64 - 1000);
            let first = cut();
            let is_told = first.as_ref().is_err_and(|error| error.0 == libc::EIO);
            // btrfs waits for what is being written before it cuts a file, and may tell of it
            // (btrfs_wait_ordered_range()).
            let done = if image.fstype == "btrfs" && is_told {
                cut()
            } else {
                first
            };
            b.works("truncate", done)?;
        }
    }
    // As on any file system: each open file is told once.
    for (number, fd) in writers.into_iter().enumerate() {
        let first = sys::fsync(fd);
        must!(
            first.as_ref().is_err_and(|error| error.0 == libc::EIO),
            "the first fsync of writer {number}: {first:?}"
        )?;
    }
    for (number, fd) in writers.into_iter().enumerate() {
        let second = sys::fsync(fd);
        must!(
            second.is_ok(),
            "the second fsync of writer {number}: {second:?}"
        )?;
    }
    let late = open()?;
    b.works("who came later has lost nothing", sys::fsync(late))?;
    for fd in writers.into_iter().chain([late]) {
        b.works("close", sys::close(fd))?;
    }
    either(&when("afterwards"), &parts, &old, &new)?;
    let found = std::fs::read(&path).map_err(|error| error.to_string())?;
    parts.umount()?;
    parts::forget()?;
    parts.mount()?;
    // After a successful fsync.
    parts::shows(&when("mounted again"), &path, &found)?;
    usable(b, parts, disk)
}

/// Each granule that was lost is the old one or the new one, and everything else is as it was.
fn either(when: &str, parts: &Parts, old: &[u8], new: &[u8]) -> Result<(), String> {
    let found = std::fs::read(parts.path("file")).map_err(|error| format!("{when}: {error}"))?;
    let end = found.len().min(old.len());
    for granule in (0..end).step_by(4096) {
        let bytes = granule..(granule + 4096).min(end);
        // Of a file that was settled there is no lower one any more.
        let written = 200_001 / 4096 * 4096 == granule && found[200_001..].starts_with(b"durable");
        let is = |whole: &[u8]| found[bytes.clone()] == whole[bytes.clone()];
        if !written && !is(old) && !is(new) {
            return parts::differ(
                &format!("{when}, the granule at {granule}"),
                &found[bytes.clone()],
                &new[bytes],
            );
        }
    }
    Ok(())
}

/// The file can be written and synced again.
fn usable(b: &Bench, mut parts: Parts, disk: image::Disk) -> Result<(), String> {
    let path = parts.path("file");
    let found = std::fs::read(&path).map_err(|error| error.to_string())?;
    parts.shows.insert("file".into(), found);
    for at in LOST {
        parts.write("file", 9, at - 50, 200)?;
    }
    b.works("fsync", with(&path, libc::O_RDWR, sys::fsync))?;
    parts.again("well again")?;
    parts.sound()?;
    b.umount(parts.layout.lowers[0].parent().ok_or("a parent")?)?;
    b.mapped_done(disk)
}

/// The disk of an upper layer on ext4 fails in the middle of writes to partial files.
pub fn partial_dies_ext4(b: &mut Bench) -> Result<(), String> {
    dies(b, &image::EXT4)
}

/// The same on xfs.
pub fn partial_dies_xfs(b: &mut Bench) -> Result<(), String> {
    dies(b, &image::XFS)
}

/// Writes whole and partial granules of which each tells its version, syncs now and then, and lets the disk fail.
/// Afterwards each granule has one version, the last synced one or a later one.
fn dies(b: &Bench, image: &Image) -> Result<(), String> {
    const GRANULES: usize = parts::SIZE / 4096;
    b.union_only("overlayfs copies whole files")?;
    for round in 0..4 {
        let disk = b.mapped(image)?;
        let upper_fs = b.target("upper_fs")?;
        disk.mount(&upper_fs, 0, "")?;
        let parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &["file"])?;
        let path = parts.path("file");
        let fd = b.works("open", sys::open(&path, libc::O_RDWR, 0))?;
        let mut dice = Dice::new(round);
        let mut written = vec![0u64; GRANULES];
        let mut synced = written.clone();
        let ends = 40 + 15 * round;
        for step in 1..ends + 40 {
            if step == ends {
                disk.set(Health::Dead)?;
            }
            let granule = dice.roll(GRANULES);
            // The middle of it; the rest is the lower file's for ever.
            let at = granule * 4096 + 1000;
            if parts::whole(fd, at, &parts::new(step, at, 2000)).is_ok() {
                written[granule] = step;
            }
            if dice.roll(5) == 0 && sys::fsync(fd).is_ok() {
                synced.clone_from(&written);
            }
        }
        b.works("close", sys::close(fd))?;
        let _ = sys::umount(&parts.layout.target, 0);
        b.umount(&upper_fs)?;
        disk.set(Health::Good)?;
        disk.mount(&upper_fs, 0, "")?;
        parts.mount()?;
        let found = std::fs::read(&path).map_err(|error| error.to_string())?;
        for granule in 0..GRANULES {
            let at = granule * 4096;
            let is = |version: &u64| {
                let mut expected = parts::old()[at..at + 4096].to_vec();
                if *version > 0 {
                    parts::put(&mut expected, 1000, &parts::new(*version, at + 1000, 2000));
                }
                found[at..at + 4096] == expected
            };
            must!(
                (synced[granule]..=written[granule]).any(|version| is(&version)),
                "round {round}: granule {granule} has a version of {}..={}: {:?}",
                synced[granule],
                written[granule],
                &found[at + 998..at + 1004]
            )?;
        }
        let mut parts = parts;
        parts.shows.insert("file".into(), found);
        parts.write("file", 1000, 9, 5000)?;
        parts.sound()?;
        b.umount(parts.layout.lowers[0].parent().ok_or("a parent")?)?;
        b.mapped_done(disk)?;
    }
    Ok(())
}

/// The disk of the lower layer fails while a granule is filled, or the rest is brought: EIO, and nothing of it counts.
pub fn partial_lower_gone(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let disk = b.mapped(&image::EXT4)?;
    let below = b.target("device")?;
    disk.mount(&below, 0, "")?;
    let mut layout = b.layout_on(&b.tmpfs("upper_fs")?, 0)?;
    layout.lowers.push(b.dir(&below.join("layer"))?);
    let mut parts = Parts::large(b, layout, &["file", "half", "first"])?;
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;
    parts.mount()?;
    parts.write("file", 1, 250_001, 100)?;
    parts.write("half", 1, 250_001, 100)?;
    b.syncfs(&parts.layout.target)?;
    parts::forget()?;
    // The beginning is in memory: completing the file gets that far.
    let fd = b.works("open", sys::open(parts.lower("half"), libc::O_RDONLY, 0))?;
    b.works("fadvise", sys::fadvise(fd, libc::POSIX_FADV_RANDOM))?;
    b.works("read", sys::read(fd, 100_000, Some(0)))?;
    b.works("close", sys::close(fd))?;
    for name in ["file", "first", "half"] {
        b.works("stat", sys::stat(parts.path(name), 0))?;
    }
    let open = |name| b.works("open", sys::open(parts.path(name), libc::O_RDWR, 0));
    let (file, half, first) = (open("file")?, open("half")?, open("first")?);
    disk.set(Health::Dead)?;
    let before = parts::taken(&parts.upper("file"));
    for at in [50_001, 4096 * 9 - 1, parts::SIZE - 2] {
        b.fails(
            "a write into a granule",
            parts::whole(file, at, b"written"),
            libc::EIO,
        )?;
        b.fails(
            "the first write",
            parts::whole(first, at, b"written"),
            libc::EIO,
        )?;
        b.fails(
            "a read",
            sys::read(file, 10, Some(at as i64 - 3)),
            libc::EIO,
        )?;
    }
    // A granule that is written as a whole needs nothing of the lower file.
    let data = parts::new(3, 8192, 4096);
    b.works("a whole granule", parts::whole(file, 8192, &data))?;
    b.fails("settle", union::settle(half), libc::EIO)?;
    b.fails(
        "fallocate",
        sys::fallocate(half, 0, 0, parts::SIZE as i64),
        libc::EIO,
    )?;
    let map = sys::Map::new(half, parts::SIZE, libc::PROT_READ, libc::MAP_PRIVATE);
    b.fails("mmap", map.map(drop), libc::EIO)?;
    b.works("fsync", sys::fsync(file))?;
    b.works("fsync", sys::fsync(half))?;
    let there = b.works("the map", parts::granules(&parts.upper("file")))?;
    must!(there == 2, "two granules are there, not {there}")?;
    let after = parts::taken(&parts.upper("file"));
    must!(
        after <= before + 4096,
        "what failed takes nothing: {after} bytes, before {before}"
    )?;
    disk.set(Health::Good)?;
    parts.expect("file", 8192, &data);
    parts.are_right("well again")?;
    for (name, fd) in [("file", file), ("half", half), ("first", first)] {
        let data = parts::new(4, 50_001, 100);
        b.works("write", parts::whole(fd, 50_001, &data))?;
        parts.expect(name, 50_001, &data);
        b.works("close", sys::close(fd))?;
    }
    parts.sound()?;
    b.mapped_done(disk)
}
