// SPDX-License-Identifier: GPL-2.0-only

//! Files opened on behalf of a file of a stacked file system.
//!
//! C: `fs/backing-file.c`. These are the only ways file data are read and written here.

use crate::bindings;
use crate::vfs::{
    callback::callbacks,
    file::{may_open, size, BackedFile},
    file_system::FileSystem,
    namei,
    open_file::{IovIter, Kiocb, OpenFile, UserFile, Vma},
    path::PathRef,
    splice::Pipe,
    types::Loff,
    write::Changing,
};
use core::marker::PhantomData;
use kernel::{cred::Credential, error::to_result, prelude::*};

/// What a stacked file system does after I/O on the file beneath.
pub trait Hooks<T: FileSystem, D> {
    /// After a read.
    fn accessed(file: &OpenFile<T, D>);

    /// After a write, also one that failed or was short. May run in a worker.
    fn end_write(file: &OpenFile<T, D>);
}

/// A file of [`BackedFile`]'s kind with the user's path remembered (`FMODE_BACKING`), so that
/// `/proc/PID/maps` shows the stacked file.
pub struct BackingFile(BackedFile);

impl core::ops::Deref for BackingFile {
    type Target = BackedFile;

    fn deref(&self) -> &BackedFile {
        &self.0
    }
}

struct Ctx<T, D, H>(PhantomData<(T, D, H)>);

impl<T: FileSystem, D, H: Hooks<T, D>> Ctx<T, D, H> {
    fn ctx(cred: &Credential) -> bindings::backing_file_ctx {
        bindings::backing_file_ctx {
            cred: cred.as_ptr(),
            accessed: Some(Self::accessed),
            end_write: Some(Self::end_write),
        }
    }

    callbacks! {
        /// With the user's file.
        fn accessed(file: *mut bindings::file => OpenFile::from_raw) -> () {
            H::accessed(file)
        }

        /// With the request of the user's file.
        fn end_write(iocb: *mut bindings::kiocb => Kiocb::from_raw, _ret: isize) -> () {
            H::end_write(iocb.file())
        }
    }
}

impl BackingFile {
    /// Opens `real` for `user` as open(2) would with the credentials in force
    /// ([`may_open`](super::file::may_open), then `backing_file_open()`).
    ///
    /// The stacked file decides whether a write appends: each request has `IOCB_APPEND`. The real
    /// file is therefore opened without `O_APPEND`, which would override `RWF_NOAPPEND`, except for
    /// an append-only inode, which requires it.
    ///
    /// # Errors
    ///
    /// `EACCES` and the rest of open(2)'s.
    pub fn open<T: FileSystem>(user: &UserFile<T>, flags: u32, real: PathRef<'_>) -> Result<Self> {
        let flags = may_open(real, flags)?;
        let append_only = real.dentry().inode().is_some_and(|i| i.is_append_only());
        let flags = if append_only {
            flags
        } else {
            flags & !bindings::O_APPEND
        };
        // SAFETY: All are valid.
        Ok(Self(unsafe {
            BackedFile::take(bindings::backing_file_open(
                user.as_ptr(),
                flags as i32,
                &real.raw(),
                bindings::current_cred(),
            ))?
        }))
    }

    /// Makes and opens a file without a name in the directory `parent`
    /// (`backing_tmpfile_open()`).
    pub fn tmpfile<T: FileSystem>(
        user: &UserFile<T>,
        flags: u32,
        parent: Changing<'_>,
        mode: u16,
    ) -> Result<Self> {
        namei::searchable(parent.dentry())?;
        // SAFETY: All are valid.
        Ok(Self(unsafe {
            BackedFile::take(bindings::backing_tmpfile_open(
                user.as_ptr(),
                (flags & !bindings::O_APPEND) as i32,
                &parent.raw(),
                mode,
                bindings::current_cred(),
            ))?
        }))
    }

    /// `backing_file_read_iter()`.
    pub fn read_iter<T: FileSystem, D, H: Hooks<T, D>>(
        &self,
        iocb: &Kiocb<'_, T, D>,
        iter: &IovIter,
        cred: &Credential,
    ) -> isize {
        let mut ctx = Ctx::<T, D, H>::ctx(cred);
        // SAFETY: All are valid for the call; an asynchronous request keeps what it needs.
        unsafe {
            bindings::backing_file_read_iter(
                self.as_ptr(),
                iter.as_ptr(),
                iocb.as_ptr(),
                iocb.flags(),
                &mut ctx,
            )
        }
    }

