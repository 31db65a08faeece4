// SPDX-License-Identifier: GPL-2.0-only
//! Layers on file systems whose bytes are not what they were.
//!
//! Each damaged image is mounted and read by itself first: what its own file system cannot bear is no business of the
//! union's. Then it becomes a lower layer.

use std::os::fd::RawFd;
use std::path::Path;

use super::exercise::Exercise;
use crate::bench::Bench;
use crate::image::{self, Image};
use crate::make;
use crate::random::Dice;
use crate::scenario::Notes;
use crate::shape::Fs;
use crate::sys;
use crate::tree::{self, Builder};

/// File systems whose images are damaged.
pub const FILE_SYSTEMS: [Fs; 5] = [Fs::Ext4, Fs::Xfs, Fs::Erofs, Fs::Squashfs, Fs::Iso9660];

/// Damage that the file system itself does not survive, without any union: file system, seed, what happens.
pub const UNBEARABLE: &[(Fs, u64, &str)] = &[];

/// Serial number of the disk that carries the undamaged image, which the host has made of [`tree`].
pub fn serial(fs: Fs) -> Option<String> {
    fs.is_image().then(|| format!("whole-{}", fs.name()))
}

/// What is on the images.
pub fn tree(fs: Fs) -> Builder {
    let mut b = Builder::default();
    // What cannot be compressed away.
    let mut noise = Dice::new(1);
    for dir in ["a", "a/b", "a/b/c", "d"] {
        b.dir(dir);
        for number in 0..12 {
            let size = [0, 1, 100, 3000, 9000][number % 5];
            let data: Vec<u8> = (0..size).map(|_| noise.roll(256) as u8).collect();
            b.file(&format!("{dir}/f{number}"), data);
        }
        b.symlink(&format!("{dir}/short"), "f1");
        b.symlink(&format!("{dir}/long"), &"x/".repeat(60));
        b.fifo(&format!("{dir}/fifo"));
        b.char_device(&format!("{dir}/null"), 1, 3);
    }
    if fs != Fs::Iso9660 {
        b.file("marked", "text")
            .xattr("user.a", &[b'1'; 200])
            .xattr("trusted.overlay.whiteout", b"y");
        b.dir("redirected")
            .xattr("trusted.overlay.redirect", b"/a/b");
        b.dir("opaque").xattr("trusted.overlay.opaque", b"x");
        b.lower(0).whiteout("gone");
        b.anywhere();
    }
    // Enough names for more than one block of a directory.
    for number in 0..150 {
        b.file(&format!("d/a name of some length {number:03}"), "");
    }
    if fs.whole_seconds() {
        b.in_whole_seconds()
    } else {
        b
    }
}

/// Damages copies of the image in `rounds` ways.
pub fn run(b: &Bench, fs: Fs, seed: u64, rounds: usize) -> Notes {
    if let Some((_, _, why)) = UNBEARABLE
        .iter()
        .find(|(of, known, _)| (*of, *known) == (fs, seed))
    {
        return Err(format!("skip: without any union {why}"));
    }
    let whole = whole(b, fs)?;
    let places = places(whole)?;
    b.must("an image with something in it", !places.is_empty())?;
    let l = b.layout(1)?;
    let lower = b.target("damaged")?;
    let mut dice = Dice::new(seed);
    let mut notes = Vec::new();
    let mut mounted = 0;
    for round in 0..rounds {
        let damaged = sys::memfd("damaged")?;
        copy(whole, damaged)?;
        // From one byte to one in a hundred sectors and more.
        let count = 1 << dice.roll(8);
        for _ in 0..count {
            let at = places[dice.roll(places.len())] + dice.roll(512) as i64;
            let byte = match dice.roll(3) {
                0 => 0,
                1 => 0xff,
                _ => dice.roll(256) as u8,
            };
            sys::write(damaged, &[byte], Some(at))?;
        }
        let (device, path) = sys::loop_device(damaged)?;
        sys::close(damaged)?;
        if attach(fs, &path, &lower).is_ok() {
            mounted += 1;
            let mut exercise = Exercise::new(seed + round as u64, 500);
            // By itself. Whatever it says is its own business.
            let _ = exercise.look(&lower);
            for merged in [false, true] {
                let union = b.new_union();
                let union = if merged {
                    union.lower(&l.lowers[0])
                } else {
                    union
                };
                let union = union.lower(&lower).upper(&l.upper, &l.work);
                // Its root may be damaged as well.
                if union.mount(&l.target).is_ok() {
                    let mut exercise = Exercise::new(seed + round as u64, 500);
                    exercise.look(&l.target)?;
                    exercise.change(&l.target)?;
                    b.umount(&l.target)?;
                    if round == 0 {
                        notes.push(format!(
                            "{} calls succeeded, {} failed cleanly",
                            exercise.succeeded, exercise.failed
                        ));
                    }
                }
                renew(b, &l.upper)?;
            }
            b.umount(&lower)?;
        }
        sys::close(device)?;
    }
    sys::close(whole)?;
    notes.push(format!(
        "{mounted} of {rounds} damaged images could be mounted"
    ));
    Ok(notes)
}

