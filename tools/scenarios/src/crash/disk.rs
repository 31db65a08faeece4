// SPDX-License-Identifier: GPL-2.0-only
//! The disk of a workload: a copy of an image in memory, and the log of what is written to it.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::log::{self, Entry};
use super::points::Point;
use crate::bench::Bench;
use crate::image::Image;
use crate::sys;

/// Room for the log of one workload.
const LOG: u64 = 640 << 20;

/// Pages, of the disk and of memory.
const PAGE: usize = 4096;

/// A block device over a file in memory; gone when it is dropped.
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
        mount(&self.path, fstype, target)
    }
}

fn mount(device: &Path, fstype: &str, target: &Path) -> Result<(), String> {
    sys::mount(&device.to_string_lossy(), target, fstype, 0, b"")
        .map_err(|error| format!("mounting {fstype}: {error}"))
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

    /// The device, to be prepared without a log.
    pub fn plain(&self) -> Result<Looped, String> {
        Looped::new(self.file)
    }

    /// What it holds.
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
    pub fn mount(&self, target: &Path) -> Result<(), String> {
        mount(&self.mapped.path, self.fstype, target)
    }

    /// Leaves a mark in the log.
    pub fn mark(&self, text: &str) -> Result<(), String> {
        self.mapped
            .message(&format!("mark {text}"))
            .map_err(|error| format!("marking the log: {error}"))
    }

    /// Takes the device, which is not mounted any more, apart and reads the log.
    pub fn end(self) -> Result<(Vec<u8>, Vec<Entry>), String> {
        self.mapped
            .remove()
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

/// A disk as it was before a workload, on which the writes of a log are done again.
pub struct Replay {
    bytes: Vec<u8>,
    /// Which pages hold something.
    used: Vec<bool>,
    log: Vec<u8>,
    entries: Vec<Entry>,
    applied: usize,
}

impl Replay {
    /// Begins with what the disk held before.
    pub fn new(bytes: Vec<u8>, log: Vec<u8>, entries: Vec<Entry>) -> Self {
        let used = bytes
            .chunks(PAGE)
            .map(|page| page.iter().any(|byte| *byte != 0));
        Self {
            used: used.collect(),
            bytes,
            log,
            entries,
            applied: 0,
        }
    }

    /// The entries of the log.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A disk in the state of a point, which must not be before that of an earlier call.
    pub fn state(&mut self, point: &Point) -> Result<RawFd, String> {
        while self.applied < point.applied {
            self.apply(self.applied);
            self.applied += 1;
        }
        let file = sys::memfd("state")?;
        sys::ftruncate(file, self.bytes.len() as i64)?;
        let mut start = 0;
        while start < self.used.len() {
            let run = self.used[start..].iter().take_while(|used| **used).count();
            let range = start * PAGE..((start + run) * PAGE).min(self.bytes.len());
            if run > 0 {
                put(file, range.start, &self.bytes[range])?;
            }
            start += run.max(1);
        }
        for (index, from, to) in &point.pieces {
            let Entry::Write { at, data, .. } = &self.entries[*index] else {
                return Err(format!("entry {index} of the log is no write"));
            };
            put(
                file,
                at + from,
                &self.log[data.start + from..data.start + to],
            )?;
        }
        Ok(file)
    }

    fn apply(&mut self, index: usize) {
        let range = match &self.entries[index] {
            Entry::Write { at, data, .. } => {
                self.bytes[*at..at + data.len()].copy_from_slice(&self.log[data.clone()]);
                *at..at + data.len()
            }
            Entry::Discard(range) => {
                self.bytes[range.clone()].fill(0);
                range.clone()
            }
            Entry::Flush | Entry::Mark(_) => return,
        };
        if !range.is_empty() {
            self.used[range.start / PAGE..=(range.end - 1) / PAGE].fill(true);
        }
    }
}

fn put(file: RawFd, at: usize, bytes: &[u8]) -> Result<(), String> {
    match sys::write(file, bytes, Some(at as i64))? {
        count if count == bytes.len() => Ok(()),
        count => Err(format!(
            "only {count} of {} bytes fit into memory",
            bytes.len()
        )),
    }
}
