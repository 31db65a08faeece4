// SPDX-License-Identifier: GPL-2.0-only

//! Reserving the inode numbers of copies that move ([`crate::union::layers::reserved`]).

use crate::union::{
    change::stage,
    layers::{inum, layer::UpperWrite, node::Node, union::Union},
    listing::dir_cache,
    OwnInode,
};
use kernel::prelude::*;

/// Reserves the number that `inode` shows for it, if it is that of a lower object; called before it
/// is moved or linked. With the mounter's credentials. `dir` is the directory that the copy is in,
/// unless a [change](dir_cache::ViewChange) of it has begun: listings older than the copy show the
/// lower object, whose number then differs.
///
/// # Errors
///
/// `ENOMEM`; those of `->getattr()`. A failure to record it is ignored.
pub fn reserve(
    union: &Union,
    write: &UpperWrite<'_>,
    inode: &OwnInode,
    dir: Option<&Node>,
) -> Result {
    let node = inode.data();
    if !node.has_recorded_ino() {
        return Ok(());
    }
    let proof = inum::proof(union, union.upper_path(node.upper().ok_or(EROFS)?)?)?;
    let reserved = &union.upper()?.reserved;
    // A task that sees the reservation also sees that the listing is outdated.
    let before = || dir.into_iter().for_each(dir_cache::forget_view);
    reserved.reserve(write.access(), inode.ino(), proof, before, |dir, name| {
        stage::whiteout(write, dir, name)
    })
}

/// Releases the reservation of an inode whose last name was removed. With the mounter's
/// credentials.
pub fn release(union: &Union, write: &UpperWrite<'_>, inode: &OwnInode) {
    // A leftover does no harm.
    let _ = try_release(union, write, inode);
}

fn try_release(union: &Union, write: &UpperWrite<'_>, inode: &OwnInode) -> Result {
    let node = inode.data();
    let reserved = &union.upper()?.reserved;
    if inode.nlink() != 0 || !node.has_recorded_ino() || reserved.is_empty() {
        return Ok(());
    }
    let Some(upper) = node.upper() else {
        return Ok(());
    };
    let proof = inum::proof(union, union.upper_path(upper)?)?;
    reserved.release(write.access(), inode.ino(), proof)
}
