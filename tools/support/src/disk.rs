// SPDX-License-Identifier: GPL-2.0-only
//! The disks of a virtual machine: how they are made on the host, and found inside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The virtio disk with this serial number.
pub fn by_serial(serial: &str) -> io::Result<PathBuf> {
    let mut seen = Vec::new();
    for entry in fs::read_dir("/sys/block")? {
        let entry = entry?;
        let Ok(found) = fs::read_to_string(entry.path().join("serial")) else {
            continue;
        };
        if found.trim_end() == serial {
            return Ok(Path::new("/dev").join(entry.file_name()));
        }
        seen.push(found.trim_end().to_owned());
    }
    let text = format!("no virtio disk has the serial number {serial:?}; there are {seen:?}");
    Err(io::Error::new(io::ErrorKind::NotFound, text))
}

/// What makes an empty file system of a type that can be written to; the image is the last argument.
pub fn mkfs(fs_type: &str) -> Option<&'static str> {
    match fs_type {
        "ext4" => Some("mkfs.ext4 -q -F -b 4096 -I 256 -O ^resize_inode"),
        "xfs" => Some("mkfs.xfs -q -f -m reflink=1"),
        "btrfs" => Some("mkfs.btrfs -q -f"),
        _ => None,
    }
}
