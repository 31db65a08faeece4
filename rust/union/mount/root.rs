// SPDX-License-Identifier: GPL-2.0-only

//! The root of a union.

use crate::{
    logic::inum::Space,
    union::{
        layers::{
            node::{LowerPath, LowerStack, Parts},
            private_xattrs::{self, PrivateXattrs},
            probe::LayerDir,
            union::Union,
        },
        lookup::iget,
        mount::dirs::MountDirs,
        Inode, UnionFs,
    },
    vfs::{path::PathRef, super_block::SuperBlock, types::Name},
};
use kernel::{prelude::*, sync::aref::ARef};

/// The root inode. With the mounter's credentials.
///
/// An opaque mark on the root of a layer means nothing, to overlayfs either; a name that says so has been
/// put there by somebody who meant it.
///
/// # Errors
///
/// Those of the layers.
pub fn get(sb: &SuperBlock<UnionFs>, dirs: &MountDirs) -> Result<ARef<Inode>> {
    let union = sb.data();
    let mut lowers = KVec::with_capacity(dirs.lowers.len(), GFP_KERNEL_ACCOUNT)?;
    for (layer, dir) in (0u32..).zip(&dirs.lowers) {
        let xattrs = xattrs(union, PathRef::new(union.lower(layer)?.mnt(), dir.dentry()))?;
        let path = LowerPath {
            layer,
            dentry: dir.dentry().into(),
            xwhiteouts: xattrs.xwhiteouts,
        };
        let ends = LayerDir::lower(union, &path)?.has_opaque_name()?;
        lowers.push(path, GFP_KERNEL_ACCOUNT)?;
        if ends {
            break;
        }
    }
    let (upper, xattrs) = match (&union.upper, dirs.upper()) {
        (Some(layer), Some(dirs)) => {
            let dentry = dirs.upper.dentry();
            (
                Some(dentry.into()),
                xattrs(union, PathRef::new(&layer.mnt, dentry))?,
            )
        }
        _ => (None, PrivateXattrs::default()),
    };
    iget::get(
        sb,
        Parts {
            upper,
            lower: LowerStack::from_vec(lowers)?,
            ino: None,
            place: Space::NATURAL,
            space: Space::NATURAL,
            impure: xattrs.impure,
            protection: xattrs.protection,
        },
    )
}

fn xattrs(union: &Union, root: PathRef<'_>) -> Result<PrivateXattrs> {
    private_xattrs::read(union, root, Name::new(b"/")?)
}
