// SPDX-License-Identifier: GPL-2.0-only

//! `work/incompat`: features of an upper layer that other mounts must know.
//!
//! `incompat/NAME/dirty` keeps every overlayfs from using the upper layer: it does not remove a directory
//! in the work directory that has another one in it (`ovl_workdir_cleanup_recurse()`). A mount of ours
//! that does not know NAME refuses as well.

use crate::{
    logic::mode::Kind,
    union::layers::{
        layer::{UpperLayer, UpperWrite},
        upper_dentry::UpperDentry,
    },
    vfs::{
        file::{flags, BackedFile},
        namei::{Creating, NewObject},
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

/// Marks the upper layer as using `feature`.
///
/// # Errors
///
/// Those of the file system.
pub fn make(write: &UpperWrite<'_>, feature: &[u8]) -> Result {
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
    if !dirty.dentry().is_positive() {
        dirty.make(Kind::Regular.with(0o600), NewObject::Regular)?;
    }
    Ok(())
}

/// Makes the marks durable.
///
/// # Errors
///
/// Those of the file system.
pub fn sync(upper: &UpperLayer) -> Result {
    let dir = upper.mnt.at(&upper.workdir)?;
    BackedFile::open(dir, flags::O_RDONLY | flags::O_DIRECTORY)?.fsync()
}
