// SPDX-License-Identifier: GPL-2.0-only
//! Describing a whole tree, and what a program can read in it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::errno::Errno;
use crate::sys;

pub use union_support::walk::*;

/// The entries of a directory but `.` and `..`, sorted by name.
pub fn list(path: &Path) -> Result<Vec<sys::Dirent>, Errno> {
    list_with(path, 0)
}

fn list_quietly(path: &Path) -> Result<Vec<sys::Dirent>, Errno> {
    list_with(path, libc::O_NOATIME)
}

fn list_with(path: &Path, flags: i32) -> Result<Vec<sys::Dirent>, Errno> {
    let fd = sys::open(path, libc::O_RDONLY | libc::O_DIRECTORY | flags, 0)?;
    let mut entries = Vec::new();
    let end = loop {
        match sys::getdents(fd, 32768) {
            Ok(more) if more.is_empty() => break Ok(()),
            Ok(more) => entries.extend(more),
            Err(error) => break Err(error),
        }
    };
    // An open directory would keep the file system mounted.
    sys::close(fd).and(end)?;
    entries.retain(|entry| entry.name != b"." && entry.name != b"..");
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// What a program can read below `root`, whatever fails: for each path `dir`, a file's text, or the error. Names that
/// are listed and do not exist are left out.
pub fn outline(root: &Path) -> Tree {
    let mut tree = Tree::new();
    outline_below(root, "", &mut tree);
    tree
}

fn outline_below(path: &Path, name: &str, tree: &mut Tree) {
    let listed = match list_quietly(path) {
        Ok(listed) => listed,
        Err(error) => {
            tree.insert(name.to_owned(), format!("readdir: {error}"));
            return;
        }
    };
    for child in listed {
        let below = format!("{name}/{}", child.name.escape_ascii());
        let path = path.join(OsStr::from_bytes(&child.name));
        let line = match sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW) {
            Err(Errno(libc::ENOENT)) => continue,
            Err(error) => error.to_string(),
            Ok(stat) if kind(&stat) == libc::S_IFDIR => {
                outline_below(&path, &below, tree);
                "dir".to_owned()
            }
            Ok(_) => match std::fs::read(&path) {
                Ok(text) => show(&text),
                Err(error) => error.to_string(),
            },
        };
        tree.insert(below, line);
    }
}
