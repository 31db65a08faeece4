// SPDX-License-Identifier: GPL-2.0-only

//! POSIX ACLs of union inodes.

use crate::{
    logic::mode::SET_GROUP_ID,
    union::{change::copy_up, DEntry, Inode},
    vfs::{
        acl::{can_set, forget_cached, Acl, AclType},
        attr::{inode_owner_or_capable, may_keep_sgid},
        cred::override_creds,
        errno::EOPNOTSUPP,
        mount::Idmap,
        stack,
        write::WriteAccess,
    },
};
use kernel::prelude::*;

/// `->get_inode_acl()`: what permission checks go by. The VFS keeps it until it changes.
pub fn get_inode(inode: &Inode, ty: AclType) -> Result<Option<Acl>> {
    let union = inode.sb().data();
    let path = inode.data().real(union)?;
    let real = path.dentry().inode().ok_or(EIO)?;
    if !real.has_posix_acl() {
        return Ok(None);
    }
    union.with_creds(|| {
        Acl::of_inode(real, ty)?
            .map(|acl| acl.mapped(path.mnt(), real))
            .transpose()
    })
}

/// `->get_acl()`: what userspace reads.
pub fn get(dentry: &DEntry, ty: AclType) -> Result<Option<Acl>> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let union = inode.sb().data();
    let path = inode.data().real(union)?;
    let real = path.dentry().inode().ok_or(EIO)?;
    if !real.has_posix_acl() {
        return Ok(None);
    }
    union.with_creds(|| {
        Acl::get(path.mnt(), path.dentry(), ty)?
            .map(|acl| acl.mapped(path.mnt(), real))
            .transpose()
    })
}

/// `->set_acl()`.
pub fn set(idmap: &Idmap, dentry: &DEntry, acl: Option<&Acl>, ty: AclType) -> Result {
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
    // Whether an ACL that goes takes set-group-id along is up to the file system, so it does so
    // itself, with the mounter's rights but for that to keep it.
    let strips = ty == AclType::Access && inode.mode() & SET_GROUP_ID != 0 && !may_keep_sgid(inode);
    if acl.is_none() && !strips && inode.data().upper().is_none() && get(dentry, ty)?.is_none() {
        // Nothing to remove is no reason to copy up.
        return Ok(());
    }
    let stripping = match strips {
        true => Some(union.cred_without_fsetid()?),
        false => None,
    };
    copy_up::up(dentry)?;
    let upper = inode.data().upper().ok_or(EROFS)?;
    let mnt = &union.upper()?.mnt;
    let _write = WriteAccess::want(mnt)?;
    override_creds(stripping.as_ref().unwrap_or(&union.cred), |_| {
        match acl {
            Some(acl) => acl.set(mnt, upper, ty)?,
            None => Acl::remove(mnt, upper, ty)?,
        }
        forget_cached(inode);
        if let Some(real) = upper.inode() {
            stack::copy_attr(inode, mnt, real);
        }
        Ok(())
    })
}
