// SPDX-License-Identifier: GPL-2.0-only

//! Redirects of directories with lower parts, and of files without data, by which these are found when the
//! name has changed; the rules are in [`logic::change::redirect`](crate::logic::change::redirect).

use crate::{
    logic::{
        change::redirect::{
            plan, strays, Ancestor, Change, Plan, Upwards, MAX_DIR_REDIRECT, MAX_REDIRECT,
        },
        codec::Attr,
    },
    union::{
        change::{data_up, on_upper::on_upper},
        layers::{private_xattrs, union::Union},
        lookup::by_name,
        OwnDentry, OwnInode,
    },
    vfs::{
        errno::{EOPNOTSUPP, ESTALE},
        file::{flags, BackedFile},
        path::PathRef,
        statfs::Statfs,
        types::NameBuf,
        write::Changing,
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
            Plan::None => Ok(false),
            Plan::Set(redirect) => set(union, dentry, redirect),
        }
    })?;
    match is_set {
        true => Ok(()),
        false => data_up::up(inode).map(drop),
    }
}

/// Marks a directory in the upper layer with a redirect to its lower parts, before it is moved. If the change
/// is to another directory, no directory moves to another one meanwhile (`s_vfs_rename_mutex`); those above may
/// get other names where they are ([`Way`]). With the mounter's credentials.
///
/// # Errors
///
/// `EXDEV` if no redirect will do, or the file system cannot store it; `ENOMEM`; those of the layers.
pub fn of_directory(
    union: &Union,
    upper: Changing<'_>,
    dentry: &OwnDentry,
    change: Change,
) -> Result {
    let mut buffer = KVVec::from_elem(0, MAX_DIR_REDIRECT, GFP_KERNEL_ACCOUNT)?;
    let mut way = Way::new(union, dentry);
    let redirect = match plan(change, true, &mut way, &mut buffer)? {
        Plan::Keep => return Ok(()),
        Plan::None => return Err(EXDEV),
        Plan::Set(redirect) => redirect,
    };
    private_xattrs::set(union, upper, Attr::Redirect, redirect).map_err(|e| {
        if is_no_place(e, *upper) {
            EXDEV
        } else {
            e
        }
    })?;
    match union.syncs_for_order() {
        true => BackedFile::open(*upper, flags::O_RDONLY | flags::O_LARGEFILE)?.fsync(),
        false => Ok(()),
    }
}

/// Whether a directory of the upper layer has no lower parts, but a redirect that might lead to some after the change.
/// With the mounter's credentials.
///
/// # Errors
///
/// Those of the layer.
pub fn is_astray(union: &Union, inode: &OwnInode, change: Change) -> Result<bool> {
    let node = inode.data();
    match node.upper() {
        // Within its directory, none does.
        Some(upper)
            if change != Change::RenameWithin && inode.is_dir() && node.lowers().is_empty() =>
        {
            let redirect = private_xattrs::redirect(union, union.upper_path(upper)?)?;
            Ok(redirect.is_some_and(|to| strays(&to, change)))
        }
        _ => Ok(false),
    }
}

/// Whether it is by the redirect alone that it cannot be stored: there are no such attributes, none of this length, or
/// it may not be set. With any other error, a copy of the tree would not succeed either.
fn is_no_place(e: Error, upper: PathRef<'_>) -> bool {
    /// Blocks that any attribute fits into. tmpfs takes its memory from the room for inodes.
    const ENOUGH: u64 = 64;
    // ext4 and btrfs also say that there is no space if an attribute does not fit into a block, with those that
    // are there already.
    let is_full = || {
        Statfs::of(upper).is_ok_and(|disk| {
            disk.available() < ENOUGH || disk.free_inodes().is_some_and(|free| free < ENOUGH)
        })
    };
    [E2BIG, ERANGE, EOPNOTSUPP, EPERM, EACCES].contains(&e) || (e == ENOSPC && !is_full())
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
        // The name first: a directory may be renamed within its own one meanwhile, and gets its redirect
        // before. So if there is none after the name was read, that was the name in the lower layers.
        let name = self.name.insert(at.name_snapshot()?);
        self.redirect = private_xattrs::redirect(self.union, self.union.upper_path(upper)?)?;
        self.next = Some(at.parent());
        Ok(Some(Ancestor {
            name: name.name().as_bytes(),
            redirect: self.redirect.as_deref(),
        }))
    }
}
