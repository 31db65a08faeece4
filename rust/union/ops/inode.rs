// SPDX-License-Identifier: GPL-2.0-only

//! Inode operations: attributes, permissions, and the dispatch of the rest.

use crate::vfs::{
    self,
    acl::{forget_cached, Acl, AclType},
    attr::{generic_permission, inode_permission, may, Iattr, Kstat},
    dentry::{Dentry, LookupDentry},
    fileattr::{FiemapInfo, FileKattr},
    inode_ops::{
        Attributes, DirOperations, FileAttributes, Permissions, RegOperations, RenameRequest,
        SpecialOperations, SymlinkOperations, UpdateTime,
    },
    mount::Idmap,
    namei::{Link, NewObject},
    path::PathRef,
    stack,
    tmpfile::Tmpfile,
    user::caller_has_32_bits,
    write::{InodeWriteAccess, WriteAccess},
    xattr::Buffer,
};
use crate::{
    logic::{codec::Attr, mode::Kind, value::Protattr},
    union::{
        change::{copy_up, create, remove, rename},
        layers::private_xattrs,
        lookup::by_name,
        ops::{acl, readdir, tmpfile, xattr},
        Child, DEntry, Inode, UnionFs, UnionInode,
    },
};
use kernel::{
    prelude::*,
    sync::{aref::ARef, rcu},
};

impl Attributes<UnionFs> for UnionInode {
    fn getattr(
        _idmap: &Idmap,
        _path: PathRef<'_>,
        dentry: &DEntry,
        stat: &mut Kstat,
        mask: u32,
        flags: u32,
    ) -> Result {
        let inode = dentry.inode().ok_or(ENOENT)?;
        let sb = inode.sb();
        let union = sb.data();
        let node = inode.data();
        // Always the layer's: xfs, for one, has sizes and blocks elsewhere than in the inode.
        union.with_creds(|| stat.get_nosec(node.real(union)?, mask, flags))?;
        stat.fill_statx_attr(inode);
        // Without the set-id bits of a lower layer that is mounted nosuid.
        stat.set_mode(inode.mode());
        if inode.is_dir() && inode.nlink() == 0 {
            // Of a removed directory the lower parts are still there.
            stat.set_nlink(0);
        } else if inode.is_dir() && node.is_merged() {
            // How many subdirectories there are is not known; 1 says so.
            stat.set_nlink(1);
        } else if node.is_unlinked() && node.upper().is_none() {
            // The layer knows nothing of the removal.
            stat.set_nlink(inode.nlink());
        }
        let ino = match caller_has_32_bits() {
            true => union.inums.short(inode.ino()),
            false => inode.ino(),
        };
        stat.set_identity(sb.dev(), ino);
        Ok(())
    }

    fn setattr(idmap: &Idmap, dentry: &DEntry, attr: &mut Iattr) -> Result {
        attr.prepare(idmap, dentry)?;
        let inode = dentry.inode().ok_or(ENOENT)?;
        attr.for_backing();
        if let (Some(size), None) = (attr.new_size(), inode.data().upper()) {
            if size != inode.size() {
                // The copy is made with the new size, so the file system will see no change of it
                // and would leave the times alone.
                attr.touch();
            }
            if copy_up::up_changed(dentry, attr)? {
                forget_cached(inode);
                return Ok(());
            }
        }
        copy_up::up(dentry)?;
        let union = inode.sb().data();
        let mnt = &union.upper()?.mnt;
        let upper = inode.data().upper().ok_or(EROFS)?;
        let real = upper.inode().ok_or(EIO)?;
        // A file that is executed through the upper layer cannot be truncated.
        let _text = match attr.new_size() {
            Some(_) => Some(InodeWriteAccess::get(real)?),
            None => None,
        };
        let _write = WriteAccess::want(mnt)?;
        {
            let lock = real.lock();
            union.with_creds(|| attr.notify_change(mnt.idmap(), upper, &lock))?;
            stack::copy_attr(inode, mnt, real);
        }
        // A new mode changes the ACL, which the VFS may have cached.
        forget_cached(inode);
        Ok(())
    }

    fn listxattr(dentry: &DEntry, buffer: Buffer<'_>) -> Result<usize> {
        xattr::list(dentry, buffer)
    }

