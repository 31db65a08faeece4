// SPDX-License-Identifier: GPL-2.0-only
//! /proc/self/mountinfo, with failures as messages.

use std::ffi::OsStr;

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};
use union_support::mountinfo;

use crate::failure::{Failure, Result, Status, shown};

pub use union_support::mountinfo::{Mount, stack};

/// All mounts that this process can see.
pub fn read() -> Result<Vec<Mount>> {
    mountinfo::read().map_err(|error| {
        Failure::new(Status::System, format!("{}: {error}", mountinfo::LIST))
            .with_hint("mount /proc first, or name all layers by lowerdir= and upperdir=")
    })
}

/// What is mounted at this very directory, if anything is.
pub fn mounted_at(dir: &OsStr) -> Result<Option<Mount>> {
    let status = rustix::fs::statx(CWD, dir, AtFlags::empty(), StatxFlags::MNT_ID)
        .map_err(|errno| Failure::mount(format!("mount point {}: {errno}", shown(&dir))))?;
    if !status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(None);
    }
    let mut mounts = read()?.into_iter();
    Ok(mounts.find(|mount| mount.id == status.stx_mnt_id))
}
