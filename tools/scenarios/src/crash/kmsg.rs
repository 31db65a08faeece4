// SPDX-License-Identifier: GPL-2.0-only
//! Complaints of the kernel while disks are checked.

use std::os::fd::RawFd;

use crate::errno::Errno;
use crate::sys;

/// A reader of the kernel log, from where it was opened.
pub struct Kmsg(RawFd);

/// The level of warnings; worse ones have lower numbers.
const WARNING: u32 = 4;

/// Ignored complaints: clocks and processors, on a busy host.
const SPEAKERS: &[&str] = &[
    "union:",
    "overlayfs:",
    "EXT4-fs",
    "JBD2:",
    "XFS ",
    "BTRFS",
    "Buffer I/O error",
    "blk_update_request:",
    "I/O error",
    "loop",
    "device-mapper:",
    "VFS:",
];

impl Kmsg {
    /// Begins at the end.
    pub fn open() -> Result<Self, String> {
        let fd = sys::open("/dev/kmsg", libc::O_RDONLY | libc::O_NONBLOCK, 0)
            .map_err(|error| format!("opening /dev/kmsg: {error}"))?;
        sys::lseek(fd, 0, libc::SEEK_END)?;
        Ok(Self(fd))
    }

    /// The warnings and errors since the last time.
    pub fn news(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match sys::read(self.0, 8192, None) {
                Ok(record) => lines.extend(complaint(&String::from_utf8_lossy(&record))),
                // Overwritten before it was read; the next read continues with the rest.
                Err(Errno(libc::EPIPE)) => {}
                Err(_) => return lines,
            }
        }
    }
}

/// The text of a record "priority,sequence,time,flags;text", if it is a complaint.
fn complaint(record: &str) -> Option<String> {
    let (head, rest) = record.split_once(';')?;
    let priority: u32 = head.split(',').next()?.parse().ok()?;
    let text = rest.lines().next()?;
    // Two messages that are no complaints come with every state.
    if text.starts_with("EXT4-fs mount: ") || text.starts_with("EXT4-fs unmount: ") {
        return None;
    }
    // The refusal of an upper layer with partial files, which is wanted.
    if text == "overlayfs: overlay with incompat feature 'union.partial' cannot be mounted" {
        return None;
    }
    let bad = priority & 7 <= WARNING && SPEAKERS.iter().any(|word| text.starts_with(word));
    bad.then(|| format!("kernel log: {text}"))
}

impl Drop for Kmsg {
    fn drop(&mut self) {
        let _ = sys::close(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_and_worse_are_complaints() {
        assert!(complaint("4,1,2,-;XFS (loop0): Corruption\n").is_some());
        assert!(complaint("3,1,2,-;union: bad\n").is_some());
        assert_eq!(complaint("6,1,2,-;EXT4-fs (loop0): mounted\n"), None);
        let suppressed = "4,1,2,-;EXT4-fs unmount: 46 callbacks suppressed\n";
        assert_eq!(complaint(suppressed), None);
        assert_eq!(complaint("4,1,2,-;clocksource: tsc unstable\n"), None);
    }
}
