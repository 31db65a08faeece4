// SPDX-License-Identifier: GPL-2.0-only
//! Images of file systems with changed bytes.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use crate::bench::Bench;
use crate::image::{self, Image};
use crate::random::Dice;
use crate::shape::Fs;
use crate::sys;

const SECTOR: usize = 512;

/// An image as it should be.
pub struct Whole {
    file: RawFd,
    /// The sectors with contents, except the first superblock: without it the image cannot be mounted.
    places: Vec<i64>,
}

/// A loop device with a damaged copy; removed on drop.
pub struct Damaged {
    device: RawFd,
    path: PathBuf,
}

impl Whole {
    /// The image that the host has made, from the disk with this serial number.
    pub fn of_disk(b: &Bench, serial: &str) -> Result<Self, String> {
        Self::new(b.copy_disk(serial)?)
    }

    /// A small file system, filled by `fill`.
    pub fn filled(
        b: &Bench,
        fs: Fs,
        fill: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<Self, String> {
        let image: &Image = match fs {
            Fs::Ext4 => &image::UNCHECKED,
            _ => &image::XFS,
        };
        let copy = b.copy(image)?;
        let (device, path) = sys::loop_device(copy)?;
        let target = b.target("whole")?;
        sys::mount(&path.to_string_lossy(), &target, fs.name(), 0, b"")
            .map_err(|error| format!("mounting {}: {error}", image.name))?;
        fill(&target)?;
        b.umount(&target)?;
        sys::close(device)?;
        Self::new(copy)
    }

    fn new(file: RawFd) -> Result<Self, String> {
        const PIECE: usize = 64 << 10;
        const FIRST: i64 = 4096;
        let end = sys::lseek(file, 0, libc::SEEK_END)?;
        let mut places = Vec::new();
        for at in (FIRST..end).step_by(PIECE) {
            let piece = sys::read(file, PIECE, Some(at))?;
            for (number, sector) in piece.chunks(SECTOR).enumerate() {
                if sector.iter().any(|byte| *byte != 0) {
                    places.push(at + (number * SECTOR) as i64);
                }
            }
        }
        if places.is_empty() {
            return Err("the image has nothing in it".to_owned());
        }
        Ok(Self { file, places })
    }

    /// The bytes to change, and their values: from one to one in a hundred sectors and more.
    pub fn damage(&self, dice: &mut Dice) -> Vec<(i64, u8)> {
        let count = 1 << dice.roll(8);
        let byte = |_| {
            let at = self.places[dice.roll(self.places.len())] + dice.roll(SECTOR) as i64;
            let byte = match dice.roll(3) {
                0 => 0,
                1 => 0xff,
                _ => dice.roll(256) as u8,
            };
            (at, byte)
        };
        (0..count).map(byte).collect()
    }

    /// A copy with this damage.
    pub fn damaged(&self, damage: &[(i64, u8)]) -> Result<Damaged, String> {
        let copy = sys::memfd("damaged")?;
        self.copy(copy)?;
        for (at, byte) in damage {
            sys::write(copy, &[*byte], Some(*at))?;
        }
        let (device, path) = sys::loop_device(copy)?;
        sys::close(copy)?;
        Ok(Damaged { device, path })
    }

    /// Copies everything but holes.
    fn copy(&self, to: RawFd) -> Result<(), String> {
        const PIECE: i64 = 1 << 20;
        let end = sys::lseek(self.file, 0, libc::SEEK_END)?;
        sys::ftruncate(to, end)?;
        let mut at = 0;
        // ENXIO: only holes follow.
        while let Ok(data) = sys::lseek(self.file, at, libc::SEEK_DATA) {
            let hole = sys::lseek(self.file, data, libc::SEEK_HOLE)?;
            let length = (hole - data).min(PIECE);
            let piece = sys::read(self.file, length as usize, Some(data))?;
            sys::write(to, &piece, Some(data))?;
            at = data + length;
        }
        Ok(())
    }
}

impl Damaged {
    /// Mounts it, if its file system accepts it.
    pub fn mount(&self, fs: Fs, target: &Path, read_only: bool) -> sys::Result<()> {
        let (flags, data): (_, &[u8]) = match (fs, read_only) {
            // Without the error behaviour in the superblock, which may be panic.
            (Fs::Ext4, true) => (libc::MS_RDONLY, b"errors=continue,noload"),
            (Fs::Ext4, false) => (0, b"errors=continue"),
            (Fs::Xfs, true) => (libc::MS_RDONLY, b"norecovery,nouuid"),
            (Fs::Xfs, false) => (0, b"nouuid"),
            _ => (libc::MS_RDONLY, b""),
        };
        sys::mount(&self.path.to_string_lossy(), target, fs.name(), flags, data)
    }
}

impl Drop for Damaged {
    fn drop(&mut self) {
        let _ = sys::close(self.device);
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        let _ = sys::close(self.file);
    }
}
