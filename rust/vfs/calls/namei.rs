// SPDX-License-Identifier: GPL-2.0-only

//! Looking up and changing names of a foreign directory.
//!
//! The guards carry the names of the C pairs they hold: `start_creating()` ... `end_creating()`,
//! `start_removing()` ... `end_removing()`, `start_renaming*()` ... `end_renaming()`. Each holds
//! the directory's lock and the dentry. All of them require a directory that can be changed.

use crate::bindings;
use crate::vfs::{
    dentry::Dentry, file::BackedFile, mount::Idmap, path::PathRef, types::Name, write::Changing,
};
use core::{ffi::CStr, marker::PhantomData, mem::ManuallyDrop};
use kernel::{
    error::{from_err_ptr, to_result},
    prelude::*,
    sync::aref::ARef,
};

/// Looks one name up in a foreign directory, from the cache or from the file system; the result may
/// be negative (`lookup_one_unlocked()`).
///
/// # Errors
///
/// Those of the file system; `EACCES` for a name that is none, or without the right to search;
/// `ENOTDIR`.
pub fn lookup_one_unlocked(dir: PathRef<'_>, name: Name<'_>) -> Result<ARef<Dentry>> {
    let idmap = dir.mnt().idmap().as_ptr();
    let parent = searchable(dir.dentry())?;
    // SAFETY: All are valid; the caller does not hold the directory's lock.
    let found = unsafe { bindings::lookup_one_unlocked(idmap, &mut name.qstr(), parent) };
    let dentry = from_err_ptr(found)?;
    // SAFETY: The result carries a reference.
    Ok(unsafe { Dentry::take(dentry) })
}

/// A directory that names can be looked up in. C takes that for granted: it reads `d_inode` and calls
/// `->lookup()` without asking whether they are there.
pub(in crate::vfs) fn searchable(dir: &Dentry) -> Result<*mut bindings::dentry> {
    match dir.inode() {
        Some(inode) if inode.can_lookup() => Ok(dir.as_ptr()),
        _ => Err(ENOTDIR),
    }
}

/// The target of a foreign symbolic link. It lives as long as this value.
pub struct Link {
    text: *const kernel::ffi::c_char,
    done: bindings::delayed_call,
}

impl Link {
    /// Reads the link (`vfs_get_link()`).
    ///
    /// # Errors
    ///
    /// Those of the file system; `ENOENT` for a negative dentry, `EINVAL` for what is no link.
    pub fn read(dentry: &Dentry) -> Result<Self> {
        if !dentry.is_positive() {
            return Err(ENOENT);
        }
        let mut done: bindings::delayed_call = pin_init::zeroed();
        // SAFETY: The dentry is alive and positive.
        let text = unsafe { bindings::vfs_get_link(dentry.as_ptr(), &mut done) };
        let text = from_err_ptr(text.cast_mut())?.cast_const();
        Ok(Self { text, done })
    }

    /// The target.
    pub fn text(&self) -> &CStr {
        // SAFETY: Valid until `done` is called.
        unsafe { crate::vfs::types::cstr(self.text) }
    }

    /// The C form: the text, and the call that releases it.
    pub(in crate::vfs) fn into_raw(self) -> (*const kernel::ffi::c_char, bindings::delayed_call) {
        let this = ManuallyDrop::new(self);
        (this.text, this.done)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // SAFETY: Called once.
        unsafe { bindings::do_delayed_call(&mut self.done) };
    }
}

/// What kind of object to make.
#[derive(Clone, Copy)]
pub enum NewObject<'a> {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link to this target.
    Symlink(&'a CStr),
    /// A device, FIFO or socket: the type is in the mode, the number here.
    Special(u32),
    /// Another name of this object of the same file system.
    Link(&'a Dentry),
}

/// A name about to be made in a foreign directory, which is locked.
///
/// # Invariants
///
/// `dentry` is what `start_creating*()` returned, or what `vfs_mkdir()` made of it.
pub struct Creating<'a> {
    dentry: *mut bindings::dentry,
    idmap: &'a Idmap,
}

impl<'a> Creating<'a> {
    /// `start_creating()`. The dentry may be positive: the name is not demanded to be free.
    pub fn start(dir: Changing<'a>, name: Name<'_>) -> Result<Self> {
        let idmap = dir.mnt().idmap();
        let parent = searchable(dir.dentry())?;
        // SAFETY: All are valid.
        let dentry = from_err_ptr(unsafe {
            bindings::start_creating(idmap.as_ptr(), parent, &mut name.qstr())
        })?;
        Ok(Self { dentry, idmap })
    }

    /// The dentry.
    pub fn dentry(&self) -> &Dentry {
        // SAFETY: By the invariant; referenced until `end_creating()`.
        unsafe { Dentry::from_raw(self.dentry) }
    }

