// SPDX-License-Identifier: GPL-2.0-only
//! Reading a tree after a power cut.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::generate::join;
use super::judge::{Found, Seen};
use super::tree::{Kind, describe};
use crate::errno::Errno;
use crate::sys;
use crate::walk;

/// Everything below `root`, and `root` itself.
pub fn observe(root: &Path) -> Result<Seen, String> {
    let mut seen = Seen::new();
    visit(root, "", &mut seen, false)?;
    Ok(seen)
}

/// Like [`observe`], but a name that is listed and does not exist is left out: overlayfs lists the whiteouts in an
/// opaque directory.
pub fn observe_lenient(root: &Path) -> Result<Seen, String> {
    let mut seen = Seen::new();
    visit(root, "", &mut seen, true)?;
    Ok(seen)
}

fn visit(path: &Path, name: &str, seen: &mut Seen, lenient: bool) -> Result<(), String> {
    let fail = |call: &str, error: Errno| format!("{call} of {name:?}: {error}");
    let stat = match sys::stat(path, libc::AT_SYMLINK_NOFOLLOW) {
        Err(Errno(libc::ENOENT)) if lenient => return Ok(()),
        stat => stat.map_err(|error| fail("stat", error))?,
    };
    let kind = match walk::kind(&stat) {
        libc::S_IFREG => Some(Kind::File),
        libc::S_IFDIR => Some(Kind::Dir { new: true }),
        libc::S_IFLNK => {
            let target = sys::readlink(path).map_err(|error| fail("readlink", error))?;
            Some(Kind::Symlink(String::from_utf8_lossy(&target).into_owned()))
        }
        _ => None,
    };
    let mode = stat.st_mode & 0o7777;
    let mut line = match &kind {
        Some(kind) => describe(kind, mode, stat.st_nlink as usize, None),
        None => walk::describe(&stat),
    };
    if (stat.st_uid, stat.st_gid) != (0, 0) {
        line += &format!(" owner={}:{}", stat.st_uid, stat.st_gid);
    }
    for attribute in sys::listxattr(path).map_err(|error| fail("listxattr", error))? {
        let value = sys::getxattr(path, &attribute).map_err(|error| fail("getxattr", error))?;
        line += &format!(" {attribute}={}", value.escape_ascii());
    }
    let data = match kind {
        Some(Kind::File) => {
            read(path, stat.st_size as usize).map_err(|error| fail("read", error))?
        }
        _ => Vec::new(),
    };
    seen.insert(name.to_owned(), Found { line, data });
    if matches!(kind, Some(Kind::Dir { .. })) {
        let entries = walk::list(path).map_err(|error| fail("readdir", error))?;
        for entry in entries {
            let below = join(name, &String::from_utf8_lossy(&entry.name));
            if seen.contains_key(&below) {
                return Err(format!("{below:?} is listed twice"));
            }
            visit(
                &path.join(OsStr::from_bytes(&entry.name)),
                &below,
                seen,
                lenient,
            )?;
        }
    }
    Ok(())
}

fn read(path: &Path, size: usize) -> sys::Result<Vec<u8>> {
    let fd = sys::open(path, libc::O_RDONLY, 0)?;
    // One more, to find the end.
    let mut data = vec![0; size + 1];
    let mut length = 0;
    let result = loop {
        match sys::pread_into(fd, &mut data[length..], length as i64) {
            Ok(0) => break Ok(()),
            Ok(count) => length += count,
            Err(error) => break Err(error),
        }
        if length == data.len() {
            data.resize(2 * length, 0);
        }
    };
    sys::close(fd).and(result)?;
    data.truncate(length);
    Ok(data)
}

/// Where two trees differ, in lines for a reader.
pub fn differences(one: (&str, &Seen), other: (&str, &Seen)) -> Vec<String> {
    let mut paths: Vec<&String> = one.1.keys().chain(other.1.keys()).collect();
    paths.sort();
    paths.dedup();
    let show = |found: Option<&Found>| {
        found.map_or("nothing".to_owned(), |found| {
            format!("{} {}", found.line, walk::show(&found.data))
        })
    };
    paths
        .into_iter()
        .filter(|path| one.1.get(*path) != other.1.get(*path))
        .map(|path| {
            let (a, b) = (show(one.1.get(path)), show(other.1.get(path)));
            format!("{path:?} is, {}: {a}; {}: {b}", one.0, other.0)
        })
        .collect()
}
