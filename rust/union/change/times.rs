// SPDX-License-Identifier: GPL-2.0-only

//! Times of objects of the upper layer.

use crate::vfs::{
    attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
    dentry::Dentry,
    mount::Mount,
};
use kernel::prelude::*;

/// The times of an object.
pub fn get(mnt: &Mount, dentry: &Dentry) -> Kstat {
    let mut stat = Kstat::empty();
    if let Some(inode) = dentry.inode() {
        stat.fill_from(mnt.idmap(), STATX_BASIC_STATS, inode);
    }
    stat
}

/// Sets access and modification time of an object of the upper layer to those of `stat`.
pub fn set(mnt: &Mount, dentry: &Dentry, stat: &Kstat) -> Result {
    let inode = dentry.inode().ok_or(EIO)?;
    let lock = inode.lock();
    Iattr::empty()
        .times_of(stat)
        .notify_change(mnt.idmap(), dentry, &lock)
}

/// Sets the change time of an object of the upper layer to now.
pub fn set_changed_now(mnt: &Mount, dentry: &Dentry) -> Result {
    let inode = dentry.inode().ok_or(EIO)?;
    let lock = inode.lock();
    Iattr::empty()
        .changed()
        .notify_change(mnt.idmap(), dentry, &lock)
}
