// SPDX-License-Identifier: GPL-2.0-only

//! OwnInode operations but those on names: attributes, permissions, links, blocks.

use crate::{
    logic::{codec::Attr, mode::Kind},
    union::{
        change::{copy_up, data_up, on_upper::on_upper, part, part_up, settle},
        layers::{file_data::InUpper, node::Node, part::Part, private_xattrs, union::Union},
        lookup::data,
        ops::{acl, ranges, xattr},
        OwnDentry, OwnInode, UnionFs, UnionInode,
    },
    vfs::{
        acl::{forget_cached, Acl, AclType},
        attr::{generic_permission, inode_permission, may, Iattr, Kstat},
        cred::override_creds,
        errno::{EOPNOTSUPP, ESTALE},
        fileattr::{FiemapInfo, FileKattr},
        inode_ops::{
            Attributes, FileAttributes, Permissions, RegOperations, SpecialOperations,
            SymlinkOperations, UpdateTime,
        },
        mount::Idmap,
        namei::Link,
        path::OwnPath,
        rcu::RcuInode,
        stack,
        types::Protection,
        user::caller_has_32_bits,
        xattr::Buffer,
    },
};
use kernel::prelude::*;

/// What of the attributes of a file belongs to its data, which the object that `stat` is of does not have.
/// As long as the data are not looked up, that object has the right size, and the blocks are not known:
/// stat(2) of all files of an image shall not look for the data of each.
fn data_size(union: &Union, node: &Node, stat: &mut Kstat, mask: u32, flags: u32) -> Result {
    match node.data_lower() {
        Some(data) => {
            let mut of_data = Kstat::empty();
            union.with_creds(|| of_data.get_nosec(data.path(union)?, mask, flags))?;
            match node.data.in_upper() {
                InUpper::Some => {
                    let missing = node.data.part().map_or(u64::MAX, part::missing);
                    stat.add_blocks_below(&of_data, missing);
                }
                InUpper::All | InUpper::Nothing => stat.take_data(&of_data),
            }
        }
        None => stat.guess_blocks(),
    }
    Ok(())
}

impl Attributes<UnionFs> for UnionInode {
    fn getattr(
        idmap: &Idmap,
        path: OwnPath<'_, UnionFs>,
        stat: &mut Kstat,
        mask: u32,
        flags: u32,
    ) -> Result {
        let inode = path.dentry().inode().ok_or(ENOENT)?;
        let sb = inode.sb();
        let union = sb.data();
        let node = inode.data();
        // Asked before the object is: the data may be copied up meanwhile.
        let is_elsewhere = inode.is_reg() && !node.has_own_data();
        // Always from the layer: xfs, for example, keeps sizes and blocks outside of the VFS inode.
        union.with_creds(|| stat.get_nosec(node.real(union)?, mask, flags))?;
        if is_elsewhere {
            data_size(union, node, stat, mask, flags)?;
        }
        stat.fill_statx_attr(inode);
        // Without the set-id bits of a lower layer that is mounted nosuid.
        stat.set_mode(inode.mode());
        if inode.is_dir() && inode.nlink() == 0 {
            // The lower parts of a removed directory still exist.
            stat.set_nlink(0);
        } else if inode.is_dir() && node.is_merged() {
            // The number of subdirectories is not known; 1 means that.
            stat.set_nlink(1);
        } else if node.is_unlinked() && node.upper().is_none() {
            // The layer has not seen the removal.
            stat.set_nlink(inode.nlink());
        }
        let ino = match caller_has_32_bits() {
            true => union.inums.short(inode.ino()),
            false => inode.ino(),
        };
        stat.set_identity(sb.dev(), ino);
        stat.map_owner(idmap, inode);
        Ok(())
    }

    fn setattr(idmap: &Idmap, dentry: &OwnDentry, attr: &mut Iattr) -> Result {
        attr.prepare(idmap, dentry)?;
        let inode = dentry.inode().ok_or(ENOENT)?;
        // From here on the ids are those of the union, whatever the mount shows.
        attr.unmap_owner(idmap, inode);
        attr.for_backing();
        let _changing = inode.data().data.part().map(Part::changing);
        if let Some(size) = attr.new_size() {
            let size = size.max(0) as u64;
            if let Some(part) = part_up::for_size(dentry, size)? {
                part::truncate(inode, part, size, attr)?;
                settle::refresh(inode);
                forget_cached(inode);
                return Ok(());
            }
        }
        if inode.data().data_upper().is_none() {
            if attr.new_size().is_some_and(|size| size != inode.size()) {
                // The copy gets the new size by itself, so the file system will see no change of it
                // and would leave the times alone.
                attr.touch();
            }
            let is_done = copy_up::up_changed(dentry, attr)?
                || attr.new_size().is_some() && data_up::up_changed(inode, attr)?;
            if is_done {
                forget_cached(inode);
                return Ok(());
            }
        }
        on_upper(inode, |upper| attr.notify_change(upper))?;
        // A new mode changes the ACL, which the VFS may have cached.
        forget_cached(inode);
        Ok(())
    }

    fn listxattr(dentry: &OwnDentry, buffer: Buffer<'_>) -> Result<usize> {
        xattr::list(dentry, buffer)
    }

