// SPDX-License-Identifier: GPL-2.0-only

//! Objects of lower layers.

use crate::{
    union::layers::union::Union,
    vfs::{dentry::Dentry, path::PathRef},
};
use kernel::{prelude::*, sync::aref::ARef};

/// An object of a lower layer (`struct union_dir` of the 2010 union mounts, without the links).
pub struct LowerPath {
    /// The layer, 0 for the topmost lower one.
    pub layer: u32,
    /// The object there.
    pub dentry: ARef<Dentry>,
    /// Of a directory: empty files in it may be whiteouts, by an attribute of theirs.
    pub xwhiteouts: bool,
}

impl LowerPath {
    /// The object, with the mount of its layer.
    ///
    /// # Errors
    ///
    /// See [`Union::lower`].
    pub fn path<'a>(&'a self, union: &'a Union) -> Result<PathRef<'a>> {
        union.lower(self.layer)?.mnt().at(&self.dentry)
    }
}

/// The lower objects of an inode, topmost first: as many as there are, and no allocation for one.
pub enum LowerStack {
    /// None: the object lives in the upper layer alone.
    None,
    /// One: every lower object but a merged directory. Of a file without data in the upper layer, that
    /// with the data, or the topmost one without.
    One(LowerPath),
    /// The lower directories of a merged directory.
    Many(KVec<LowerPath>),
}

impl LowerStack {
    /// The objects.
    pub fn as_slice(&self) -> &[LowerPath] {
        match self {
            Self::None => &[],
            Self::One(one) => core::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// Takes the collected objects, in a vector of the exact size.
    pub fn from_vec(mut found: KVec<LowerPath>) -> Result<Self> {
        match found.len() {
            0 => Ok(Self::None),
            1 => Ok(found.pop().map_or(Self::None, Self::One)),
            n => {
                let mut exact = KVec::with_capacity(n, GFP_KERNEL_ACCOUNT)?;
                for path in found {
                    exact.push(path, GFP_KERNEL_ACCOUNT)?;
                }
                Ok(Self::Many(exact))
            }
        }
    }
}
