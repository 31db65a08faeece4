// SPDX-License-Identifier: GPL-2.0-only

//! Objects of the upper layer.

use crate::vfs::dentry::Dentry;
use kernel::sync::aref::ARef;

/// A dentry of the upper layer, or of the work directory: what alone the union changes. A lower object
/// is none, though it may lie on the same file system.
pub struct UpperDentry(ARef<Dentry>);

impl UpperDentry {
    /// What was looked up in a directory of the upper layer, or made there.
    pub fn new(dentry: ARef<Dentry>) -> Self {
        Self(dentry)
    }
}

impl Clone for UpperDentry {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl core::ops::Deref for UpperDentry {
    type Target = Dentry;

    fn deref(&self) -> &Dentry {
        &self.0
    }
}
