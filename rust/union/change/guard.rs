// SPDX-License-Identifier: GPL-2.0-only

//! `work/incompat`: features of an upper layer that other mounts must know.
//!
//! `incompat/NAME/dirty` keeps every overlayfs from using the upper layer: it does not remove a directory
//! in the work directory that has another one in it (`ovl_workdir_cleanup_recurse()`). A mount of ours
//! that does not know NAME refuses as well.
//!
//! The guard of partial files is made before the first of them, and removed at unmount when there are none,
//! if that is known: they are counted by the mount that has made it. Of one that was found there the
//! administrator says so, when all files are settled. Should that be wrong, overlayfs still refuses each
//! file by its mark.

use crate::{
    logic::mode::Kind,
    union::{
        change::sidecar,
        layers::{
            layer::{GuardOf, UpperLayer, UpperWrite},
            upper_dentry::UpperDentry,
        },
    },
    vfs::{
        errno::ENOTEMPTY,
        file::{flags, BackedFile},
        namei::{self, Creating, NewObject, Removing},
        types::Name,
    },
};
use kernel::prelude::*;

/// The directory in the work directory.
pub const INCOMPAT: &[u8] = b"incompat";
/// The feature of partial files.
pub const PARTIAL: &[u8] = b"union.partial";
/// Its file is for kernels that look one level deep only.
const DIRTY: &[u8] = b"dirty";

/// Marks the upper layer as using `feature`. Returns whether it was not marked.
///
/// # Errors
///
/// Those of the file system.
pub fn make(write: &UpperWrite<'_>, feature: &[u8]) -> Result<bool> {
    let mut dir = write.layer.workdir.clone();
    for name in [INCOMPAT, feature] {
        let creating = Creating::start(write.on(&dir)?, Name::new(name)?)?;
        dir = UpperDentry::new(if creating.dentry().is_positive() {
            creating.keep()
        } else {
            creating.make(Kind::Directory.with(0o700), NewObject::Directory)?
        });
    }
    let dirty = Creating::start(write.on(&dir)?, Name::new(DIRTY)?)?;
    if dirty.dentry().is_positive() {
        return Ok(false);
    }
    dirty.make(Kind::Regular.with(0o600), NewObject::Regular)?;
    Ok(true)
}

/// There will be a partial file, which is counted already. `durable`: the guard is to be on stable
/// storage.
///
/// # Errors
///
/// Those of the file system: then there must not be one.
pub fn hold(upper: &UpperLayer, durable: bool) -> Result {
    let mut guard = upper.guard.lock();
    if *guard == GuardOf::Nobody {
        let is_new = make(&upper.want_write()?, PARTIAL)?;
        if durable {
            let workdir = upper.mnt.at(&upper.workdir)?;
            BackedFile::open(workdir, flags::O_RDONLY | flags::O_DIRECTORY)?.fsync()?;
        }
        *guard = match is_new {
            true => GuardOf::ThisMount,
            false => GuardOf::Another,
        };
    }
    Ok(())
}

/// The end of the mount: without partial files the upper layer needs no guard. Best effort.
pub fn finish(upper: &UpperLayer) {
    let mut guard = upper.guard.lock();
    if *guard == GuardOf::ThisMount && upper.tally.knows_of_none() {
        let _ = remove(upper, &mut guard);
    }
}

/// The administrator says that there are no partial files any more.
///
/// # Errors
///
/// `EBUSY` if some are in memory; those of the file system.
pub fn release(upper: &UpperLayer) -> Result {
    let mut guard = upper.guard.lock();
    // They are counted before the guard is made.
    match upper.tally.has_some() {
        false => remove(upper, &mut guard),
        true => Err(EBUSY),
    }
}

fn remove(upper: &UpperLayer, guard: &mut GuardOf) -> Result {
    let write = upper.want_write()?;
    sidecar::collect(&write)?;
    let mut dirs = [None, None];
    let mut dir = upper.workdir.clone();
    for (slot, name) in dirs.iter_mut().zip([INCOMPAT, PARTIAL]) {
        let child = namei::lookup_one_unlocked(*write.on(&dir)?, Name::new(name)?)?;
        if !child.is_positive() {
            *guard = GuardOf::Nobody;
            return Ok(());
        }
        *slot = Some(core::mem::replace(&mut dir, UpperDentry::new(child)));
    }
    let dirty = namei::lookup_one_unlocked(*write.on(&dir)?, Name::new(DIRTY)?)?;
    if dirty.is_positive() {
        Removing::start_dentry(write.on(&dir)?, &dirty)?.remove()?;
    }
    *guard = GuardOf::Nobody;
    for parent in dirs.into_iter().rev().flatten() {
        match Removing::start_dentry(write.on(&parent)?, &dir)?.remove() {
            // Another feature is in use.
            Err(e) if e == ENOTEMPTY => break,
            removed => removed?,
        }
        dir = parent;
    }
    Ok(())
}
