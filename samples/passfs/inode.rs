// SPDX-License-Identifier: GPL-2.0-only

//! Inodes, the real objects behind them, and the operations all kinds have.

use super::{OwnDentry, OwnInode, PassFs};
use crate::vfs::{
    self,
    acl::{self, Acl, AclType},
    attr::{inode_permission, Iattr, Kstat},
    dentry::Dentry,
    dentry_ops::DentryOperations,
    errno::{EREMOTE, ESTALE},
    fileattr::FileKattr,
    inode_data::Backing,
    inode_ops::{
        Attributes, FileAttributes, Permissions, SpecialOperations, SymlinkOperations, UpdateTime,
    },
    mount::Idmap,
    namei::{lookup_one_unlocked, Link},
    new_inode::Iget,
    path::{OwnPath, PathRef},
    stack,
    super_block::SuperBlock,
    write::{Changing, WriteAccess},
    xattr::{self, Buffer},
    xattr_ops::{Change, Handler},
};
use core::ffi::CStr;
use kernel::{prelude::*, sync::aref::ARef};

/// The operations of all inodes.
pub struct PassInode;

/// What stands behind an inode.
pub fn real(inode: &OwnInode) -> Result<PathRef<'_>> {
    inode.sb().data().mnt.at(inode.data())
}

/// The real inode behind an inode.
pub fn real_inode(inode: &OwnInode) -> Result<&vfs::inode::Inode> {
    inode.data().inode().ok_or(ESTALE)
}

/// The inode of a name there is something under.
pub fn of(dentry: &OwnDentry) -> Result<&OwnInode> {
    dentry.inode().ok_or(ENOENT)
}

/// The real inode, as what stands behind one of ours.
pub fn backing(real: &Dentry) -> Option<Backing<'_>> {
    Some(Backing {
        inode: real.inode()?,
        takes_changes: true,
    })
}

/// The inode that stands on `real`, from the inode cache or new.
pub fn get(sb: &SuperBlock<PassFs>, real: ARef<Dentry>) -> Result<ARef<OwnInode>> {
    let inode = real.inode().ok_or(ESTALE)?;
    if real.is_weird() {
        return Err(EREMOTE);
    }
    let mut new = match sb.iget5(inode.ino(), backing(&real).ok_or(ESTALE)?)? {
        Iget::Cached(inode) => return Ok(inode),
        Iget::New(new) => new,
    };
    new.copy_from(&sb.data().mnt, inode);
    new.init(Ok(real))
}

/// Brings an inode's own attributes up to date: the VFS looks at some of them.
pub fn refresh(inode: &OwnInode) {
    if let Some(real) = inode.data().inode() {
        stack::copy_attr(inode, &inode.sb().data().mnt, real);
    }
}

/// As [`refresh`], after a name was made or removed. The inode is locked.
pub fn refresh_links(inode: &OwnInode) -> Result {
    refresh(inode);
    inode.set_nlink(real_inode(inode)?.nlink());
    Ok(())
}

/// Whether a name leads to what we think it does; the real tree may have changed.
pub fn same(ours: Option<&OwnInode>, theirs: &Dentry) -> bool {
    match (ours.map(|inode| inode.data().inode()), theirs.inode()) {
        (None, None) => true,
        (Some(Some(ours)), Some(theirs)) => ours.same(theirs),
        _ => false,
    }
}

/// The operations of all dentries.
pub struct PassDentry;

impl DentryOperations<PassFs> for PassDentry {
    fn d_revalidate(dentry: &OwnDentry, _flags: u32) -> Result<bool> {
        let (parent, name) = (dentry.parent(), dentry.name_snapshot()?);
        let dir = of(&parent)?;
        let now = lookup_one_unlocked(real(dir)?, name.name())?;
        let valid = same(dentry.inode(), &now);
        if let (true, Some(inode)) = (valid, dentry.inode()) {
            refresh(inode);
        }
        Ok(valid)
    }

    fn d_weak_revalidate(_dentry: &OwnDentry, _flags: u32) -> Result<bool> {
        Ok(true)
    }

    fn d_real(dentry: &OwnDentry, _data: bool) -> Option<&Dentry> {
        let inode = dentry.inode()?;
        inode.is_reg().then(|| &**inode.data())
    }
}

