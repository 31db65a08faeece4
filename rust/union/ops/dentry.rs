// SPDX-License-Identifier: GPL-2.0-only

//! Dentry operations: revalidation of layers on network file systems.

use crate::{
    union::{
        layers::probe::{self, LayerDir, ProbeDepth},
        lookup::data,
        OwnDentry, UnionFs,
    },
    vfs::{dentry::Dentry, dentry_ops::DentryOperations},
};
use kernel::prelude::*;

/// Operations of all dentries of a union.
pub struct UnionDentry;

/// Asks all layers that take part in the dentry, with the mounter's credentials: a server answers
/// the mounter, and might refuse other users what the union grants. `negative`: what holds of a
/// negative dentry, in which none takes part.
fn all(dentry: &OwnDentry, negative: bool, ask: impl Fn(&Dentry) -> Result<bool>) -> Result<bool> {
    let Some(inode) = dentry.inode() else {
        return Ok(negative);
    };
    let union = dentry.sb().data();
    let node = inode.data();
    let lowers = node.lowers().iter().map(|l| &*l.dentry);
    let upper = node.upper().into_iter().map(|upper| &**upper);
    let data = node.data_lower().filter(|_| !node.has_own_data());
    let data = data.into_iter().map(|data| &*data.dentry);
    let parts = Iterator::chain(Iterator::chain(upper, lowers), data);
    for part in parts.filter(|part| part.wants_revalidate()) {
        if !union.with_creds(|| ask(part))? {
            // The part was invalidated, so the whole stack is invalid and is built again.
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a layer that may change by itself now has an object that hides the one shown from a
/// layer beneath.
///
/// Not called for a directory: its inode keeps its layers while it is in use.
fn is_hidden(dentry: &OwnDentry) -> Result<bool> {
    let Some(inode) = dentry.inode().filter(|inode| !inode.is_dir()) else {
        return Ok(false);
    };
    let node = inode.data();
    let Some(shown) = node.lowers().first().filter(|_| node.upper().is_none()) else {
        return Ok(false);
    };
    let parent = dentry.parent();
    let dir = parent.inode().ok_or(ENOENT)?.data();
    let mut above = dir
        .lowers()
        .iter()
        .take_while(|lower| lower.layer < shown.layer)
        .filter(|lower| lower.dentry.wants_revalidate())
        .peekable();
    if above.peek().is_none() {
        return Ok(false);
    }
    let union = dentry.sb().data();
    union.with_creds(|| {
        let name = dentry.name_snapshot()?;
        for lower in above {
            if probe::probe(
                union,
                LayerDir::lower(union, lower)?,
                name.name(),
                ProbeDepth::All,
            )?
            .is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

impl DentryOperations<UnionFs> for UnionDentry {
    fn d_revalidate(dentry: &OwnDentry, flags: u32) -> Result<bool> {
        // What made a negative dentry so may have changed in a remote layer.
        Ok(all(dentry, false, |part| part.revalidate(flags))? && !is_hidden(dentry)?)
    }

    fn d_weak_revalidate(dentry: &OwnDentry, flags: u32) -> Result<bool> {
        all(dentry, true, |part| part.weak_revalidate(flags))
    }

    fn d_real(dentry: &OwnDentry, data: bool) -> Option<&Dentry> {
        let inode = dentry.inode()?;
        if !inode.is_reg() {
            return None;
        }
        let node = inode.data();
        let upper = match data {
            true => node.data_upper(),
            false => node.upper(),
        };
        if let Some(upper) = upper {
            return Some(upper);
        }
        if data && node.data_lower().is_none() {
            // Whoever asks for the data will read them. If they are not found, he sees the mark's.
            let union = dentry.sb().data();
            let _ = union.with_creds(|| data::locate(union, inode));
        }
        let lower = match data {
            true => node.data_lower().or(node.lowers().first()),
            false => node.lowers().first(),
        };
        lower
            .map(|lower| &*lower.dentry)
            .or(node.upper().map(|upper| &**upper))
    }
}
