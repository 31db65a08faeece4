// SPDX-License-Identifier: GPL-2.0-only

//! Redirects of files without data, which find them when the name has changed; the rules are in
//! [`logic::change::redirect`](crate::logic::change::redirect).

use crate::{
    logic::{
        change::redirect::{plan, Ancestor, Change, Plan, Upwards, MAX_REDIRECT},
        codec::Attr,
    },
    union::{
        change::{data_up, on_upper::on_upper},
        layers::{private_xattrs, union::Union},
        lookup::by_name,
        OwnDentry,
    },
    vfs::{
        errno::ESTALE,
        file::{flags, BackedFile},
        types::NameBuf,
    },
};
use kernel::{prelude::*, sync::aref::ARef};

/// Prepares a file for another name, before it gets it: whatever happens then, each of its names shows its
/// data. Does nothing if it has its data, or is no regular file. It is in the upper layer.
///
/// # Errors
///
/// Those of [`data_up::up`], which is called if no redirect will do; `ENOMEM`; those of the layers.
pub fn prepare(dentry: &OwnDentry, change: Change) -> Result {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let node = inode.data();
    if !inode.is_reg() || node.upper().is_none() || node.data.are_in_upper() {
        return Ok(());
    }
    let union = inode.sb().data();
    let is_set = union.with_creds(|| {
        let lower = node.lowers().first().and_then(|lower| lower.dentry.inode());
        let is_single = inode.nlink() == 1 && lower.is_none_or(|lower| lower.nlink() == 1);
        let mut buffer = [0; MAX_REDIRECT];
        let mut way = Way::new(union, dentry);
        match plan(change, is_single, &mut way, &mut buffer)? {
            Plan::Keep => Ok(true),
            Plan::CopyData => Ok(false),
            Plan::Set(redirect) => set(union, dentry, redirect),
        }
    })?;
    match is_set {
        true => Ok(()),
        false => data_up::up(inode).map(drop),
    }
}

/// Sets a redirect, unless it leads to other data.
fn set(union: &Union, dentry: &OwnDentry, redirect: &[u8]) -> Result<bool> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let (root, parent) = (dentry.root(), dentry.parent());
    let root = root.inode().ok_or(ESTALE)?.data();
    let dir = parent.inode().ok_or(ESTALE)?.data();
    let name = dentry.name_snapshot()?;
    if !by_name::would_find(union, (root, dir), name.name(), inode.data(), redirect)? {
        return Ok(false);
    }
    let set = on_upper(inode, |upper| {
        private_xattrs::set(union, upper, Attr::Redirect, redirect)
    });
    if set.is_err() {
        // There may be no room for one more attribute.
        return Ok(false);
    }
    if union.syncs_for_order() {
        let upper = union.upper_path(inode.data().upper().ok_or(EROFS)?)?;
        BackedFile::open(upper, flags::O_RDONLY | flags::O_LARGEFILE)?.fsync()?;
    }
    Ok(true)
}

/// The names from a file up to the root of the union.
struct Way<'a> {
    union: &'a Union,
    next: Option<ARef<OwnDentry>>,
    name: Option<NameBuf>,
    redirect: Option<KVVec<u8>>,
}

impl<'a> Way<'a> {
    fn new(union: &'a Union, from: &OwnDentry) -> Self {
        Self {
            union,
            next: Some(from.into()),
            name: None,
            redirect: None,
        }
    }
}

impl Upwards for Way<'_> {
    type Error = Error;

    fn next(&mut self) -> Result<Option<Ancestor<'_>>> {
        let Some(at) = self.next.take().filter(|at| !at.is_root()) else {
            return Ok(None);
        };
        let upper = at.inode().ok_or(ENOENT)?.data().upper().ok_or(EIO)?;
        self.redirect = private_xattrs::redirect(self.union, self.union.upper_path(upper)?)?;
        let name = self.name.insert(at.name_snapshot()?);
        self.next = Some(at.parent());
        Ok(Some(Ancestor {
            name: name.name().as_bytes(),
            redirect: self.redirect.as_deref(),
        }))
    }
}
