// SPDX-License-Identifier: GPL-2.0-only

//! Operations on the names of a directory.

use crate::{
    logic::mode::Kind,
    union::{
        change::{copy_up, create, remove, rename},
        layers::upper_dentry::UpperDentry,
        lookup::{by_name, iget},
        ops::{readdir::UnionDir, real_file::UnionFile},
        Child, NewChild, OwnDentry, OwnInode, UnionFs, UnionInode,
    },
    vfs::{
        cred::override_creds,
        dentry::LookupDentry,
        inode_ops::{DirOperations, RenameRequest},
        mount::Idmap,
        namei::NewObject,
        tmpfile::Tmpfile,
    },
};
use kernel::{prelude::*, sync::aref::ARef};

impl DirOperations<UnionFs> for UnionInode {
    type File = UnionDir;

    fn lookup(
        dir: &OwnInode,
        dentry: LookupDentry<'_, UnionFs>,
        flags: u32,
    ) -> Result<Option<ARef<OwnDentry>>> {
        by_name::lookup(dir, dentry, flags)
    }

    fn create(
        idmap: &Idmap,
        dir: &OwnInode,
        dentry: NewChild<'_>,
        mode: u16,
        _excl: bool,
    ) -> Result {
        create::create(
            idmap,
            dir,
            dentry,
            Kind::Regular.with(mode),
            NewObject::Regular,
        )
    }

    fn link(old: &OwnDentry, dir: &OwnInode, new: NewChild<'_>) -> Result {
        create::link(old, dir, new)
    }

    fn unlink(dir: &OwnInode, dentry: Child<'_>) -> Result {
        remove::remove(dir, dentry)
    }

    fn symlink(idmap: &Idmap, dir: &OwnInode, dentry: NewChild<'_>, target: &CStr) -> Result {
        create::create(
            idmap,
            dir,
            dentry,
            Kind::Symlink.with(0),
            NewObject::Symlink(target),
        )
    }

    fn mkdir(idmap: &Idmap, dir: &OwnInode, dentry: NewChild<'_>, mode: u16) -> Result {
        create::create(
            idmap,
            dir,
            dentry,
            Kind::Directory.with(mode),
            NewObject::Directory,
        )
    }

    fn rmdir(dir: &OwnInode, dentry: Child<'_>) -> Result {
        remove::remove(dir, dentry)
    }

    fn mknod(idmap: &Idmap, dir: &OwnInode, dentry: NewChild<'_>, mode: u16, rdev: u32) -> Result {
        if Kind::from_mode(mode) == Some(Kind::CharDevice) && rdev == 0 {
            // It would be a whiteout.
            return Err(EPERM);
        }
        create::create(idmap, dir, dentry, mode, NewObject::Special(rdev))
    }

    fn rename(
        _: &Idmap,
        old_dir: &OwnInode,
        old: Child<'_>,
        new_dir: &OwnInode,
        new: Child<'_>,
        request: RenameRequest,
    ) -> Result {
        rename::rename(old_dir, old, new_dir, new, request)
    }

    fn tmpfile(idmap: &Idmap, dir: &OwnInode, file: Tmpfile<'_, UnionFs>, mode: u16) -> Result {
        tmpfile(idmap, dir, file, Kind::Regular.with(mode))
    }
}

/// Makes and opens a file without a name.
fn tmpfile(idmap: &Idmap, dir: &OwnInode, file: Tmpfile<'_, UnionFs>, mode: u16) -> Result {
    let sb = dir.sb();
    let union = sb.data();
    copy_up::up(&file.dentry().parent())?;
    let updir = dir.data().upper().ok_or(EROFS)?;
    let write = union.upper()?.want_write()?;
    let mut new = sb.new_inode()?;
    new.init_owner(idmap, dir, mode);
    let mode = new.as_inode().mode();
    let (inode, data) = override_creds(&union.cred, |caller| {
        let creator = create::creator(&file.dentry(), mode, new.as_inode(), caller)?;
        let data = override_creds(&creator, |_| {
            UnionFile::tmpfile(file.as_file(), write.on(updir)?, mode)
        })?;
        Ok::<_, Error>((
            iget::init_created(sb, new, UpperDentry::new(data.upper_dentry().into()))?,
            data,
        ))
    })?;
    drop(write);
    file.finish(inode, data)
}