    fn update_time(inode: &Inode, which: UpdateTime, nowait: bool) -> Result {
        // Times are kept by the layer, where it is writable.
        let Some(upper) = inode.data().upper() else {
            return Ok(());
        };
        // The layer sees who writes to a file, but not who writes into a pipe.
        if which == UpdateTime::Modification && !inode.is_fifo() {
            return Ok(());
        }
        if nowait {
            return Err(EAGAIN);
        }
        match which {
            UpdateTime::Access => {
                inode.sb().data().upper_path(upper)?.touch_atime();
                if let Some(real) = upper.inode() {
                    stack::copy_atime(inode, real);
                }
            }
            // As on a read-only mount: nothing is refused for the sake of its time.
            UpdateTime::Modification => drop(touch(inode, upper)),
        }
        Ok(())
    }
}

/// Sets modification and change time of an object of the upper layer to now.
fn touch(inode: &Inode, upper: &Dentry) -> Result {
    let union = inode.sb().data();
    let mnt = &union.upper()?.mnt;
    let real = upper.inode().ok_or(EIO)?;
    let _write = WriteAccess::want(mnt)?;
    let mut now = Iattr::empty();
    now.touch();
    let lock = real.lock();
    union.with_creds(|| now.notify_change(mnt.idmap(), upper, &lock))?;
    stack::copy_attr(inode, mnt, real);
    Ok(())
}

impl Permissions<UnionFs> for UnionInode {
    fn permission(idmap: &Idmap, inode: &Inode, mask: u32) -> Result {
        let union = inode.sb().data();
        generic_permission(idmap, inode, mask)?;
        if mask & may::MAY_NOT_BLOCK != 0 {
            if union.any_idmapped {
                return Err(ECHILD);
            }
            let guard = rcu::Guard::new();
            let (real, is_upper) = inode.backing_rcu(&guard).ok_or(ECHILD)?;
            let mask = real_mask(inode, is_upper, mask);
            return union.with_creds(|| inode_permission(Idmap::nop(), real, mask));
        }
        let node = inode.data();
        let path = node.real(union)?;
        let mask = real_mask(inode, node.upper().is_some(), mask);
        let real = path.dentry().inode().ok_or(vfs::errno::ESTALE)?;
        if node.upper().is_none() && inode.is_device() && path.mnt().is_nodev() {
            return Err(EACCES);
        }
        union.with_creds(|| inode_permission(path.mnt().idmap(), real, mask))
    }

    fn get_inode_acl(inode: &Inode, ty: AclType, rcu: bool) -> Result<Option<Acl>> {
        if rcu {
            // The VFS has looked into its cache already.
            return Err(ECHILD);
        }
        acl::get_inode(inode, ty)
    }

    fn get_acl(_idmap: &Idmap, dentry: &DEntry, ty: AclType) -> Result<Option<Acl>> {
        acl::get(dentry, ty)
    }

    fn set_acl(idmap: &Idmap, dentry: &DEntry, acl: Option<&Acl>, ty: AclType) -> Result {
        acl::set(idmap, dentry, acl, ty)
    }
}

/// What the mounter must be allowed to do with the object of a layer. A lower file is never
/// written: it is read, to copy it up.
fn real_mask(inode: &Inode, is_upper: bool, mask: u32) -> u32 {
    let plain = inode.is_reg() || inode.is_dir() || inode.is_symlink();
    if !is_upper && plain && mask & may::MAY_WRITE != 0 {
        (mask & !(may::MAY_WRITE | may::MAY_APPEND)) | may::MAY_READ
    } else {
        mask
    }
}

impl FileAttributes<UnionFs> for UnionInode {
    fn fileattr_get(dentry: &DEntry, fa: &mut FileKattr) -> Result {
        let inode = dentry.inode().ok_or(ENOENT)?;
        let union = inode.sb().data();
        union.with_creds(|| fa.get(inode.data().real(union)?))?;
        let (immutable, append) = stack::protection(inode);
        fa.set_protection(immutable, append);
        Ok(())
    }

