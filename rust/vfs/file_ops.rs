// SPDX-License-Identifier: GPL-2.0-only

//! Operations on open files.
//!
//! C: `struct file_operations`. Each open file carries a `Data` that `open` makes and that is
//! dropped when the file is closed.

use super::{
    dir_context::DirContext,
    file::{FlOwner, IovIter, Kiocb, OpenFile, Vma},
    file_system::FileSystem,
    inode::INode,
    splice::Pipe,
    types::Loff,
    user::UserArg,
};
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::from_result,
    ffi::{c_int, c_long, c_uint},
    prelude::*,
    types::ForeignOwnable,
};

/// How `->remap_file_range()` is to share blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Remap {
    /// `FICLONERANGE`. With `REMAP_FILE_CAN_SHORTEN` in the flags, part of it will do.
    Clone,
    /// `FIDEDUPERANGE`: only where the contents are equal.
    Dedupe,
}

/// Operations on an open regular file.
pub trait RegFileOperations<T: FileSystem>: Sized + 'static {
    /// What an open file carries.
    type Data: Send + Sync + 'static;

    /// `->open()`.
    fn open(inode: &INode<T>, file: &OpenFile<T, Self::Data>) -> Result<Pin<KBox<Self::Data>>>;

    /// `->llseek()`.
    fn llseek(file: &OpenFile<T, Self::Data>, offset: Loff, whence: i32) -> Result<Loff>;

    /// `->read_iter()`: bytes, a negative errno, or `-EIOCBQUEUED`.
    fn read_iter(iocb: Kiocb<'_, T, Self::Data>, iter: &IovIter) -> Result<isize>;

    /// `->write_iter()`, likewise.
    fn write_iter(iocb: Kiocb<'_, T, Self::Data>, iter: &IovIter) -> Result<isize>;

    /// `->fsync()` of the range `start..=end`.
    fn fsync(file: &OpenFile<T, Self::Data>, start: Loff, end: Loff, datasync: bool) -> Result;

    /// What must be so before the file is mapped, with mmap_lock held for writing. Nothing has been
    /// unmapped yet, so that the call can still fail, or be restarted ([`super::task_work`]), without
    /// a trace; in [`mmap`](Self::mmap) it is too late for that where the mapping takes the place of
    /// others (`MAP_FIXED`). `over_shared_writable`: it does, is shared and may be written to. Part of
    /// `->get_unmapped_area()`.
    fn prepare_map(file: &OpenFile<T, Self::Data>, over_shared_writable: bool) -> Result;

    /// `->mmap()`, with mmap_lock held for writing.
    fn mmap(file: &OpenFile<T, Self::Data>, vma: &Vma) -> Result;

    /// `->fallocate()`.
    fn fallocate(file: &OpenFile<T, Self::Data>, mode: i32, offset: Loff, len: Loff) -> Result;

    /// `->fadvise()`.
    fn fadvise(file: &OpenFile<T, Self::Data>, offset: Loff, len: Loff, advice: i32) -> Result;

    /// `->flush()`, at each close(2) of a descriptor.
    fn flush(file: &OpenFile<T, Self::Data>, id: FlOwner) -> Result;

    /// `->splice_read()`.
    fn splice_read(
        file: &OpenFile<T, Self::Data>,
        pos: &mut Loff,
        pipe: &Pipe,
        len: usize,
        flags: u32,
    ) -> Result<usize>;

    /// `->splice_write()`.
    fn splice_write(
        pipe: &Pipe,
        file: &OpenFile<T, Self::Data>,
        pos: &mut Loff,
        len: usize,
        flags: u32,
    ) -> Result<usize>;

    /// `->copy_file_range()`. Both files have these operations; the super blocks may differ.
    fn copy_file_range(
        from: &OpenFile<T, Self::Data>,
        pos_in: Loff,
        to: &OpenFile<T, Self::Data>,
        pos_out: Loff,
        len: usize,
        flags: u32,
    ) -> Result<usize>;

    /// `->remap_file_range()`, within one super block. `flags`: what is left of `REMAP_FILE_*`.
    fn remap_file_range(
        from: &OpenFile<T, Self::Data>,
        pos_in: Loff,
        to: &OpenFile<T, Self::Data>,
        pos_out: Loff,
        len: Loff,
        how: Remap,
        flags: u32,
    ) -> Result<Loff>;
}

/// Operations on an open directory.
pub trait DirFileOperations<T: FileSystem>: Sized + 'static {
    /// What an open directory carries.
    type Data: Send + Sync + 'static;

    /// `->open()`.
    fn open(inode: &INode<T>, file: &OpenFile<T, Self::Data>) -> Result<Pin<KBox<Self::Data>>>;

    /// `->iterate_shared()`. The directory is locked shared.
    fn iterate_shared(file: &OpenFile<T, Self::Data>, ctx: &mut DirContext) -> Result;

    /// `->llseek()`.
    fn llseek(file: &OpenFile<T, Self::Data>, offset: Loff, whence: i32) -> Result<Loff>;

    /// `->fsync()`.
    fn fsync(file: &OpenFile<T, Self::Data>, start: Loff, end: Loff, datasync: bool) -> Result;

    /// Calls of the file system's own (`->unlocked_ioctl()`). What the VFS knows does not come here.
    fn ioctl(_file: &OpenFile<T, Self::Data>, _cmd: u32, _arg: UserArg) -> Result {
        Err(ENOTTY)
    }
}

