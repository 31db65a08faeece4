// SPDX-License-Identifier: GPL-2.0-only
//! The files in which a kernel with checkers reports their results, and takes settings.

use std::fs;
use std::path::PathBuf;

use crate::errno::Errno;
use crate::sys;

/// A file of debugfs, which is mounted when it is not there yet.
pub fn path(name: &str) -> Result<PathBuf, String> {
    const ROOT: &str = "/sys/kernel/debug";
    match sys::mount("debugfs", ROOT, "debugfs", 0, b"") {
        // Without debugfs, the file does not exist either.
        Ok(()) | Err(Errno(libc::EBUSY | libc::ENODEV | libc::ENOENT)) => {}
        Err(error) => return Err(format!("mounting debugfs: {error}")),
    }
    Ok(PathBuf::from(ROOT).join(name))
}

/// Whether the kernel has it.
pub fn has(name: &str) -> bool {
    path(name).is_ok_and(|path| path.exists())
}

/// Reads one.
pub fn read(name: &str) -> Result<String, String> {
    let path = path(name)?;
    fs::read_to_string(&path).map_err(|error| format!("reading {}: {error}", path.display()))
}

/// Writes one.
pub fn write(name: &str, text: &str) -> Result<(), String> {
    let path = path(name)?;
    fs::write(&path, text)
        .map_err(|error| format!("writing {text:?} to {}: {error}", path.display()))
}
