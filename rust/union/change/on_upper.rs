// SPDX-License-Identifier: GPL-2.0-only

//! Changing an object that is in the upper layer.

use crate::{
    union::{
        change::{data_up, settle},
        OwnInode,
    },
    vfs::{cred::override_creds, mutex::KillableGuard, write::Changing},
};
use kernel::{cred::Credential, prelude::*};

/// Sets an attribute by `set`. If there is no room for it, a file without data gives up its mark: its data
/// are copied up.
///
/// # Errors
///
/// Those of `set`, and of [`data_up::up`].
pub fn with_room(inode: &OwnInode, set: impl Fn() -> Result) -> Result {
    match set() {
        Err(e) if e == ENOSPC && inode.data().upper().is_some() => {
            let had_mark = inode.data().data_upper().is_none();
            data_up::up(inode)?;
            // Not if any data were copied: of a partial file nothing may have been missing.
            match had_mark && inode.data().data_upper().is_some() {
                true => set(),
                false => Err(e),
            }
        }
        done => done,
    }
}

/// Does `act` with the object of an inode in the upper layer: with write access and the mounter's
/// credentials. The inode takes the object's attributes over. `Node::lock` must not be held.
///
/// # Errors
///
/// `EROFS` if it is not in the upper layer, or if that cannot be written to; those of `act`.
pub fn on_upper<R>(inode: &OwnInode, act: impl FnOnce(Changing<'_>) -> Result<R>) -> Result<R> {
    on_upper_as(inode, &inode.sb().data().cred, act)
}

/// `Node::lock`, if it is needed for a change of attributes: what copies the data up afterwards puts back those that
/// writing has changed. Somebody else may have noticed already that all data are there, so this is also done of a file
/// that was partial.
///
/// # Errors
///
/// `EINTR` by a fatal signal.
pub fn lock(inode: &OwnInode) -> Result<Option<KillableGuard<'_>>> {
    let node = inode.data();
    let may_be_copied = inode.is_reg() && (!node.data.are_in_upper() || node.data.part().is_some());
    may_be_copied.then(|| node.lock.lock()).transpose()
}

/// The same with other credentials.
pub fn on_upper_as<R>(
    inode: &OwnInode,
    cred: &Credential,
    act: impl FnOnce(Changing<'_>) -> Result<R>,
) -> Result<R> {
    let upper = inode.sb().data().upper()?;
    let node = inode.data();
    let dentry = node.upper().ok_or(EROFS)?;
    let _lock = lock(inode)?;
    let write = upper.want_write()?;
    let done = override_creds(cred, |_| act(write.on(dentry)?))?;
    settle::refresh(inode);
    Ok(done)
}