/// The image as it should be.
fn whole(b: &Bench, fs: Fs) -> Result<RawFd, String> {
    if let Some(serial) = serial(fs) {
        return b.copy_disk(&serial);
    }
    let image: &Image = match fs {
        Fs::Ext4 => &image::UNCHECKED,
        _ => &image::XFS,
    };
    let copy = b.copy(image)?;
    let (device, path) = sys::loop_device(copy)?;
    let target = b.target("whole")?;
    let device_path = path.to_string_lossy();
    sys::mount(&device_path, &target, fs.name(), 0, b"")
        .map_err(|error| format!("mounting {}: {error}", image.name))?;
    let spread = tree::spread(&tree(fs), 1);
    make::make(&target, &spread.lowers[0])?;
    b.umount(&target)?;
    sys::close(device)?;
    Ok(copy)
}

/// Where the sectors are that hold anything, but for the first superblock: without it there is nothing to mount.
fn places(image: RawFd) -> Result<Vec<i64>, String> {
    const SECTOR: usize = 512;
    const PIECE: usize = 64 << 10;
    const FIRST: i64 = 4096;
    let end = sys::lseek(image, 0, libc::SEEK_END)?;
    let mut places = Vec::new();
    for at in (FIRST..end).step_by(PIECE) {
        let piece = sys::read(image, PIECE, Some(at))?;
        for (number, sector) in piece.chunks(SECTOR).enumerate() {
            if sector.iter().any(|byte| *byte != 0) {
                places.push(at + (number * SECTOR) as i64);
            }
        }
    }
    Ok(places)
}

fn copy(from: RawFd, to: RawFd) -> Result<(), String> {
    const PIECE: usize = 256 << 10;
    let end = sys::lseek(from, 0, libc::SEEK_END)?;
    sys::ftruncate(to, end)?;
    for at in (0..end).step_by(PIECE) {
        let data = sys::read(from, PIECE, Some(at))?;
        if data.iter().any(|byte| *byte != 0) {
            sys::write(to, &data, Some(at))?;
        }
    }
    Ok(())
}

fn attach(fs: Fs, device: &Path, target: &Path) -> sys::Result<()> {
    let data: &[u8] = match fs {
        // Not what the superblock says, which may be: panic.
        Fs::Ext4 => b"errors=continue,noload",
        Fs::Xfs => b"norecovery,nouuid",
        _ => b"",
    };
    let device = device.to_string_lossy();
    sys::mount(&device, target, fs.name(), libc::MS_RDONLY, data)
}

/// Empties the top for the next union.
fn renew(b: &Bench, upper: &Path) -> Result<(), String> {
    std::fs::remove_dir_all(upper).map_err(|error| format!("emptying the top: {error}"))?;
    b.dir(upper).map(drop)
}
