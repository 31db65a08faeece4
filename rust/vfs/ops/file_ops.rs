// SPDX-License-Identifier: GPL-2.0-only

//! Operations on open files.
//!
//! C: `struct file_operations`. Each open file carries a `Data` that `open` makes and that is
//! dropped when the file is closed.

use crate::bindings;
use crate::vfs::{
    callback::{callbacks, lent},
    dir_context::DirContext,
    file::FlOwner,
    file_system::FileSystem,
    inode::OwnInode,
    open_file::{IovIter, Kiocb, OpenFile, Opening, Vma},
    splice::Pipe,
    types::Loff,
    user::UserArg,
};
use core::marker::PhantomData;
use kernel::{
    ffi::{c_int, c_long, c_uint, c_ulong, c_void},
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
    /// The data of an open file.
    type Data: Send + Sync + 'static;

    /// `->open()`.
    fn open(inode: &OwnInode<T>, file: Opening<'_, T>) -> Result<Pin<KBox<Self::Data>>>;

    /// `->llseek()`.
    fn llseek(file: &OpenFile<T, Self::Data>, offset: Loff, whence: i32) -> Result<Loff>;

    /// `->read_iter()`: bytes, a negative errno, or `-EIOCBQUEUED`.
    fn read_iter(iocb: Kiocb<'_, T, Self::Data>, iter: &IovIter) -> Result<isize>;

    /// `->write_iter()`, likewise.
    fn write_iter(iocb: Kiocb<'_, T, Self::Data>, iter: &IovIter) -> Result<isize>;

    /// `->fsync()` of the range `start..=end`.
    fn fsync(file: &OpenFile<T, Self::Data>, start: Loff, end: Loff, datasync: bool) -> Result;

    /// Preparation before the file is mapped, with mmap_lock held for writing. Nothing has been
    /// unmapped yet, so that the call can still fail, or be restarted ([`crate::vfs::task_work`]),
    /// without a trace; in [`mmap`](Self::mmap) it is too late for that where the mapping takes the
    /// place of others (`MAP_FIXED`). `over_shared_writable`: it does, is shared and may be written
    /// to. Part of `->get_unmapped_area()`.
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

    /// Calls of the file system's own (`->unlocked_ioctl()`). What the VFS knows does not come here.
    fn ioctl(_file: &OpenFile<T, Self::Data>, _cmd: u32, _arg: UserArg) -> Result {
        Err(ENOTTY)
    }
}

/// Operations on an open directory.
pub trait DirFileOperations<T: FileSystem>: Sized + 'static {
    /// What an open directory carries.
    type Data: Send + Sync + 'static;

    /// `->open()`.
    fn open(inode: &OwnInode<T>, file: Opening<'_, T>) -> Result<Pin<KBox<Self::Data>>>;

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

callbacks! {
    /// An `->open()` that has nothing to do: for files opened by `->tmpfile()`.
    pub(in crate::vfs) fn no_open(_inode: *mut bindings::inode, _file: *mut bindings::file) -> c_int {
        0
    }

    /// Leases are kept on the stacked inode, by the VFS.
    fn setlease(
        file: *mut bindings::file,
        arg: c_int,
        lease: *mut *mut kernel::bindings::file_lease,
        private: *mut *mut c_void,
    ) -> c_int {
        // SAFETY: The arguments are passed on; the types are the same behind different names.
        unsafe { bindings::generic_setlease(file, arg, lease.cast(), private) }
    }
}

/// # Safety
///
/// `file` must be opened by operations that leave a `D`; this is its `->release()`.
unsafe fn release<D: 'static>(file: *mut bindings::file) -> c_int {
    // SAFETY: By the function's contract; called once.
    unsafe {
        let data = (*file).private_data;
        (*file).private_data = core::ptr::null_mut();
        drop(Pin::<KBox<D>>::from_foreign(data));
    }
    0
}

pub(in crate::vfs) struct RegTable<T, F>(PhantomData<(T, F)>);

impl<T: FileSystem, F: RegFileOperations<T>> RegTable<T, F> {
    pub(in crate::vfs) const OPS: bindings::file_operations = bindings::file_operations {
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
        unlocked_ioctl: Some(Self::ioctl),
        compat_ioctl: bindings::compat_ptr_ioctl,
        setlease: Some(setlease),
        ..pin_init::zeroed()
    };

    callbacks! {
        fn open(inode: *mut bindings::inode => OwnInode::from_raw, file: *mut bindings::file) -> c_int {
            // SAFETY: This is `->open()`.
            F::open(inode, unsafe { Opening::from_raw(file) }).map(|data| {
                // SAFETY: Nobody else uses the file yet.
                unsafe {
                    (*file).private_data = data.into_foreign();
                    bindings::file_set_can_odirect(file);
                }
            })
        }

        fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
            // SAFETY: Called once for each file that `open` has opened.
            unsafe { release::<F::Data>(file) }
        }

        fn llseek(
            file: *mut bindings::file => OpenFile::from_raw,
            offset: Loff,
            whence: c_int,
        ) -> Loff {
            F::llseek(file, offset, whence)
        }

        fn read_iter(
            iocb: *mut bindings::kiocb => Kiocb::from_raw,
            iter: *mut bindings::iov_iter => IovIter::from_raw,
        ) -> isize {
            F::read_iter(iocb, &iter)
        }

        fn write_iter(
            iocb: *mut bindings::kiocb => Kiocb::from_raw,
            iter: *mut bindings::iov_iter => IovIter::from_raw,
        ) -> isize {
            F::write_iter(iocb, &iter)
        }

        fn fsync(
            file: *mut bindings::file => OpenFile::from_raw,
            start: Loff,
            end: Loff,
            datasync: c_int,
        ) -> c_int {
            F::fsync(file, start, end, datasync != 0)
        }

        fn get_unmapped_area(
            file: *mut bindings::file,
            addr: usize,
            len: usize,
            pgoff: usize,
            flags: usize,
        ) -> usize {
            // SAFETY: The file is open and alive; the arguments are passed on.
            unsafe {
                let over = bindings::maps_over_shared_writable(file, flags);
                match F::prepare_map(OpenFile::from_raw(file), over) {
                    Ok(()) => bindings::mm_get_unmapped_area(file, addr, len, pgoff, flags),
                    // As C has it: an error is an address in the last page.
                    Err(e) => e.to_errno() as usize,
                }
            }
        }

        fn mmap(
            file: *mut bindings::file => OpenFile::from_raw,
            vma: *mut bindings::vm_area_struct => Vma::from_raw,
        ) -> c_int {
            F::mmap(file, &vma)
        }

        fn fallocate(
            file: *mut bindings::file => OpenFile::from_raw,
            mode: c_int,
            offset: Loff,
            len: Loff,
        ) -> c_long {
            F::fallocate(file, mode, offset, len)
        }

        fn fadvise(
            file: *mut bindings::file => OpenFile::from_raw,
            offset: Loff,
            len: Loff,
            advice: c_int,
        ) -> c_int {
            F::fadvise(file, offset, len, advice)
        }

        fn flush(
            file: *mut bindings::file => OpenFile::from_raw,
            id: bindings::fl_owner_t,
        ) -> c_int {
            F::flush(file, FlOwner(id))
        }

        fn splice_read(
            file: *mut bindings::file => OpenFile::from_raw,
            pos: *mut Loff => lent,
            pipe: *mut kernel::bindings::pipe_inode_info => Pipe::from_raw,
            len: usize,
            flags: c_uint,
        ) -> isize {
            F::splice_read(file, pos, &pipe, len, flags)
        }

        fn splice_write(
            pipe: *mut kernel::bindings::pipe_inode_info => Pipe::from_raw,
            file: *mut bindings::file => OpenFile::from_raw,
            pos: *mut Loff => lent,
            len: usize,
            flags: c_uint,
        ) -> isize {
            F::splice_write(&pipe, file, pos, len, flags)
        }

        /// The VFS calls this only if both files have this very function.
        fn copy_file_range(
            from: *mut bindings::file => OpenFile::from_raw,
            pos_in: Loff,
            to: *mut bindings::file => OpenFile::from_raw,
            pos_out: Loff,
            len: usize,
            flags: c_uint,
        ) -> isize {
            F::copy_file_range(from, pos_in, to, pos_out, len, flags)
        }

        /// The VFS checks that both are regular files of one super block.
        fn remap_file_range(
            from: *mut bindings::file => OpenFile::from_raw,
            pos_in: Loff,
            to: *mut bindings::file => OpenFile::from_raw,
            pos_out: Loff,
            len: Loff,
            flags: c_uint,
        ) -> Loff {
            let dedupe = flags & bindings::REMAP_FILE_DEDUP != 0;
            let how = if dedupe { Remap::Dedupe } else { Remap::Clone };
            match flags & !bindings::REMAP_FILE_DEDUP {
                rest if rest & !bindings::REMAP_FILE_ADVISORY != 0 => Err(EINVAL),
                rest => F::remap_file_range(from, pos_in, to, pos_out, len, how, rest),
            }
        }

        fn ioctl(
            file: *mut bindings::file => OpenFile::from_raw,
            cmd: c_uint,
            arg: c_ulong,
        ) -> c_long {
            F::ioctl(file, cmd, UserArg::new(arg))
        }
    }
}

pub(in crate::vfs) struct DirTable<T, F>(PhantomData<(T, F)>);

impl<T: FileSystem, F: DirFileOperations<T>> DirTable<T, F> {
    pub(in crate::vfs) const OPS: bindings::file_operations = bindings::file_operations {
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

    callbacks! {
        fn open(inode: *mut bindings::inode => OwnInode::from_raw, file: *mut bindings::file) -> c_int {
            // SAFETY: This is `->open()`.
            F::open(inode, unsafe { Opening::from_raw(file) }).map(|data| {
                // SAFETY: Nobody else uses the file yet.
                unsafe { (*file).private_data = data.into_foreign() };
            })
        }

        fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
            // SAFETY: Called once for each file that `open` has opened.
            unsafe { release::<F::Data>(file) }
        }

        fn iterate_shared(
            file: *mut bindings::file => OpenFile::from_raw,
            ctx: *mut bindings::dir_context => DirContext::from_raw,
        ) -> c_int {
            F::iterate_shared(file, ctx)
        }

        fn llseek(
            file: *mut bindings::file => OpenFile::from_raw,
            offset: Loff,
            whence: c_int,
        ) -> Loff {
            F::llseek(file, offset, whence)
        }

        fn fsync(
            file: *mut bindings::file => OpenFile::from_raw,
            start: Loff,
            end: Loff,
            datasync: c_int,
        ) -> c_int {
            F::fsync(file, start, end, datasync != 0)
        }

        fn ioctl(
            file: *mut bindings::file => OpenFile::from_raw,
            cmd: c_uint,
            arg: c_ulong,
        ) -> c_long {
            F::ioctl(file, cmd, UserArg::new(arg))
        }
    }
}
