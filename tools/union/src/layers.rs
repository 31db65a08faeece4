// SPDX-License-Identifier: GPL-2.0-only
//! The lower layers of a union, as /proc/self/mountinfo names them.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use mount_union::escape;
use union_support::mountinfo::{self, Mount};

/// The unions that are mounted.
pub fn unions() -> Result<Vec<Mount>> {
    let mounts = mountinfo::read().context(mountinfo::LIST)?;
    Ok(mounts
        .into_iter()
        .filter(|mount| mount.fs_type == "union")
        .collect())
}

/// The union a path is in.
pub fn union_of(path: &Path) -> Result<Mount> {
    let path = std::fs::canonicalize(path).with_context(|| path.display().to_string())?;
    let mounts = mountinfo::read().context(mountinfo::LIST)?;
    let mount = mounts
        .into_iter()
        .filter(|mount| path.starts_with(&mount.target))
        // Among several at the same place, the last one is visible.
        .max_by_key(|mount| mount.target.as_os_str().len())
        .with_context(|| format!("{}: no mount is known here", path.display()))?;
    match mount.fs_type.as_str() {
        "union" => Ok(mount),
        other => Err(anyhow!("{}: on {other}, not on a union", path.display())),
    }
}

/// The paths of the lower layers of the union a directory is in, topmost first.
pub fn of(dir: &Path) -> Result<Vec<String>> {
    let mount = union_of(dir)?;
    let mut layers = Vec::new();
    // A backslash stands before a comma that belongs to a path.
    let options = mount.fs_options.join(&b","[..]);
    let options = escape::split_options(&options).map_err(|error| anyhow!(error))?;
    for option in options {
        if let Some(path) = option.strip_prefix(b"lowerdir+=") {
            layers.push(path.to_vec());
        } else if let Some(list) = option.strip_prefix(b"lowerdir=") {
            let list = escape::split_layers(list).map_err(|error| anyhow!(error))?;
            layers.extend(list);
        }
    }
    let text = |path: Vec<u8>| {
        PathBuf::from(std::ffi::OsStr::from_bytes(&path))
            .display()
            .to_string()
    };
    Ok(layers.into_iter().map(text).collect())
}
