// SPDX-License-Identifier: GPL-2.0-only

//! Copy-up of a regular file of which a part of the data changes.

use crate::{
    logic::{
        options::{Metacopy, Verity},
        partial::{Facts, How, Reason, SMALL},
    },
    union::{
        change::{copy_up, part},
        layers::{file_data::InUpper, part::Part},
        lookup::data,
        OwnDentry, OwnInode,
    },
};
use kernel::prelude::*;

/// A file for a write: it is copied up, and partial if it can be. `None`: it has to be copied as a whole,
/// or is.
///
/// No lock of the union's may be held, no freeze protection.
///
/// # Errors
///
/// As of [`part::get`] and [`copy_up::up`].
pub fn for_write(dentry: &OwnDentry) -> Result<Option<&Part>> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let found = for_change(dentry, inode, SMALL.saturating_add(1))?;
    // One that another mount has left is completed by the first change here, unless such are wanted.
    Ok(found.filter(|_| inode.sb().data().config.partial))
}

/// The same for a change of the size to `size`. The inode is locked.
///
/// # Errors
///
/// The same.
pub fn for_size(dentry: &OwnDentry, size: u64) -> Result<Option<&Part>> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    for_change(dentry, inode, size)
}

fn for_change<'a>(
    dentry: &OwnDentry,
    inode: &'a OwnInode,
    new_size: u64,
) -> Result<Option<&'a Part>> {
    let node = inode.data();
    if !inode.is_reg() || node.data_upper().is_some() {
        return Ok(None);
    }
    if let Some(part) = part::get(inode)? {
        return Ok(Some(part));
    }
    // So little is copied faster as a whole.
    if new_size <= SMALL || !may_be_partial(inode)? {
        return Ok(None);
    }
    copy_up::up(dentry)?;
    match node.data.in_upper() {
        InUpper::All => Ok(None),
        InUpper::Some => part::get(inode),
        InUpper::Nothing => part::begin(inode),
    }
}

fn may_be_partial(inode: &OwnInode) -> Result<bool> {
    let union = inode.sb().data();
    let layer = union.upper()?;
    let config = &union.config;
    let is_wanted =
        config.partial && config.metacopy == Metacopy::On && config.verity == Verity::Off;
    if !is_wanted {
        return Ok(false);
    }
    union.with_creds(|| {
        let lower = data::locate(union, inode)?.dentry().inode().ok_or(EIO)?;
        let facts = Facts {
            size: inode.size().max(0) as u64,
            class: layer.class,
            has_identity: part::identity(inode)?.is_some(),
            shares_blocks: lower.may_share_blocks(layer.mnt.root()),
            // The option is refused where others can set it.
            is_mark_safe: true,
            reason: Reason::Data,
        };
        Ok(facts.how() == How::Granules)
    })
}
