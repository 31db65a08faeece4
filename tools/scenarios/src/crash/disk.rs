// SPDX-License-Identifier: GPL-2.0-only
//! The disk of a workload: a copy of an image in memory, and the log of the writes to it.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::log::{self, Entry};
use crate::bench::Bench;
use crate::image::Image;
use crate::sys;

/// Room for the log of one workload.
const LOG: u64 = 640 << 20;

/// How the file system is mounted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// Flags of mount(2).
    pub flags: u64,
    /// Options of the file system.
    pub options: &'static str,
}

/// A block device over a file in memory; removed on drop.
pub struct Looped {
    /// Its node.
    pub path: PathBuf,
    device: RawFd,
}

impl Looped {
    /// A device over an open file.
    pub fn new(file: RawFd) -> Result<Self, String> {
        let (device, path) =
            sys::loop_device(file).map_err(|error| format!("making a loop device: {error}"))?;
        Ok(Self { path, device })
    }

    /// Mounts the file system on it.
    pub fn mount(&self, fstype: &str, target: &Path) -> Result<(), String> {
        mount(&self.path, fstype, target, How::default())
    }
}

fn mount(device: &Path, fstype: &str, target: &Path, how: How) -> Result<(), String> {
    let How { flags, options } = how;
    let device = device.to_string_lossy();
    sys::mount(&device, target, fstype, flags, options.as_bytes())
        .map_err(|error| format!("mounting {fstype} {options:?}: {error}"))
}

impl Drop for Looped {
    fn drop(&mut self) {
        let _ = sys::close(self.device);
    }
}

/// A disk in memory.
pub struct Disk {
    file: RawFd,
    fstype: &'static str,
    sectors: u64,
}

impl Disk {
    /// A copy of an image.
    pub fn new(bench: &Bench, image: &Image) -> Result<Self, String> {
        Ok(Self {
            file: bench.copy(image)?,
            fstype: image.fstype,
            sectors: image.mib << 11,
        })
    }

    /// The device without a log, for preparation.
    pub fn plain(&self) -> Result<Looped, String> {
        Looped::new(self.file)
    }

    /// Its contents.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        Ok(sys::read(self.file, (self.sectors << 9) as usize, Some(0))?)
    }

    /// The device with a log of all writes.
    pub fn logged(&self) -> Result<Logged, String> {
        let log = sys::memfd("log")?;
        sys::ftruncate(log, LOG as i64)?;
        let (disk, log_disk) = (self.plain()?, Looped::new(log)?);
        let mapped = sys::Mapped::new(&format!("crash-{}", std::process::id()))
            .map_err(|error| format!("making a mapped device: {error}"))?;
        let parameters = format!("{} {}", disk.path.display(), log_disk.path.display());
        mapped
            .table(self.sectors, "log-writes", &parameters)
            .map_err(|error| format!("loading the table log-writes {parameters}: {error}"))?;
        Ok(Logged {
            fstype: self.fstype,
            mapped,
            log,
            _disks: [disk, log_disk],
        })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = sys::close(self.file);
    }
}

/// A disk whose writes are logged.
pub struct Logged {
    fstype: &'static str,
    mapped: sys::Mapped,
    log: RawFd,
    _disks: [Looped; 2],
}

impl Logged {
    /// Mounts it.
    pub fn mount(&self, target: &Path, how: How) -> Result<(), String> {
        mount(&self.mapped.path, self.fstype, target, how)
    }

    /// Leaves a mark in the log.
    pub fn mark(&self, text: &str) -> Result<(), String> {
        self.mapped
            .message(&format!("mark {text}"))
            .map_err(|error| format!("marking the log: {error}"))
    }

    /// Removes the unmounted device and reads the log.
    pub fn end(self) -> Result<(Vec<u8>, Vec<Entry>), String> {
        // A file system may have its device open a moment longer than its unmount takes.
        sys::until_idle(|| self.mapped.remove())
            .map_err(|error| format!("removing the mapped device: {error}"))?;
        // The log has no holes.
        let length = sys::lseek(self.log, 0, libc::SEEK_HOLE)?;
        let bytes = sys::read(self.log, length as usize, Some(0))?;
        sys::close(self.log)?;
        let entries = log::parse(&bytes)?;
        match entries.last() {
            Some(Entry::Mark(text)) if text == "dm-log-writes-end" => Ok((bytes, entries)),
            last => Err(format!(
                "the log is not complete, its last entry is {last:?}"
            )),
        }
    }
}
