// SPDX-License-Identifier: GPL-2.0-only

//! New objects in the work directory, with everything that they inherit from their final directory.

use crate::{
    union::{
        change::stage::{Staged, ToMake},
        layers::layer::UpperWrite,
        OwnInode,
    },
    vfs::{acl::Inherited, attr::Iattr, namei::NewObject},
};
use kernel::prelude::*;

/// Makes an object in the work directory with the ACLs it inherits in `dir`, and the mode that they
/// or the umask leave.
///
/// # Errors
///
/// Those of the upper layer's file system.
pub fn stage<'a>(write: &'a UpperWrite<'a>, dir: &OwnInode, new: ToMake<'_>) -> Result<Staged<'a>> {
    if let NewObject::Link(_) = new.object {
        return Staged::make(write, new.mode, new.object);
    }
    let inherited = Inherited::new(dir, new.mode)?;
    let staged = Staged::make(write, inherited.mode, new.object)?;
    let object = staged.object()?;
    let inode = object.dentry().inode().ok_or(EIO)?;
    if !matches!(new.object, NewObject::Symlink(_)) && inode.mode() != inherited.mode {
        // The file system applied the umask, or set-group-id rules of the work directory.
        Iattr::empty().mode(inherited.mode).notify_change(object)?;
    }
    if !inherited.is_empty() {
        inherited.apply(object)?;
    }
    Ok(staged)
}
