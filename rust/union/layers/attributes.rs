// SPDX-License-Identifier: GPL-2.0-only

//! Attributes of objects of layers.

use crate::vfs::{
    attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
    path::PathRef,
};
use kernel::prelude::*;

/// Changes attributes of an object, which is not locked.
///
/// # Errors
///
/// Those of `notify_change()`.
pub fn change(path: PathRef<'_>, attr: &mut Iattr) -> Result {
    let inode = path.dentry().inode().ok_or(EIO)?;
    let lock = inode.lock();
    attr.notify_change(path.mnt().idmap(), path.dentry(), &lock)
}

/// The times of an object, as its inode has them.
pub fn times(path: PathRef<'_>) -> Kstat {
    let mut stat = Kstat::empty();
    if let Some(inode) = path.dentry().inode() {
        stat.fill_from(path.mnt().idmap(), STATX_BASIC_STATS, inode);
    }
    stat
}
