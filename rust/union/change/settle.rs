// SPDX-License-Identifier: GPL-2.0-only

//! What inodes of the union take over from the upper layer after a change.

use crate::{
    union::{
        change::{impure, reserve},
        layers::{layer::UpperWrite, union::Union},
        OwnInode,
    },
    vfs::stack,
};

/// Takes over the attributes of the object in the upper layer, if there is one.
pub fn refresh(inode: &OwnInode) {
    let real = inode.data().upper().and_then(|dentry| dentry.inode());
    if let (Some(real), Some(upper)) = (real, &inode.sb().data().upper) {
        stack::copy_attr(inode, &upper.mnt, real);
        let node = inode.data();
        if node.has_lower_size() {
            let data = node.data_lower().and_then(|data| data.dentry.inode());
            data.into_iter()
                .for_each(|data| stack::copy_size(inode, data));
        }
    }
}

/// The same for a changed directory; also removes its impure mark if that is no longer needed.
pub fn changed_dir(union: &Union, write: &UpperWrite<'_>, dir: &OwnInode) {
    impure::unmark(union, write, dir);
    refresh(dir);
}

/// A name of the object was removed. Its `Node::lock` is held.
pub fn removed(union: &Union, write: &UpperWrite<'_>, inode: &OwnInode) {
    let node = inode.data();
    if node.upper().is_none() {
        node.set_unlinked();
    }
    if inode.is_dir() {
        inode.clear_nlink();
    } else {
        nlink(inode);
    }
    if let (0, Ok(upper)) = (inode.nlink(), union.upper()) {
        upper.unstable.forget(inode);
        if let Some(part) = node.data.part() {
            part.uncount();
        }
    }
    reserve::release(union, write, inode);
}

/// Brings the link count of a file up to date after a name of it has come or gone. In the upper layer
/// it is that of the real inode, so that names made there directly count, and a file that has a name
/// left is not taken for a removed one.
pub fn nlink(inode: &OwnInode) {
    match inode.data().upper().and_then(|d| d.inode()) {
        Some(real) => inode.set_nlink(real.nlink()),
        None => inode.drop_nlink(),
    }
}
