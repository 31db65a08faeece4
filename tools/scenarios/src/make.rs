// SPDX-License-Identifier: GPL-2.0-only
//! Making a described tree in a real directory.

use std::path::Path;

use crate::errno::Errno;
use crate::sys;
use crate::tree::{Entry, Kind};

/// The attribute that marks a directory opaque.
pub const OPAQUE: &str = "trusted.overlay.opaque";

/// Makes `entries`, parents first, below `root`.
pub fn make(root: &Path, entries: &[Entry]) -> Result<(), String> {
    for entry in entries {
        one(root, entry).map_err(|error| format!("making {}: {error}", entry.path))?;
    }
    // Making a child changes the time of its directory, so directories get theirs last, the deepest first.
    for entry in entries.iter().rev() {
        if matches!(entry.kind, Kind::Dir { .. }) {
            let path = root.join(&entry.path);
            xattrs(&path, entry)
                .and_then(|()| times(&path, entry))
                .map_err(|error| format!("attributes of {}: {error}", entry.path))?;
        }
    }
    Ok(())
}

fn one(root: &Path, entry: &Entry) -> Result<(), Errno> {
    let path = root.join(&entry.path);
    match &entry.kind {
        Kind::File { size, pieces } => {
            let fd = sys::open(&path, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL, 0o600)?;
            sys::ftruncate(fd, *size as i64)?;
            for (at, data) in pieces {
                if !data.is_empty() {
                    sys::write(fd, data, Some(*at as i64))?;
                }
            }
            sys::close(fd)?;
        }
        Kind::Dir { opaque } => {
            sys::mkdir(&path, 0o700)?;
            if *opaque {
                sys::setxattr(&path, OPAQUE, b"y", 0)?;
            }
        }
        Kind::Symlink(target) => sys::symlink(target, &path)?,
        Kind::Fifo => sys::mknod(&path, libc::S_IFIFO | 0o600, 0)?,
        Kind::Socket => sys::mknod(&path, libc::S_IFSOCK | 0o600, 0)?,
        Kind::Char(major, minor) => {
            sys::mknod(&path, libc::S_IFCHR | 0o600, sys::makedev(*major, *minor))?;
        }
        Kind::Block(major, minor) => {
            sys::mknod(&path, libc::S_IFBLK | 0o600, sys::makedev(*major, *minor))?;
        }
        // Owner, mode and attributes are those of the target.
        Kind::Link(target) => return sys::link(root.join(target), &path, 0),
        Kind::Whiteout => return sys::mknod(&path, libc::S_IFCHR, 0),
    }
    sys::lchown(&path, entry.uid, entry.gid)?;
    if !matches!(entry.kind, Kind::Symlink(_)) {
        sys::chmod(&path, entry.mode)?;
    }
    // Objects made in the directory next would inherit a default ACL.
    if !matches!(entry.kind, Kind::Dir { .. }) {
        xattrs(&path, entry)?;
    }
    times(&path, entry)
}

fn xattrs(path: &Path, entry: &Entry) -> Result<(), Errno> {
    for (name, value) in &entry.xattrs {
        sys::setxattr(path, name, value, 0)?;
    }
    Ok(())
}

fn times(path: &Path, entry: &Entry) -> Result<(), Errno> {
    sys::utimens(path, entry.mtime, entry.mtime, libc::AT_SYMLINK_NOFOLLOW)
}