    fn dir(&self) -> *mut bindings::inode {
        // SAFETY: The parent is locked, so `d_parent` is stable; it is a directory.
        unsafe { bindings::d_inode((*self.dentry).d_parent) }
    }

    /// Makes the object, with type and permission bits `mode`.
    ///
    /// Returns the dentry, referenced, with the directory unlocked.
    ///
    /// # Errors
    ///
    /// `EEXIST` if the name is taken; those of the file system.
    pub fn make(mut self, mode: u16, object: NewObject<'_>) -> Result<ARef<Dentry>> {
        if self.dentry().is_positive() {
            return Err(EEXIST);
        }
        let idmap = self.idmap.as_ptr();
        let dir = self.dir();
        let none = core::ptr::null_mut();
        // No delegation is broken by the calls below: nobody else uses the directory.
        if let NewObject::Directory = object {
            // `vfs_mkdir()` consumes the dentry and unlocks on failure: no `end_creating()` is due
            // then.
            let mut this = ManuallyDrop::new(self);
            // SAFETY: The directory is locked, the dentry negative.
            let made = unsafe { bindings::vfs_mkdir(idmap, dir, this.dentry, mode, none) };
            this.dentry = from_err_ptr(made)?;
            self = ManuallyDrop::into_inner(this);
        } else {
            let dentry = self.dentry;
            // SAFETY: The directory is locked, the dentry negative; a link target is alive and of
            // the same mount.
            to_result(unsafe {
                match object {
                    NewObject::Regular | NewObject::Directory => {
                        bindings::vfs_create(idmap, dentry, mode, none)
                    }
                    NewObject::Symlink(target) => {
                        bindings::vfs_symlink(idmap, dir, dentry, target.as_char_ptr(), none)
                    }
                    NewObject::Special(rdev) => {
                        bindings::vfs_mknod(idmap, dir, dentry, mode, rdev, none)
                    }
                    NewObject::Link(old) => {
                        bindings::vfs_link(old.as_ptr(), idmap, dir, dentry, none)
                    }
                }
            })?;
        }
        if !self.dentry().is_positive() || self.dentry().is_unhashed() {
            // An odd file system (kernfs, casefolding) that made something else of the dentry.
            return Err(EIO);
        }
        Ok(self.keep())
    }

    /// Unlocks the directory and keeps the dentry (`end_creating_keep()`).
    pub fn keep(self) -> ARef<Dentry> {
        let this = ManuallyDrop::new(self);
        // SAFETY: The guard is consumed; the reference moves over.
        unsafe { Dentry::take(bindings::end_creating_keep(this.dentry)) }
    }
}

impl Drop for Creating<'_> {
    fn drop(&mut self) {
        // SAFETY: Pairs with `start_creating*()`.
        unsafe { bindings::end_creating(self.dentry) };
    }
}

/// A name about to be removed from a foreign directory, which is locked.
pub struct Removing<'a> {
    dentry: *mut bindings::dentry,
    idmap: &'a Idmap,
}

impl<'a> Removing<'a> {
    /// `start_removing()`.
    ///
    /// # Errors
    ///
    /// `ENOENT`.
    pub fn start(dir: Changing<'a>, name: Name<'_>) -> Result<Self> {
        let idmap = dir.mnt().idmap();
        let parent = searchable(dir.dentry())?;
        // SAFETY: All are valid.
        let dentry = from_err_ptr(unsafe {
            bindings::start_removing(idmap.as_ptr(), parent, &mut name.qstr())
        })?;
        Ok(Self { dentry, idmap })
    }

    /// `start_removing_dentry()`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `child` is no longer in `dir`.
    pub fn start_dentry(dir: Changing<'a>, child: &Dentry) -> Result<Self> {
        let parent = searchable(dir.dentry())?;
        // SAFETY: All are valid.
        let held = unsafe { bindings::start_removing_dentry(parent, child.as_ptr()) };
        let dentry = from_err_ptr(held)?;
        Ok(Self {
            dentry,
            idmap: dir.mnt().idmap(),
        })
    }

    /// The dentry.
    pub fn dentry(&self) -> &Dentry {
        // SAFETY: Referenced until `end_removing()`.
        unsafe { Dentry::from_raw(self.dentry) }
    }

    /// Removes the name: `vfs_rmdir()` of a directory, else `vfs_unlink()`.
    pub fn remove(self) -> Result {
        let is_dir = self.dentry().inode().ok_or(ENOENT)?.is_dir();
        let none = core::ptr::null_mut();
        // SAFETY: The directory is locked; `d_parent` is stable.
        unsafe {
            let dir = bindings::d_inode((*self.dentry).d_parent);
            to_result(if is_dir {
                bindings::vfs_rmdir(self.idmap.as_ptr(), dir, self.dentry, none)
            } else {
                bindings::vfs_unlink(self.idmap.as_ptr(), dir, self.dentry, none)
            })
        }
    }
}