    /// `backing_file_write_iter()`. The stacked inode is locked, shared if it is known to carry
    /// nothing to strip, so that no set-id bit can appear meanwhile.
    pub fn write_iter<T: FileSystem, D, H: Hooks<T, D>>(
        &self,
        iocb: &Kiocb<'_, T, D>,
        iter: &IovIter,
        flags: i32,
        cred: &Credential,
    ) -> isize {
        let mut ctx = Ctx::<T, D, H>::ctx(cred);
        // SAFETY: As above.
        unsafe {
            bindings::backing_file_write_iter(
                self.as_ptr(),
                iter.as_ptr(),
                iocb.as_ptr(),
                flags,
                &mut ctx,
            )
        }
    }

    /// A part of a request for `user`, at `pos`, which moves on: read at once, whatever the request is
    /// like. What the file itself was opened for holds: with `O_DIRECT` its rules.
    pub fn read_now<T: FileSystem, D, H: Hooks<T, D>>(
        &self,
        user: &OpenFile<T, D>,
        pos: &mut Loff,
        iter: &IovIter,
        cred: &Credential,
    ) -> Result<usize> {
        let mut ctx = Ctx::<T, D, H>::ctx(cred);
        at(user, pos, |iocb| {
            let flags = iocb.ki_flags & !(bindings::IOCB_DIRECT as i32);
            iocb.ki_flags = flags;
            // SAFETY: All are valid for the call.
            unsafe {
                bindings::backing_file_read_iter(
                    self.as_ptr(),
                    iter.as_ptr(),
                    iocb,
                    flags,
                    &mut ctx,
                )
            }
        })
    }

    /// The same of a write, with these `IOCB_*` flags. Locks as for [`write_iter`](Self::write_iter).
    pub fn write_now<T: FileSystem, D, H: Hooks<T, D>>(
        &self,
        user: &OpenFile<T, D>,
        pos: &mut Loff,
        iter: &IovIter,
        flags: i32,
        cred: &Credential,
    ) -> Result<usize> {
        let mut ctx = Ctx::<T, D, H>::ctx(cred);
        at(user, pos, |iocb| {
            iocb.ki_flags = flags;
            // SAFETY: All are valid for the call.
            unsafe {
                bindings::backing_file_write_iter(
                    self.as_ptr(),
                    iter.as_ptr(),
                    iocb,
                    flags,
                    &mut ctx,
                )
            }
        })
    }

    /// `backing_file_splice_read()`.
    pub fn splice_read<T: FileSystem, D, H: Hooks<T, D>>(
        &self,
        user: &OpenFile<T, D>,
        pos: &mut Loff,
        pipe: &Pipe,
        len: usize,
        flags: u32,
        cred: &Credential,
    ) -> Result<usize> {
        let mut ctx = Ctx::<T, D, H>::ctx(cred);
        at(user, pos, |iocb| {
            // SAFETY: All are valid for the call.
            unsafe {
                bindings::backing_file_splice_read(
                    self.as_ptr(),
                    iocb,
                    pipe.as_ptr(),
                    len,
                    flags,
                    &mut ctx,
                )
            }
        })
    }

    /// `backing_file_splice_write()`. The stacked inode is locked as for
    /// [`write_iter`](Self::write_iter).
    pub fn splice_write<T: FileSystem, D, H: Hooks<T, D>>(
        &self,
        user: &OpenFile<T, D>,
        pos: &mut Loff,
        pipe: &Pipe,
        len: usize,
        flags: u32,
        cred: &Credential,
    ) -> Result<usize> {
        let mut ctx = Ctx::<T, D, H>::ctx(cred);
        at(user, pos, |iocb| {
            // SAFETY: All are valid for the call.
            unsafe {
                bindings::backing_file_splice_write(
                    pipe.as_ptr(),
                    self.as_ptr(),
                    iocb,
                    len,
                    flags,
                    &mut ctx,
                )
            }
        })
    }

    /// `backing_file_mmap()`: the mapping goes to the file beneath, the LSMs see both.
    pub fn mmap<T: FileSystem, D, H: Hooks<T, D>>(&self, vma: &Vma, cred: &Credential) -> Result {
        let mut ctx = Ctx::<T, D, H>::ctx(cred);
        // SAFETY: In `->mmap()`, by the type of `vma`.
        to_result(unsafe { bindings::backing_file_mmap(self.as_ptr(), vma.as_ptr(), &mut ctx) })
    }
}

/// Splices at a position of the file `user`, which moves on.
fn at<T: FileSystem, D>(
    user: &OpenFile<T, D>,
    pos: &mut Loff,
    splice: impl FnOnce(&mut bindings::kiocb) -> isize,
) -> Result<usize> {
    let mut iocb: bindings::kiocb = pin_init::zeroed();
    // SAFETY: The file is open; the request is this call's, and synchronous.
    unsafe { bindings::init_sync_kiocb(&mut iocb, user.as_ptr()) };
    iocb.ki_pos = *pos;
    let ret = splice(&mut iocb);
    *pos = iocb.ki_pos;
    size(ret)
}
