// SPDX-License-Identifier: GPL-2.0-only
//! Archives as the kernel unpacks them for its first root ("newc").
//!
//! The same contents give the same bytes: times are zero and inode numbers are counted.

use std::collections::HashSet;
use std::io::Write;

use cpio::newc;

/// An archive being written.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
    directories: HashSet<String>,
}

const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const CHAR_DEVICE: u32 = 0o020_000;

impl Archive {
    /// Adds a file, and the directories it is in; `path` has no leading slash.
    pub fn file(&mut self, path: &str, mode: u32, data: &[u8]) {
        self.parents(path);
        self.entry(path, REGULAR | mode, (0, 0), data);
    }

    /// Adds an empty directory.
    pub fn directory(&mut self, path: &str) {
        self.parents(path);
        if self.directories.insert(path.to_owned()) {
            self.entry(path, DIRECTORY | 0o755, (0, 0), &[]);
        }
    }

    /// Adds a character device.
    pub fn char_device(&mut self, path: &str, mode: u32, major: u32, minor: u32) {
        self.parents(path);
        self.entry(path, CHAR_DEVICE | mode, (major, minor), &[]);
    }

    /// The finished archive.
    pub fn finish(self) -> Vec<u8> {
        newc::trailer(self.bytes).expect(IN_MEMORY)
    }

    fn parents(&mut self, path: &str) {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        for end in ends {
            self.directory(&path[..end]);
        }
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), data: &[u8]) {
        self.entries += 1;
        let links = if mode & DIRECTORY == DIRECTORY { 2 } else { 1 };
        let size = u32::try_from(data.len()).expect("files of an initramfs are below 4 GiB");
        let entry = newc::Builder::new(path)
            .ino(self.entries)
            .mode(mode)
            .nlink(links)
            .rdev_major(device.0)
            .rdev_minor(device.1);
        let mut entry = entry.write(&mut self.bytes, size);
        entry.write_all(data).expect(IN_MEMORY);
        entry.finish().expect(IN_MEMORY);
    }
}

/// Writing to memory cannot fail.
const IN_MEMORY: &str = "writing to memory";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_once_before_what_is_in_them() {
        let mut archive = Archive::default();
        archive.file("a/b/c", 0o644, b"text");
        archive.file("a/b/d", 0o644, b"");
        let bytes = archive.finish();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(text.matches("070701").count(), 5);
        assert!(text.find("a/b\0").unwrap() < text.find("a/b/c\0").unwrap());
    }

    #[test]
    fn the_header_has_the_size_the_kernel_expects() {
        let bytes = Archive::default().finish();
        assert_eq!(&bytes[..6], b"070701");
        assert_eq!(&bytes[110..121], b"TRAILER!!!\0");
    }
}