impl Drop for Removing<'_> {
    fn drop(&mut self) {
        // SAFETY: Pairs with `start_removing*()`.
        unsafe { bindings::end_removing(self.dentry) };
    }
}

/// How to rename.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RenameFlags {
    /// Replace what is there.
    Plain,
    /// Fail with `EEXIST` if something is there.
    NoReplace,
    /// Exchange the two.
    Exchange,
    /// Leave a whiteout at the old name.
    Whiteout,
}

impl RenameFlags {
    fn raw(self) -> u32 {
        match self {
            Self::Plain => 0,
            Self::NoReplace => bindings::RENAME_NOREPLACE,
            Self::Exchange => bindings::RENAME_EXCHANGE,
            Self::Whiteout => bindings::RENAME_WHITEOUT,
        }
    }
}

/// Two names of a foreign file system, about to be renamed, both directories locked.
pub struct Renaming<'a> {
    rd: bindings::renamedata,
    _dirs: PhantomData<Changing<'a>>,
}

impl<'a> Renaming<'a> {
    fn rd(
        old_dir: Changing<'a>,
        new_dir: Changing<'a>,
        flags: RenameFlags,
    ) -> Result<bindings::renamedata> {
        if !old_dir.mnt().same(new_dir.mnt()) {
            return Err(EXDEV);
        }
        let mut rd: bindings::renamedata = pin_init::zeroed();
        rd.mnt_idmap = old_dir.mnt().idmap().as_ptr();
        rd.old_parent = searchable(old_dir.dentry())?;
        rd.new_parent = searchable(new_dir.dentry())?;
        rd.flags = flags.raw();
        Ok(rd)
    }

    /// What `rd` was started with.
    fn started(rd: bindings::renamedata) -> Self {
        Self {
            rd,
            _dirs: PhantomData,
        }
    }

    /// By two names (`start_renaming()`).
    ///
    /// # Errors
    ///
    /// `EXDEV` if the directories are reached through different mounts.
    pub fn start(
        old_dir: Changing<'a>,
        old: Name<'_>,
        new_dir: Changing<'a>,
        new: Name<'_>,
        flags: RenameFlags,
    ) -> Result<Self> {
        let mut rd = Self::rd(old_dir, new_dir, flags)?;
        // SAFETY: All are valid; on success `rd` holds both dentries and the locks.
        to_result(unsafe {
            bindings::start_renaming(&mut rd, 0, &mut old.qstr(), &mut new.qstr())
        })?;
        Ok(Self::started(rd))
    }

    /// From a dentry to a name (`start_renaming_dentry()`).
    ///
    /// # Errors
    ///
    /// `EINVAL` if `old` is no longer in `old_dir`; else as [`start`](Self::start).
    pub fn start_dentry(
        old_dir: Changing<'a>,
        old: &Dentry,
        new_dir: Changing<'a>,
        new: Name<'_>,
        flags: RenameFlags,
    ) -> Result<Self> {
        let mut rd = Self::rd(old_dir, new_dir, flags)?;
        // SAFETY: As above.
        to_result(unsafe {
            bindings::start_renaming_dentry(&mut rd, 0, old.as_ptr(), &mut new.qstr())
        })?;
        Ok(Self::started(rd))
    }

    /// The old dentry.
    pub fn old_dentry(&self) -> &Dentry {
        // SAFETY: Held until `end_renaming()`.
        unsafe { Dentry::from_raw(self.rd.old_dentry) }
    }

    /// The new dentry, which may be negative.
    pub fn new_dentry(&self) -> &Dentry {
        // SAFETY: As above.
        unsafe { Dentry::from_raw(self.rd.new_dentry) }
    }

    /// Renames (`vfs_rename()`).
    pub fn rename(mut self) -> Result {
        // SAFETY: Everything is locked and held by this guard.
        to_result(unsafe { bindings::vfs_rename(&mut self.rd) })
    }
}

impl Drop for Renaming<'_> {
    fn drop(&mut self) {
        // SAFETY: Pairs with `start_renaming*()`.
        unsafe { bindings::end_renaming(&mut self.rd) };
    }
}

/// Makes a file without a name in `dir` (`kernel_tmpfile_open()`), open for reading and writing;
/// `mode` has its type.
///
/// # Errors
///
/// `EOPNOTSUPP` if the file system has none; `ENOTDIR`.
pub fn tmpfile(dir: Changing<'_>, mode: u16) -> Result<BackedFile> {
    searchable(dir.dentry())?;
    // SAFETY: All are valid; the credentials are those in force.
    unsafe {
        BackedFile::take(bindings::kernel_tmpfile_open(
            dir.mnt().idmap().as_ptr(),
            &dir.raw(),
            mode,
            (bindings::O_RDWR | bindings::O_LARGEFILE) as i32,
            bindings::current_cred(),
        ))
    }
}
