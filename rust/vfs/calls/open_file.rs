// SPDX-License-Identifier: GPL-2.0-only

//! Open files of our own, on loan, and what is asked of them.
//!
//! C: `struct file`, `struct kiocb`, `struct iov_iter`, `struct vm_area_struct`.

use crate::bindings;
use crate::vfs::{
    dentry::OwnDentry,
    file::{iocb, loff, size},
    file_system::FileSystem,
    inode::OwnInode,
    path::OwnPath,
    task_work,
    types::Loff,
    user,
    write::WriteAccess,
};
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{error::to_result, prelude::*, types::Opaque};

/// A file of our own file system `T` on loan, open or being opened.
#[repr(transparent)]
pub struct UserFile<T>(Opaque<bindings::file>, PhantomData<T>);

impl<T: FileSystem> UserFile<T> {
    /// # Safety
    ///
    /// `ptr` must be a file of `T`, open or being opened, and alive for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::file) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::file {
        self.0.get()
    }

    /// The inode.
    pub fn inode(&self) -> &OwnInode<T> {
        // SAFETY: A file holds its inode, here one of `T`.
        unsafe { OwnInode::from_raw(bindings::file_inode(self.as_ptr())) }
    }

    /// The dentry it is opened by.
    pub fn dentry(&self) -> &OwnDentry<T> {
        self.path().dentry()
    }

    /// The path it is opened by.
    pub fn path(&self) -> OwnPath<'_, T> {
        // SAFETY: A file holds its path, here one of `T`.
        unsafe { OwnPath::from_raw(bindings::file_path(self.as_ptr())) }
    }

    /// `O_*` flags as they are now.
    pub fn flags(&self) -> u32 {
        // SAFETY: A racing read of one word, as C does.
        unsafe { (&raw const (*self.as_ptr()).f_flags).read_volatile() }
    }
}

/// A file in its `->open()`: nobody else knows it, and it has no data yet.
pub struct Opening<'a, T>(&'a UserFile<T>);

impl<T: FileSystem> Opening<'_, T> {
    /// # Safety
    ///
    /// `file` must be the argument of an `->open()` in progress.
    pub(in crate::vfs) unsafe fn from_raw(file: *mut bindings::file) -> Self {
        // SAFETY: By the function's contract.
        Self(unsafe { UserFile::from_raw(file) })
    }

    /// Takes flags away that mattered at open time only.
    pub fn clear_flags(&mut self, mask: u32) {
        // SAFETY: Nobody else knows the file.
        unsafe { (*self.as_ptr()).f_flags &= !mask };
    }
}

impl<T> core::ops::Deref for Opening<'_, T> {
    type Target = UserFile<T>;

    fn deref(&self) -> &UserFile<T> {
        self.0
    }
}

/// An open file of our own file system `T`, on loan, whose `->open()` left a `D` with it.
///
/// # Invariants
///
/// A `D` is in `private_data`.
#[repr(transparent)]
pub struct OpenFile<T, D>(UserFile<T>, PhantomData<D>);

impl<T, D> core::ops::Deref for OpenFile<T, D> {
    type Target = UserFile<T>;

    fn deref(&self) -> &UserFile<T> {
        &self.0
    }
}

