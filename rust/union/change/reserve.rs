// SPDX-License-Identifier: GPL-2.0-only

//! Reserving the inode numbers of copies that move ([`crate::union::layers::reserved`]).

use crate::{
    union::{
        change::stage,
        layers::{inum, layer::UpperWrite, node::Node, private_xattrs, union::Union},
        listing::dir_cache,
        OwnDentry, OwnInode,
    },
    vfs::errno::ESTALE,
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
    reserved.reserve(
        write.access(),
        (inode.ino(), proof, None),
        before,
        |dir, name| stage::whiteout(write, dir, name),
    )
}

/// Reserves the number of the lower directory whose contents a directory shows, called before it is moved for
/// the first time, and before [`reserve`]: in that directory, and no other one, the objects of the lower
/// directory keep their numbers ([`crate::union::lookup::by_name`]). It is the number that the directory shows itself
/// if it is a copy. With the mounter's credentials.
///
/// # Errors
///
/// As [`reserve`].
pub fn reserve_parts(union: &Union, write: &UpperWrite<'_>, dentry: &OwnDentry) -> Result {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let upper = union.upper_path(inode.data().upper().ok_or(EROFS)?)?;
    let Some(first) = inode.data().lowers().first() else {
        return Ok(());
    };
    if private_xattrs::redirect(union, upper)?.is_some() {
        // It was moved, or was made to show what another one has.
        return Ok(());
    }
    let parent = dentry.parent();
    let space = parent.inode().ok_or(ESTALE)?.data().space();
    let number = inum::of_lower(union, space, first.layer, &first.dentry)?;
    let proof = inum::proof(union, upper)?;
    let reserved = &union.upper()?.reserved;
    let of_parts = (number, proof, Some(space));
    reserved.reserve(
        write.access(),
        of_parts,
        || (),
        |dir, name| stage::whiteout(write, dir, name),
    )
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
    // A directory that is no copy may have one for what it showed.
    let may_have_one = node.has_recorded_ino() || inode.is_dir();
    if inode.nlink() != 0 || !may_have_one || reserved.is_empty() {
        return Ok(());
    }
    let Some(upper) = node.upper() else {
        return Ok(());
    };
    let proof = inum::proof(union, union.upper_path(upper)?)?;
    match reserved.of(|| Ok(proof))? {
        Some(number) => reserved.release(write.access(), number, proof),
        None => Ok(()),
    }
}