/// Changes the real object.
fn change(inode: &OwnInode, act: impl FnOnce(Changing<'_>) -> Result) -> Result {
    let write = WriteAccess::want(&inode.sb().data().mnt)?;
    act(write.on(inode.data())?)?;
    refresh(inode);
    Ok(())
}

/// Changes attributes of the real object.
fn set_attributes(inode: &OwnInode, attr: &mut Iattr) -> Result {
    attr.for_backing();
    change(inode, |real| attr.notify_change(real))?;
    // The mode is a part of the ACL.
    acl::forget_cached(inode);
    Ok(())
}

impl Attributes<PassFs> for PassInode {
    fn getattr(
        _: &Idmap,
        path: OwnPath<'_, PassFs>,
        stat: &mut Kstat,
        mask: u32,
        flags: u32,
    ) -> Result {
        let inode = of(path.dentry())?;
        stat.get_nosec(real(inode)?, mask, flags)?;
        stat.set_identity(inode.sb().dev(), inode.ino());
        Ok(())
    }

    fn setattr(_: &Idmap, dentry: &OwnDentry, attr: &mut Iattr) -> Result {
        set_attributes(of(dentry)?, attr)
    }

    fn listxattr(dentry: &OwnDentry, buffer: Buffer<'_>) -> Result<usize> {
        xattr::list(of(dentry)?.data(), buffer)
    }

    fn update_time(inode: &OwnInode, which: UpdateTime, nowait: bool) -> Result {
        match which {
            // The real file system has done it.
            UpdateTime::Modification if inode.is_reg() => {}
            _ if nowait => return Err(EAGAIN),
            UpdateTime::Access => {
                real(inode)?.touch_atime();
                stack::copy_atime(inode, real_inode(inode)?);
            }
            // What was written went through a FIFO of ours.
            UpdateTime::Modification => {
                let mut now = Iattr::empty();
                now.touch();
                set_attributes(inode, &mut now)?;
            }
        }
        Ok(())
    }
}

impl Permissions<PassFs> for PassInode {
    fn permission(_: &Idmap, inode: &OwnInode, mask: u32) -> Result {
        inode_permission(real(inode)?.mnt().idmap(), real_inode(inode)?, mask)
    }

    fn get_inode_acl(inode: &OwnInode, ty: AclType) -> Result<Option<Acl>> {
        let real_inode = real_inode(inode)?;
        if !real_inode.has_posix_acl() {
            return Ok(None);
        }
        let acl = Acl::of_inode(real_inode, ty)?;
        acl.map(|acl| acl.mapped(real(inode)?.mnt(), real_inode))
            .transpose()
    }

    fn get_acl(_: &Idmap, dentry: &OwnDentry, ty: AclType) -> Result<Option<Acl>> {
        let inode = of(dentry)?;
        let path = real(inode)?;
        let acl = Acl::get(path, ty)?;
        acl.map(|acl| acl.mapped(path.mnt(), real_inode(inode)?))
            .transpose()
    }

    fn set_acl(_: &Idmap, dentry: &OwnDentry, acl: Option<&Acl>, ty: AclType) -> Result {
        let inode = of(dentry)?;
        change(inode, |real| match acl {
            Some(acl) => acl.set(real, ty),
            None => Acl::remove(real, ty),
        })?;
        acl::forget_cached(inode);
        Ok(())
    }
}

impl Handler<PassFs> for PassInode {
    fn get(_: &OwnDentry, inode: &OwnInode, name: &CStr, buffer: Buffer<'_>) -> Result<usize> {
        xattr::get(real(inode)?, name, buffer)
    }

    fn set(
        _: &Idmap,
        _: &OwnDentry,
        inode: &OwnInode,
        name: &CStr,
        wanted: Change<'_>,
        flags: i32,
    ) -> Result {
        change(inode, |real| match wanted {
            Change::Set(value) => xattr::set(real, name, value, flags),
            Change::Remove => xattr::remove(real, name),
        })
    }
}

impl FileAttributes<PassFs> for PassInode {
    fn fileattr_get(dentry: &OwnDentry, fa: &mut FileKattr) -> Result {
        fa.get(real(of(dentry)?)?)
    }

    fn fileattr_set(_: &Idmap, dentry: &OwnDentry, fa: &mut FileKattr) -> Result {
        let inode = of(dentry)?;
        change(inode, |real| {
            fa.set(real)?;
            stack::copy_flags(inode, real_inode(inode)?);
            Ok(())
        })
    }
}

impl SpecialOperations<PassFs> for PassInode {}

impl SymlinkOperations<PassFs> for PassInode {
    fn get_link(_: &OwnDentry, inode: &OwnInode) -> Result<Link> {
        Link::read(inode.data())
    }
}