    fn fileattr_set(_idmap: &Idmap, dentry: &DEntry, fa: &mut FileKattr) -> Result {
        let inode = dentry.inode().ok_or(ENOENT)?;
        let union = inode.sb().data();
        if fa.folds_case() {
            // Names of the union are compared byte by byte, and so are those of its layers.
            return Err(vfs::errno::EOPNOTSUPP);
        }
        let before = match inode.data().upper() {
            Some(_) => None,
            None => Some(union.with_creds(|| FileKattr::of(inode.data().real(union)?))?),
        };
        copy_up::up(dentry)?;
        let upper = inode.data().upper().ok_or(EROFS)?;
        let _write = union.upper()?.want_write()?;
        union.with_creds(|| {
            if let Some(before) = before {
                // What the caller left as it was in the lower layer may mean nothing to the upper
                // layer.
                fa.rebase(&before, &FileKattr::of(union.upper_path(upper)?)?);
            }
            // Protection is kept as an attribute, as overlayfs keeps it: on the object itself it would
            // stop the union from making what belongs to it.
            let (immutable, append) = fa.protection();
            fa.set_protection(false, false);
            fa.set(union.upper_path(upper)?)?;
            let protection = Protattr { immutable, append };
            if protection == Protattr::default() {
                private_xattrs::remove(union, upper, Attr::Protattr)?;
            } else {
                private_xattrs::set(union, upper, Attr::Protattr, protection.encode())?;
            }
            if let Some(real) = upper.inode() {
                stack::copy_flags(inode, real);
                stack::set_protection(inode, immutable, append);
                stack::copy_attr(inode, &union.upper()?.mnt, real);
            }
            Ok(())
        })
    }
}

impl SpecialOperations<UnionFs> for UnionInode {}

impl SymlinkOperations<UnionFs> for UnionInode {
    fn get_link(_dentry: &DEntry, inode: &Inode) -> Result<Link> {
        let union = inode.sb().data();
        union.with_creds(|| Link::read(inode.data().real(union)?.dentry()))
    }
}

impl RegOperations<UnionFs> for UnionInode {
    type File = Self;

    fn fiemap(inode: &Inode, info: &FiemapInfo, start: u64, len: u64) -> Result {
        let union = inode.sb().data();
        let real = inode.data().real(union)?.dentry().inode().ok_or(EIO)?;
        union.with_creds(|| info.ask(real, start, len))
    }
}

impl DirOperations<UnionFs> for UnionInode {
    type File = readdir::UnionDir;

    fn lookup(
        dir: &Inode,
        dentry: LookupDentry<'_, UnionFs>,
        flags: u32,
    ) -> Result<Option<ARef<DEntry>>> {
        by_name::lookup(dir, dentry, flags)
    }

    fn create(_: &Idmap, dir: &Inode, dentry: Child<'_>, mode: u16, _excl: bool) -> Result {
        create::create(dir, dentry, Kind::Regular.with(mode), NewObject::Regular)
    }

    fn link(old: &DEntry, dir: &Inode, new: Child<'_>) -> Result {
        create::link(old, dir, new)
    }

    fn unlink(dir: &Inode, dentry: Child<'_>) -> Result {
        remove::remove(dir, dentry)
    }

    fn symlink(_: &Idmap, dir: &Inode, dentry: Child<'_>, target: &CStr) -> Result {
        create::create(
            dir,
            dentry,
            Kind::Symlink.with(0),
            NewObject::Symlink(target),
        )
    }

    fn mkdir(_: &Idmap, dir: &Inode, dentry: Child<'_>, mode: u16) -> Result {
        create::create(
            dir,
            dentry,
            Kind::Directory.with(mode),
            NewObject::Directory,
        )
    }

    fn rmdir(dir: &Inode, dentry: Child<'_>) -> Result {
        remove::remove(dir, dentry)
    }

    fn mknod(_: &Idmap, dir: &Inode, dentry: Child<'_>, mode: u16, rdev: u32) -> Result {
        if Kind::from_mode(mode) == Some(Kind::CharDevice) && rdev == 0 {
            // It would be a whiteout.
            return Err(EPERM);
        }
        create::create(dir, dentry, mode, NewObject::Special(rdev))
    }

    fn rename(
        _: &Idmap,
        old_dir: &Inode,
        old: Child<'_>,
        new_dir: &Inode,
        new: Child<'_>,
        request: RenameRequest,
    ) -> Result {
        rename::rename(old_dir, old, new_dir, new, request)
    }

    fn tmpfile(_: &Idmap, dir: &Inode, file: Tmpfile<'_, UnionFs>, mode: u16) -> Result {
        tmpfile::tmpfile(dir, file, Kind::Regular.with(mode))
    }
}