impl<T: FileSystem, D> OpenFile<T, D> {
    /// # Safety
    ///
    /// `ptr` must be an open file of `T`, alive for `'a`, with a `D` in `private_data`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::file) -> &'a Self {
        // INVARIANT: By the function's contract.
        // SAFETY: Likewise.
        unsafe { &*ptr.cast() }
    }

    /// Whether the caller may write to it (`FMODE_WRITE`).
    pub fn is_writable(&self) -> bool {
        // SAFETY: A racing read of one word, whose bit does not change while the file is open.
        let mode = unsafe { (&raw const (*self.as_ptr()).f_mode).read_volatile() };
        mode & bindings::FMODE_WRITE != 0
    }

    /// The right to write through the mount that the file was opened by. To be taken where the VFS holds
    /// no lock, as in an ioctl (`mnt_want_write_file()`).
    ///
    /// # Errors
    ///
    /// `EROFS`.
    pub fn want_write(&self) -> Result<WriteAccess<'_>> {
        WriteAccess::want(self.path().mnt())
    }

    /// Updates the access time of the stacked inode (`touch_atime()`).
    pub fn touch_atime(&self) {
        // SAFETY: An open file holds its path.
        unsafe { bindings::touch_atime(bindings::file_path(self.as_ptr())) };
    }

    /// The file position.
    pub fn pos(&self) -> Loff {
        // SAFETY: Read racily, as in C; writers hold f_pos_lock.
        unsafe { (&raw const (*self.as_ptr()).f_pos).read_volatile() }
    }

    /// Whether positions in this directory must fit into 31 bits: the reader is a program of 32 bits,
    /// or a server of such ones (`FMODE_32BITHASH`).
    pub fn wants_short_positions(&self) -> bool {
        // SAFETY: A racing read of one word; the server sets it before it reads.
        let mode = unsafe { (&raw const (*self.as_ptr()).f_mode).read_volatile() };
        if mode & (bindings::FMODE_32BITHASH | bindings::FMODE_64BITHASH) != 0 {
            return mode & bindings::FMODE_32BITHASH != 0;
        }
        user::caller_has_32_bits()
    }

    /// Whether inode numbers in this directory must fit into 32 bits: the reader is a program of 32
    /// bits that does not read for others.
    pub fn wants_short_numbers(&self) -> bool {
        // SAFETY: A racing read of one word; who reads for others sets it before he does.
        let mode = unsafe { (&raw const (*self.as_ptr()).f_mode).read_volatile() };
        mode & bindings::FMODE_64BITHASH == 0 && user::caller_has_32_bits()
    }

    /// `generic_file_llseek()`: by the size of the stacked inode.
    pub fn generic_llseek(&self, offset: Loff, whence: i32) -> Result<Loff> {
        // SAFETY: Alive; called in `->llseek()`.
        loff(unsafe { bindings::generic_file_llseek(self.as_ptr(), offset, whence) })
    }

    /// Sets the file position, within the limits of the file system (`vfs_setpos()`).
    pub fn set_pos(&self, pos: Loff, max: Loff) -> Result<Loff> {
        // SAFETY: Alive; called in `->llseek()`.
        loff(unsafe { bindings::vfs_setpos(self.as_ptr(), pos, max) })
    }

    /// Whether a write of `len` bytes at `pos` may begin (`generic_write_check_limits()`). The inode
    /// is locked.
    ///
    /// # Errors
    ///
    /// `EFBIG`, with `SIGXFSZ` at the task's own limit.
    pub fn check_write_limits(&self, pos: Loff, len: usize) -> Result {
        let mut count = Loff::try_from(len).unwrap_or(Loff::MAX);
        // SAFETY: The file is alive.
        to_result(unsafe { bindings::generic_write_check_limits(self.as_ptr(), pos, &mut count) })
    }

    /// What `->open()` left.
    pub fn data(&self) -> &D {
        // SAFETY: By the invariant; freed in `->release()`.
        unsafe { &*(*self.as_ptr()).private_data.cast() }
    }

    /// Strips set-id bits and capabilities as a write does (`file_remove_privs()`). The inode is
    /// locked exclusively.
    pub fn remove_privs(&self) -> Result {
        // SAFETY: Alive.
        to_result(unsafe { bindings::file_remove_privs(self.as_ptr()) })
    }

    /// Whether this task takes set-id bits away by changing the data
    /// (`setattr_should_drop_suidgid()`). The inode is locked.
    pub fn drops_set_id(&self) -> bool {
        // SAFETY: Alive; the inode belongs to the file.
        unsafe {
            let idmap = bindings::mnt_idmap((*bindings::file_path(self.as_ptr())).mnt);
            bindings::setattr_should_drop_suidgid(idmap, self.inode().as_ptr()) != 0
        }
    }

    /// Has this task do `work` with the file before it returns to userspace, with no lock held, as if
    /// a signal had come ([`task_work`]).
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `ESRCH` if the task is exiting.
    pub fn before_return<W>(&self, work: W) -> Result
    where
        T: 'static,
        D: Send + Sync + 'static,
        W: FnOnce(&OpenFile<T, D>) + Send + 'static,
    {
        let file = self.get();
        // SAFETY: The file keeps its mount, and that the module, until it is dropped, the last step,
        // which does not sleep: the last `fput()` of a task is put off.
        unsafe {
            task_work::add(move || {
                work(&file);
                drop(file);
            })
        }
    }

    /// Another reference.
    fn get(&self) -> FileRef<T, D> {
        // SAFETY: Alive.
        unsafe {
            FileRef(
                NonNull::new_unchecked(bindings::get_file(self.as_ptr())),
                PhantomData,
            )
        }
    }
}

/// A counted reference on an [`OpenFile`].
struct FileRef<T: FileSystem, D>(NonNull<bindings::file>, PhantomData<(T, D)>);

// SAFETY: The file is only used through `&OpenFile`, by one task at a time.
unsafe impl<T: FileSystem, D: Send + Sync> Send for FileRef<T, D> {}

impl<T: FileSystem, D> core::ops::Deref for FileRef<T, D> {
    type Target = OpenFile<T, D>;

    fn deref(&self) -> &OpenFile<T, D> {
        // SAFETY: A reference is held on a file of this kind.
        unsafe { OpenFile::from_raw(self.0.as_ptr()) }
    }
}

