// SPDX-License-Identifier: GPL-2.0-only

//! Dentry operations: layers on network file systems are asked whether they changed.

use super::{fs::UnionFs, DEntry};
use crate::vfs::{
    dentry::{lookup_flags, Dentry},
    dentry_ops::DentryOperations,
};
use kernel::prelude::*;

/// Operations of all dentries of a union.
pub struct UnionDentry;

/// Asks all layers that have a part in the dentry.
fn all(
    dentry: &DEntry,
    ask: impl Fn(&Dentry) -> Result<bool>,
    stale: impl Fn(&Dentry) -> Result<bool>,
) -> Result<bool> {
    // A negative dentry: what made it negative may have changed in a remote layer.
    let Some(inode) = dentry.inode() else {
        return stale(dentry);
    };
    let node = inode.data();
    let lowers = node.lowers().iter().map(|l| &*l.dentry);
    for part in Iterator::chain(node.upper().into_iter(), lowers) {
        if !ask(part)? {
            // The part was invalidated; the stack above it is worth no more, and is made again.
            return Ok(false);
        }
    }
    Ok(true)
}

impl DentryOperations<UnionFs> for UnionDentry {
    fn d_revalidate(dentry: &DEntry, flags: u32) -> Result<bool> {
        if flags & lookup_flags::LOOKUP_RCU != 0 {
            // The stack's memory is not protected by RCU.
            return Err(ECHILD);
        }
        all(dentry, |part| part.revalidate(flags), |_| Ok(false))
    }

    fn d_weak_revalidate(dentry: &DEntry, flags: u32) -> Result<bool> {
        all(dentry, |part| part.weak_revalidate(flags), |_| Ok(true))
    }

    fn d_real(dentry: &DEntry, _data: bool) -> Option<&Dentry> {
        let inode = dentry.inode()?;
        if !inode.is_reg() {
            return None;
        }
        let node = inode.data();
        node.upper()
            .or_else(|| node.lowers().first().map(|l| &*l.dentry))
    }
}
