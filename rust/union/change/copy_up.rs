// SPDX-License-Identifier: GPL-2.0-only

//! Copy-up: copies an object of the lower layers to the upper layer.
//!
//! Opening a file, for writing too, copies nothing; the first change does. Ancestors come first, in
//! a loop from the root down. An object is completed under a temporary name or none, in the order
//! [`crate::logic::change::copy_up`] gives, and published by one link or rename: a crash at any point leaves
//! the lower object or the whole copy.
//!
//! A regular file of which the attributes or the name change is copied without its data ([`Data::Below`]);
//! those follow when they change ([`data_up`]).

use crate::{
    logic::{
        change::copy_up::{copy_up, data_needed, Data, Facts},
        mode::Kind,
    },
    union::{
        change::{
            copy_store::{Copy, LowerData},
            data_up, settle,
        },
        listing::dir_cache,
        lookup::iget,
        OwnDentry,
    },
    vfs::{
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        errno::ESTALE,
        path::PathRef,
    },
};
use kernel::{prelude::*, sync::aref::ARef};

/// Makes sure that the object, and so its parents, exist in the upper layer.
///
/// No lock of the union's but those of a directory operation may be held; no freeze protection.
///
/// # Errors
///
/// `EROFS` without an upper layer; `EINTR` by a fatal signal; `EOVERFLOW` for an owner the upper layer
/// cannot express; those of the file systems. Nothing is left behind then.
pub fn up(dentry: &OwnDentry) -> Result {
    up_for(dentry, For::Attributes).map(drop)
}

/// As [`up`]; of a regular file also the data.
pub fn up_with_data(dentry: &OwnDentry) -> Result {
    up_for(dentry, For::Data)?;
    data_up::up(dentry.inode().ok_or(ENOENT)?).map(drop)
}

/// As [`up`], with a change made to the copy before it is published: a truncation then copies only
/// what remains, and leaves the old file or the new one whatever happens. Returns whether the change
/// was made; it was not if the object was in the upper layer already.
pub fn up_changed(dentry: &OwnDentry, change: &mut Iattr) -> Result<bool> {
    up_for(dentry, For::Change(change))
}

/// What an object is copied up for.
enum For<'a> {
    /// Its attributes, or its name, change.
    Attributes,
    /// Its data change.
    Data,
    /// This change is made to the copy. If it changes the size, it needs data as well.
    Change(&'a mut Iattr),
}

impl For<'_> {
    fn new_size(&self) -> Option<u64> {
        match self {
            For::Change(change) => change.new_size().map(|size| size.max(0) as u64),
            For::Attributes | For::Data => None,
        }
    }

    fn needs_data(&self) -> bool {
        match self {
            For::Attributes => false,
            For::Data => true,
            For::Change(change) => change.new_size().is_some(),
        }
    }
}

fn up_for(dentry: &OwnDentry, why: For<'_>) -> Result<bool> {
    let mut why = Some(why);
    loop {
        if dentry.inode().ok_or(ENOENT)?.data().upper().is_some() {
            return Ok(false);
        }
        // The topmost ancestor that is missing; the root of a union with an upper layer never is.
        let mut next: ARef<OwnDentry> = dentry.into();
        loop {
            if next.is_root() {
                return Err(EROFS);
            }
            let parent = next.parent();
            if parent.inode().ok_or(ENOENT)?.data().upper().is_some() {
                if next.same(dentry) {
                    let why = why.take().unwrap_or(For::Data);
                    return copy_up_one(&next, &parent, why);
                }
                copy_up_one(&next, &parent, For::Attributes)?;
                break;
            }
            next = parent;
        }
    }
}

/// One object whose parent exists in the upper layer. Returns whether it was copied, and so changed.
fn copy_up_one(dentry: &OwnDentry, parent: &OwnDentry, why: For<'_>) -> Result<bool> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let node = inode.data();
    let union = inode.sb().data();
    let _lock = node.lock.lock()?;
    if node.upper().is_some() {
        return Ok(false);
    }
    union.with_creds(|| {
        let lower = node.real_lower(union)?;
        let stat = Kstat::ask(lower, STATX_BASIC_STATS, 0)?;
        let kind = check(lower, &stat)?;
        let data = match kind {
            Kind::Regular => Some(LowerData::of(union, inode, lower, &stat)?),
            _ => None,
        };
        let (size, metacopy) = match &data {
            Some(data) if why.needs_data() => (data.size(), None),
            Some(data) => (data.size(), data.metacopy(union)?),
            None => (0, None),
        };
        let facts = Facts {
            kind,
            data: match &metacopy {
                Some(_) => Data::Below,
                None => Data::Copied(data_needed(size, why.new_size())),
            },
            is_single: stat.nlink() == 1,
            is_unlinked: node.is_unlinked(),
            fsync: union.config.fsync,
            class: union.upper()?.class,
        };
        let parent = parent.inode().ok_or(ENOENT)?;
        let name = dentry.name_snapshot()?;
        let mut copy = Copy {
            union,
            dentry,
            inode,
            parent,
            name: name.name(),
            lower,
            stat,
            data,
            metacopy,
            facts,
            change: match why {
                For::Change(change) => Some(change),
                For::Attributes | For::Data => None,
            },
            write: None,
            arrival: None,
        };
        let mut facts = facts;
        let upper = match copy_up(&mut copy, facts) {
            // There was no room for the mark beside the other attributes.
            Err(e) if e == ENOSPC && facts.leaves_data() && copy.metacopy.is_none() => {
                facts.data = Data::Copied(size);
                copy.facts = facts;
                copy_up(&mut copy, facts)?
            }
            copied => copied?,
        };
        drop(copy);
        let renumbered = !inode.is_hashed();
        iget::set_upper(inode, upper, facts.leaves_data())?;
        if renumbered {
            dir_cache::forget_view(parent.data());
        }
        settle::refresh(inode);
        if !facts.is_unlinked {
            settle::refresh(parent);
        }
        Ok(true)
    })
}

/// Whether an object can be copied at all, before anything is made.
fn check(lower: PathRef<'_>, stat: &Kstat) -> Result<Kind> {
    let inode = lower.dentry().inode().ok_or(ESTALE)?;
    if !inode.ids_are_valid(lower.mnt().idmap()) || !stat.owner_has_mapping() {
        // An id that the layer or the mounter's namespace cannot name would be written as another user's.
        return Err(EOVERFLOW);
    }
    let kind = Kind::from_mode(stat.mode()).ok_or(EIO)?;
    if matches!(kind, Kind::CharDevice | Kind::BlockDevice) && lower.mnt().is_nodev() {
        // nodev on the lower mount must not be bypassed by copy-up.
        return Err(EPERM);
    }
    Ok(kind)
}
