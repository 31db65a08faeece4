// SPDX-License-Identifier: GPL-2.0-only

//! Directories: names are looked up, made, removed and listed in the real one.

use super::{
    file::{real_flags, PassFile},
    inode::{self, real, refresh, refresh_links, same, PassInode},
    Child, NewChild, OwnDentry, OwnInode, PassFs,
};
use crate::vfs::{
    backing_file::BackingFile,
    dentry::LookupDentry,
    dir_context::{self, DirContext},
    errno::ESTALE,
    file::{flags, BackedFile},
    file_ops::DirFileOperations,
    inode_ops::{DirOperations, RenameRequest},
    mount::Idmap,
    namei::{lookup_one_unlocked, Creating, NewObject, Removing, RenameFlags, Renaming},
    open_file::{OpenFile, Opening},
    tmpfile::Tmpfile,
    types::Loff,
    write::WriteAccess,
};
use core::ffi::CStr;
use kernel::{prelude::*, sync::aref::ARef};

/// Makes a name in the real directory, and what it leads to here.
fn make(dir: &OwnInode, dentry: NewChild<'_>, mode: u16, object: NewObject<'_>) -> Result {
    let sb = dir.sb();
    let write = WriteAccess::want(&sb.data().mnt)?;
    let made = Creating::start(write.on(dir.data())?, dentry.name())?.make(mode, object)?;
    refresh(dir);
    let inode = inode::get(sb, made)?;
    if let NewObject::Link(_) = object {
        refresh_links(&inode)?;
    }
    dentry.d_instantiate(inode);
    Ok(())
}

/// Removes a name.
fn remove(dir: &OwnInode, dentry: Child<'_>) -> Result {
    let inode = inode::of(&dentry)?;
    let write = WriteAccess::want(&dir.sb().data().mnt)?;
    let removing = Removing::start(write.on(dir.data())?, dentry.name())?;
    if !same(Some(inode), removing.dentry()) {
        return Err(ESTALE);
    }
    removing.remove()?;
    refresh(dir);
    if inode.is_dir() {
        inode.clear_nlink();
        Ok(())
    } else {
        refresh_links(inode)
    }
}

impl DirOperations<PassFs> for PassInode {
    type File = Self;

    fn lookup(
        dir: &OwnInode,
        dentry: LookupDentry<'_, PassFs>,
        _flags: u32,
    ) -> Result<Option<ARef<OwnDentry>>> {
        let sb = dir.sb();
        let found = lookup_one_unlocked(real(dir)?, dentry.name())?;
        let inode = if found.is_positive() {
            Some(inode::get(sb, found)?)
        } else {
            None
        };
        dentry.d_splice_alias(inode)
    }

    fn create(_: &Idmap, dir: &OwnInode, dentry: NewChild<'_>, mode: u16, _excl: bool) -> Result {
        make(dir, dentry, mode, NewObject::Regular)
    }

    fn link(old: &OwnDentry, dir: &OwnInode, new: NewChild<'_>) -> Result {
        let old = inode::of(old)?;
        make(dir, new, old.mode(), NewObject::Link(old.data()))
    }

    fn unlink(dir: &OwnInode, dentry: Child<'_>) -> Result {
        remove(dir, dentry)
    }

    fn symlink(_: &Idmap, dir: &OwnInode, dentry: NewChild<'_>, target: &CStr) -> Result {
        make(dir, dentry, 0, NewObject::Symlink(target))
    }

    fn mkdir(_: &Idmap, dir: &OwnInode, dentry: NewChild<'_>, mode: u16) -> Result {
        make(dir, dentry, mode, NewObject::Directory)
    }

    fn rmdir(dir: &OwnInode, dentry: Child<'_>) -> Result {
        remove(dir, dentry)
    }

    fn mknod(_: &Idmap, dir: &OwnInode, dentry: NewChild<'_>, mode: u16, rdev: u32) -> Result {
        make(dir, dentry, mode, NewObject::Special(rdev))
    }

    fn rename(
        _: &Idmap,
        old_dir: &OwnInode,
        old: Child<'_>,
        new_dir: &OwnInode,
        new: Child<'_>,
        request: RenameRequest,
    ) -> Result {
        let flags = match request {
            RenameRequest::Replace => RenameFlags::Plain,
            RenameRequest::NoReplace => RenameFlags::NoReplace,
            RenameRequest::Exchange => RenameFlags::Exchange,
            RenameRequest::Whiteout => RenameFlags::Whiteout,
        };
        let write = WriteAccess::want(&old_dir.sb().data().mnt)?;
        let (from, to) = (write.on(old_dir.data())?, write.on(new_dir.data())?);
        let renaming = Renaming::start(from, old.name(), to, new.name(), flags)?;
        if !same(old.inode(), renaming.old_dentry()) || !same(new.inode(), renaming.new_dentry()) {
            return Err(ESTALE);
        }
        renaming.rename()?;
        refresh(old_dir);
        refresh(new_dir);
        refresh(inode::of(&old)?);
        match new.inode() {
            Some(victim) if victim.is_dir() && request != RenameRequest::Exchange => {
                victim.clear_nlink();
                Ok(())
            }
            Some(victim) => refresh_links(victim),
            None => Ok(()),
        }
    }

    fn tmpfile(_: &Idmap, dir: &OwnInode, file: Tmpfile<'_, PassFs>, mode: u16) -> Result {
        let sb = dir.sb();
        let write = WriteAccess::want(&sb.data().mnt)?;
        let open = file.as_file();
        let made = BackingFile::tmpfile(open, real_flags(open), write.on(dir.data())?, mode)?;
        let inode = inode::get(sb, made.dentry().into())?;
        file.finish(inode, PassFile::new(made)?)
    }
}

/// An open directory, which carries the real one, opened for it alone.
type OpenDir = OpenFile<PassFs, BackedFile>;

impl DirFileOperations<PassFs> for PassInode {
    type Data = BackedFile;

    fn open(inode: &OwnInode, _: Opening<'_, PassFs>) -> Result<Pin<KBox<BackedFile>>> {
        let flags = flags::O_DIRECTORY | flags::O_LARGEFILE | flags::O_NOATIME;
        Ok(KBox::pin(
            BackedFile::open(real(inode)?, flags)?,
            GFP_KERNEL,
        )?)
    }

    fn iterate_shared(file: &OpenDir, ctx: &mut DirContext) -> Result {
        dir_context::forward(file.data(), ctx)
    }

    fn llseek(file: &OpenDir, offset: Loff, whence: i32) -> Result<Loff> {
        let to = file.data().llseek(offset, whence)?;
        file.set_pos(to, Loff::MAX)
    }

    fn fsync(file: &OpenDir, start: Loff, end: Loff, datasync: bool) -> Result {
        file.data().fsync_range(start, end, datasync)
    }
}