    fn update_time(inode: &OwnInode, which: UpdateTime, nowait: bool) -> Result {
        // The layer keeps the times, if it is writable.
        let Some(upper) = inode.data().upper() else {
            return Ok(());
        };
        // The layer sees writes to a file, but not into a pipe.
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
            UpdateTime::Modification => {
                let mut now = Iattr::empty();
                now.touch();
                // As on a read-only mount: a failure to update a time is ignored.
                let _ = on_upper(inode, |upper| now.notify_change(upper));
            }
        }
        Ok(())
    }
}

impl Permissions<UnionFs> for UnionInode {
    fn permission(idmap: &Idmap, inode: &OwnInode, mask: u32) -> Result {
        let union = inode.sb().data();
        generic_permission(idmap, inode, mask)?;
        let node = inode.data();
        let path = node.real(union)?;
        let mask = real_mask(inode.mode(), node.upper().is_some(), mask);
        let real = path.dentry().inode().ok_or(ESTALE)?;
        if node.upper().is_none() && inode.is_device() && path.mnt().is_nodev() {
            return Err(EACCES);
        }
        union.with_creds(|| inode_permission(path.mnt().idmap(), real, mask))
    }

    fn permission_rcu(idmap: &Idmap, inode: RcuInode<'_, UnionFs>, mask: u32) -> Result {
        inode.generic_permission(idmap, mask)?;
        let walk = inode.walk_data();
        let idmap = walk.idmap().ok_or(ECHILD)?;
        let (real, is_upper) = inode.backing().ok_or(ECHILD)?;
        let mask = real_mask(real.mode(), is_upper, mask);
        override_creds(&walk.cred, |_| real.permission(idmap, mask))
    }

    fn get_inode_acl(inode: &OwnInode, ty: AclType) -> Result<Option<Acl>> {
        acl::get_inode(inode, ty)
    }

    fn get_acl(_idmap: &Idmap, dentry: &OwnDentry, ty: AclType) -> Result<Option<Acl>> {
        acl::get(dentry, ty)
    }

    fn set_acl(idmap: &Idmap, dentry: &OwnDentry, acl: Option<&Acl>, ty: AclType) -> Result {
        acl::set(idmap, dentry, acl, ty)
    }
}

/// The permissions that the mounter needs on the object of a layer. A lower file is never written,
/// only read for copy-up.
fn real_mask(mode: u16, is_upper: bool, mask: u32) -> u32 {
    let plain = matches!(
        Kind::from_mode(mode),
        Some(Kind::Regular | Kind::Directory | Kind::Symlink)
    );
    if !is_upper && plain && mask & may::MAY_WRITE != 0 {
        (mask & !(may::MAY_WRITE | may::MAY_APPEND)) | may::MAY_READ
    } else {
        mask
    }
}

impl FileAttributes<UnionFs> for UnionInode {
    fn fileattr_get(dentry: &OwnDentry, fa: &mut FileKattr) -> Result {
        let inode = dentry.inode().ok_or(ENOENT)?;
        let union = inode.sb().data();
        union.with_creds(|| fa.get(inode.data().real(union)?))?;
        fa.set_protection(stack::protection(inode));
        Ok(())
    }

    fn fileattr_set(_idmap: &Idmap, dentry: &OwnDentry, fa: &mut FileKattr) -> Result {
        let inode = dentry.inode().ok_or(ENOENT)?;
        let union = inode.sb().data();
        if fa.folds_case() {
            // Names of the union are compared byte by byte, and so are those of its layers.
            return Err(EOPNOTSUPP);
        }
        let before = match inode.data().upper() {
            Some(_) => None,
            None => Some(union.with_creds(|| FileKattr::of(inode.data().real(union)?))?),
        };
        copy_up::up(dentry)?;
        on_upper(inode, |upper| {
            if let Some(before) = before {
                // Flags that the caller left unchanged from the lower layer may be unknown to the
                // upper layer.
                fa.rebase(&before, &FileKattr::of(*upper)?);
            }
            // Protection flags are stored as an attribute, as in overlayfs: on the object itself
            // they would prevent the union's own changes.
            let protection = fa.protection();
            fa.set_protection(Protection::NONE);
            fa.set(upper)?;
            match private_xattrs::protection(protection).encode() {
                [] => private_xattrs::remove(union, upper, Attr::Protattr)?,
                value => private_xattrs::set(union, upper, Attr::Protattr, value)?,
            }
            if let Some(real) = upper.dentry().inode() {
                stack::copy_flags(inode, real);
                stack::set_protection(inode, protection);
            }
            Ok(())
        })
    }
}

impl SpecialOperations<UnionFs> for UnionInode {}

impl SymlinkOperations<UnionFs> for UnionInode {
    fn get_link(_dentry: &OwnDentry, inode: &OwnInode) -> Result<Link> {
        let union = inode.sb().data();
        union.with_creds(|| Link::read(inode.data().real(union)?.dentry()))
    }
}

impl RegOperations<UnionFs> for UnionInode {
    type File = Self;

    fn fiemap(inode: &OwnInode, info: &FiemapInfo, start: u64, len: u64) -> Result {
        let union = inode.sb().data();
        if let Some(part) = part::get(inode)? {
            return ranges::fiemap(inode, part, info, start, len);
        }
        union.with_creds(|| {
            let path = match inode.data().data_upper() {
                Some(upper) => union.upper_path(upper)?,
                None => data::locate(union, inode)?,
            };
            info.ask(path.dentry().inode().ok_or(EIO)?, start, len)
        })
    }
}