impl<T: FileSystem, D> Drop for FileRef<T, D> {
    fn drop(&mut self) {
        // SAFETY: A reference is owned.
        unsafe { bindings::fput(self.0.as_ptr()) };
    }
}

/// A `struct kiocb` on loan: one read or write.
pub struct Kiocb<'a, T, D> {
    iocb: *mut bindings::kiocb,
    _p: PhantomData<&'a OpenFile<T, D>>,
}

impl<'a, T: FileSystem, D> Kiocb<'a, T, D> {
    /// # Safety
    ///
    /// `iocb` must be the argument of a call for such a file.
    pub(in crate::vfs) unsafe fn from_raw(iocb: *mut bindings::kiocb) -> Self {
        Self {
            iocb,
            _p: PhantomData,
        }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::kiocb {
        self.iocb
    }

    /// The file.
    pub fn file(&self) -> &'a OpenFile<T, D> {
        // SAFETY: By `from_raw`.
        unsafe { OpenFile::from_raw((*self.iocb).ki_filp) }
    }

    /// The position.
    pub fn pos(&self) -> Loff {
        // SAFETY: The iocb is this call's.
        unsafe { (*self.iocb).ki_pos }
    }

    /// Moves the position on: what is before it has been read or written.
    pub fn set_pos(&mut self, pos: Loff) {
        // SAFETY: The iocb is this call's until it is handed on, and `&mut self` is not shared.
        unsafe { (*self.iocb).ki_pos = pos };
    }

    /// `IOCB_*` flags.
    pub fn flags(&self) -> i32 {
        // SAFETY: The iocb is this call's.
        unsafe { (*self.iocb).ki_flags }
    }

    /// The checks of every write before it changes anything (`generic_write_checks()`): limits on
    /// the size of files. The inode is locked. Both the request and `iter` may become shorter.
    ///
    /// # Errors
    ///
    /// `EFBIG`, with `SIGXFSZ` at the task's own limit; `EINVAL`, `ETXTBSY`.
    pub fn write_checks(&self, iter: &IovIter) -> Result {
        // SAFETY: Both are this call's, which has not been handed on yet.
        size(unsafe { bindings::generic_write_checks(self.iocb, iter.as_ptr()) }).map(drop)
    }

    /// Makes the request one that goes through the page cache, as file systems do that find they
    /// cannot serve it past it.
    pub fn clear_direct(&mut self) {
        // SAFETY: The iocb is this call's until it is handed on, and `&mut self` is not shared.
        unsafe { (*self.iocb).ki_flags &= !(iocb::IOCB_DIRECT as i32) };
    }
}

/// A `struct iov_iter` on loan.
pub struct IovIter {
    iter: *mut bindings::iov_iter,
}

impl IovIter {
    /// # Safety
    ///
    /// `iter` must be valid for the call.
    pub(in crate::vfs) unsafe fn from_raw(iter: *mut bindings::iov_iter) -> Self {
        Self { iter }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::iov_iter {
        self.iter
    }

    /// Bytes left.
    pub fn count(&self) -> usize {
        // SAFETY: Valid for the call.
        unsafe { bindings::iov_iter_count(self.iter) }
    }

    /// Takes the last `len` bytes that were read from or written to it back (`iov_iter_revert()`). They are
    /// some of this call's.
    pub fn revert(&self, len: usize) {
        // SAFETY: Valid for the call, and not advanced by less.
        unsafe { bindings::iov_iter_revert(self.iter, len) };
    }

    /// Does `act` with at most `len` bytes of it; what is behind them is left afterwards
    /// (`iov_iter_truncate()`, `iov_iter_reexpand()`).
    pub fn limited<R>(&self, len: u64, act: impl FnOnce(&Self) -> R) -> R {
        let before = self.count();
        // SAFETY: Valid for the call.
        unsafe { bindings::iov_iter_truncate(self.iter, len) };
        let hidden = before.saturating_sub(self.count());
        let done = act(self);
        // SAFETY: As above; there were so many bytes more.
        unsafe {
            bindings::iov_iter_reexpand(self.iter, self.count().saturating_add(hidden));
        }
        done
    }
}

/// A `struct vm_area_struct` on loan, in `->mmap()`.
pub struct Vma {
    vma: *mut bindings::vm_area_struct,
}

impl Vma {
    /// # Safety
    ///
    /// `vma` must be the argument of an `->mmap()` in progress.
    pub(in crate::vfs) unsafe fn from_raw(vma: *mut bindings::vm_area_struct) -> Self {
        Self { vma }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::vm_area_struct {
        self.vma
    }

    /// Whether the mapping is shared and may ever be written through.
    pub fn is_shared_maywrite(&self) -> bool {
        // SAFETY: Valid for the call; mmap_lock is held for writing.
        unsafe { bindings::vma_is_shared_maywrite_flags(self.vma) }
    }
}