/// An `->open()` that has nothing to do: for files opened by `->tmpfile()`.
///
/// # Safety
///
/// To be called by the kernel alone, as the C method of that name.
pub(super) unsafe extern "C" fn no_open(
    _inode: *mut bindings::inode,
    _file: *mut bindings::file,
) -> c_int {
    0
}

/// Leases are kept on the stacked inode, by the VFS.
///
/// # Safety
///
/// To be called by the kernel alone, as the C method of that name.
unsafe extern "C" fn setlease(
    file: *mut bindings::file,
    arg: c_int,
    lease: *mut *mut kernel::bindings::file_lease,
    private: *mut *mut kernel::ffi::c_void,
) -> c_int {
    // SAFETY: The arguments are passed on; the types are the same behind different names.
    unsafe { bindings::generic_setlease(file, arg, lease.cast(), private) }
}

/// # Safety
///
/// `file` must be opened by operations that leave a `D`; this is its `->release()`.
unsafe fn release<D: 'static>(file: *mut bindings::file) {
    // SAFETY: By the function's contract; called once.
    unsafe {
        let data = (*file).private_data;
        (*file).private_data = core::ptr::null_mut();
        drop(Pin::<KBox<D>>::from_foreign(data));
    }
}

fn bytes(f: impl FnOnce() -> Result<usize>) -> isize {
    match f() {
        Ok(n) => isize::try_from(n).unwrap_or(isize::MAX),
        Err(e) => e.to_errno() as isize,
    }
}

fn position(f: impl FnOnce() -> Result<Loff>) -> Loff {
    match f() {
        Ok(pos) => pos,
        Err(e) => Loff::from(e.to_errno()),
    }
}

pub(super) struct RegTable<T, F>(PhantomData<(T, F)>);

