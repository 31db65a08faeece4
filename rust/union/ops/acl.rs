// SPDX-License-Identifier: GPL-2.0-only

//! POSIX ACLs of union inodes.

use crate::{
    logic::mode::SET_GROUP_ID,
    union::{
        change::{
            copy_up,
            on_upper::{on_upper_as, with_room},
        },
        OwnDentry, OwnInode,
    },
    vfs::{
        acl::{can_set, forget_cached, Acl, AclType},
        attr::{inode_owner_or_capable, may_keep_sgid},
        errno::EOPNOTSUPP,
        inode::Inode,
        mount::Idmap,
        path::PathRef,
    },
};
use kernel::prelude::*;

/// `->get_inode_acl()`: for permission checks. The VFS caches it until it changes.
pub fn get_inode(inode: &OwnInode, ty: AclType) -> Result<Option<Acl>> {
    read(inode, |_, real| Acl::of_inode(real, ty))
}

/// `->get_acl()`: for userspace.
pub fn get(dentry: &OwnDentry, ty: AclType) -> Result<Option<Acl>> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    read(inode, |path, _| Acl::get(path, ty))
}

/// Asks for an ACL of the real inode, and gives it the ids that its layer's mount makes of it.
fn read(
    inode: &OwnInode,
    ask: impl FnOnce(PathRef<'_>, &Inode) -> Result<Option<Acl>>,
) -> Result<Option<Acl>> {
    let union = inode.sb().data();
    let path = inode.data().real(union)?;
    let real = path.dentry().inode().ok_or(EIO)?;
    if !real.has_posix_acl() {
        return Ok(None);
    }
    union.with_creds(|| {
        ask(path, real)?
            .map(|acl| acl.mapped(path.mnt(), real))
            .transpose()
    })
}

/// `->set_acl()`.
pub fn set(idmap: &Idmap, dentry: &OwnDentry, acl: Option<&Acl>, ty: AclType) -> Result {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let union = inode.sb().data();
    let workdir = &union.upper()?.workdir;
    if !workdir.inode().is_some_and(can_set) {
        return Err(EOPNOTSUPP);
    }
    if ty == AclType::Default && !inode.is_dir() {
        return if acl.is_some() { Err(EACCES) } else { Ok(()) };
    }
    if !inode_owner_or_capable(idmap, inode) {
        return Err(EPERM);
    }
    // The file system decides whether removing an ACL clears set-group-id, so it acts with the
    // mounter's rights, except the right to keep the bit.
    let strips =
        ty == AclType::Access && inode.mode() & SET_GROUP_ID != 0 && !may_keep_sgid(idmap, inode);
    if acl.is_none() && !strips && inode.data().upper().is_none() && get(dentry, ty)?.is_none() {
        // Nothing to remove is no reason to copy up.
        return Ok(());
    }
    let cred = union.cred_for_change(strips.then_some((idmap, inode)))?;
    copy_up::up(dentry)?;
    with_room(inode, || {
        on_upper_as(inode, &cred, |upper| {
            match acl {
                Some(acl) => acl.set(upper, ty)?,
                None => Acl::remove(upper, ty)?,
            }
            forget_cached(inode);
            Ok(())
        })
    })
}