impl<T: FileSystem, F: RegFileOperations<T>> RegTable<T, F> {
    pub(super) const OPS: bindings::file_operations = bindings::file_operations {
        open: Some(Self::open),
        release: Some(Self::release),
        llseek: Some(Self::llseek),
        read_iter: Some(Self::read_iter),
        write_iter: Some(Self::write_iter),
        fsync: Some(Self::fsync),
        get_unmapped_area: Some(Self::get_unmapped_area),
        mmap: Some(Self::mmap),
        fallocate: Some(Self::fallocate),
        fadvise: Some(Self::fadvise),
        flush: Some(Self::flush),
        splice_read: Some(Self::splice_read),
        splice_write: Some(Self::splice_write),
        copy_file_range: Some(Self::copy_file_range),
        remap_file_range: Some(Self::remap_file_range),
        setlease: Some(setlease),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: Here and in all callbacks below: this table is installed for inodes of `T`
        // alone, and `private_data` is what this function leaves there.
        let (own, inode) = unsafe { (OpenFile::from_raw(file), INode::from_raw(inode)) };
        from_result(|| {
            let data = F::open(inode, own)?;
            // SAFETY: The file is being opened: nobody else uses it.
            unsafe {
                (*file).private_data = data.into_foreign();
                bindings::file_set_can_odirect(file);
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: As above; called once.
        unsafe { release::<F::Data>(file) };
        0
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn llseek(file: *mut bindings::file, offset: Loff, whence: c_int) -> Loff {
        // SAFETY: As above.
        let file = unsafe { OpenFile::from_raw(file) };
        position(|| F::llseek(file, offset, whence))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn read_iter(
        iocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: As above.
        let (iocb, iter) = unsafe { (Kiocb::from_raw(iocb), IovIter::from_raw(iter)) };
        F::read_iter(iocb, &iter).unwrap_or_else(|e| e.to_errno() as isize)
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn write_iter(
        iocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: As above.
        let (iocb, iter) = unsafe { (Kiocb::from_raw(iocb), IovIter::from_raw(iter)) };
        F::write_iter(iocb, &iter).unwrap_or_else(|e| e.to_errno() as isize)
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn fsync(
        file: *mut bindings::file,
        start: Loff,
        end: Loff,
        datasync: c_int,
    ) -> c_int {
        // SAFETY: As above.
        let file = unsafe { OpenFile::from_raw(file) };
        from_result(|| F::fsync(file, start, end, datasync != 0).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn get_unmapped_area(
        file: *mut bindings::file,
        addr: usize,
        len: usize,
        pgoff: usize,
        flags: usize,
    ) -> usize {
        // SAFETY: As above.
        let own = unsafe { OpenFile::from_raw(file) };
        // SAFETY: As above.
        let over = unsafe { bindings::maps_over_shared_writable(file, flags) };
        if let Err(e) = F::prepare_map(own, over) {
            // As C has it: an error is an address in the last page.
            return e.to_errno() as usize;
        }
        // SAFETY: The arguments are passed on.
        unsafe { bindings::mm_get_unmapped_area(file, addr, len, pgoff, flags) }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn mmap(
        file: *mut bindings::file,
        vma: *mut bindings::vm_area_struct,
    ) -> c_int {
        // SAFETY: As above.
        let (file, vma) = unsafe { (OpenFile::from_raw(file), Vma::from_raw(vma)) };
        from_result(|| F::mmap(file, &vma).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn fallocate(
        file: *mut bindings::file,
        mode: c_int,
        offset: Loff,
        len: Loff,
    ) -> c_long {
        // SAFETY: As above.
        let file = unsafe { OpenFile::from_raw(file) };
        match F::fallocate(file, mode, offset, len) {
            Ok(()) => 0,
            Err(e) => e.to_errno() as c_long,
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn fadvise(
        file: *mut bindings::file,
        offset: Loff,
        len: Loff,
        advice: c_int,
    ) -> c_int {
        // SAFETY: As above.
        let file = unsafe { OpenFile::from_raw(file) };
        from_result(|| F::fadvise(file, offset, len, advice).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn flush(file: *mut bindings::file, id: bindings::fl_owner_t) -> c_int {
        // SAFETY: As above.
        let file = unsafe { OpenFile::from_raw(file) };
        from_result(|| F::flush(file, FlOwner(id)).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn splice_read(
        file: *mut bindings::file,
        pos: *mut Loff,
        pipe: *mut kernel::bindings::pipe_inode_info,
        len: usize,
        flags: c_uint,
    ) -> isize {
        // SAFETY: As above; `pos` is the caller's.
        let (file, pos, pipe) = unsafe {
            (
                OpenFile::from_raw(file),
                &mut *pos,
                Pipe::from_raw(pipe.cast()),
            )
        };
        bytes(|| F::splice_read(file, pos, &pipe, len, flags))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn splice_write(
        pipe: *mut kernel::bindings::pipe_inode_info,
        file: *mut bindings::file,
        pos: *mut Loff,
        len: usize,
        flags: c_uint,
    ) -> isize {
        // SAFETY: As above.
        let (file, pos, pipe) = unsafe {
            (
                OpenFile::from_raw(file),
                &mut *pos,
                Pipe::from_raw(pipe.cast()),
            )
        };
        bytes(|| F::splice_write(&pipe, file, pos, len, flags))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn copy_file_range(
        from: *mut bindings::file,
        pos_in: Loff,
        to: *mut bindings::file,
        pos_out: Loff,
        len: usize,
        flags: c_uint,
    ) -> isize {
        // SAFETY: As above. The VFS calls this only if both files have this very function.
        let (from, to) = unsafe { (OpenFile::from_raw(from), OpenFile::from_raw(to)) };
        bytes(|| F::copy_file_range(from, pos_in, to, pos_out, len, flags))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn remap_file_range(
        from: *mut bindings::file,
        pos_in: Loff,
        to: *mut bindings::file,
        pos_out: Loff,
        len: Loff,
        flags: c_uint,
    ) -> Loff {
        // SAFETY: As above. The VFS checks that both are on one super block and regular.
        let (from, to) = unsafe { (OpenFile::from_raw(from), OpenFile::from_raw(to)) };
        position(|| {
            const KNOWN: u32 = bindings::REMAP_FILE_DEDUP | bindings::REMAP_FILE_ADVISORY;
            if flags & !KNOWN != 0 {
                return Err(EINVAL);
            }
            let how = if flags & bindings::REMAP_FILE_DEDUP != 0 {
                Remap::Dedupe
            } else {
                Remap::Clone
            };
            F::remap_file_range(
                from,
                pos_in,
                to,
                pos_out,
                len,
                how,
                flags & !bindings::REMAP_FILE_DEDUP,
            )
        })
    }
}

pub(super) struct DirTable<T, F>(PhantomData<(T, F)>);

impl<T: FileSystem, F: DirFileOperations<T>> DirTable<T, F> {
    pub(super) const OPS: bindings::file_operations = bindings::file_operations {
        open: Some(Self::open),
        release: Some(Self::release),
        read: Some(bindings::generic_read_dir),
        iterate_shared: Some(Self::iterate_shared),
        llseek: Some(Self::llseek),
        fsync: Some(Self::fsync),
        unlocked_ioctl: Some(Self::ioctl),
        compat_ioctl: bindings::compat_ptr_ioctl,
        setlease: Some(setlease),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn ioctl(
        file: *mut bindings::file,
        cmd: c_uint,
        arg: kernel::ffi::c_ulong,
    ) -> c_long {
        // SAFETY: As in `RegTable::open`.
        let file = unsafe { OpenFile::from_raw(file) };
        match F::ioctl(file, cmd, UserArg::new(arg)) {
            Ok(()) => 0,
            Err(e) => e.to_errno() as c_long,
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: As in `RegTable::open`.
        let (own, inode) = unsafe { (OpenFile::from_raw(file), INode::from_raw(inode)) };
        from_result(|| {
            let data = F::open(inode, own)?;
            // SAFETY: The file is being opened: nobody else uses it.
            unsafe { (*file).private_data = data.into_foreign() };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: As above; called once.
        unsafe { release::<F::Data>(file) };
        0
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn iterate_shared(
        file: *mut bindings::file,
        ctx: *mut bindings::dir_context,
    ) -> c_int {
        // SAFETY: As above; the context is this call's.
        let (file, ctx) = unsafe { (OpenFile::from_raw(file), DirContext::from_raw(ctx)) };
        from_result(|| F::iterate_shared(file, ctx).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn llseek(file: *mut bindings::file, offset: Loff, whence: c_int) -> Loff {
        // SAFETY: As above.
        let file = unsafe { OpenFile::from_raw(file) };
        position(|| F::llseek(file, offset, whence))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn fsync(
        file: *mut bindings::file,
        start: Loff,
        end: Loff,
        datasync: c_int,
    ) -> c_int {
        // SAFETY: As above.
        let file = unsafe { OpenFile::from_raw(file) };
        from_result(|| F::fsync(file, start, end, datasync != 0).map(|()| 0))
    }
}
