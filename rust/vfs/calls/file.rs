// SPDX-License-Identifier: GPL-2.0-only

//! Open files of other file systems.
//!
//! C: `struct file`, `fs/open.c`, `fs/read_write.c`.

use crate::bindings;
use crate::vfs::{
    attr::{inode_owner_or_capable, inode_permission, may},
    dentry::Dentry,
    inode::Inode,
    kthread,
    path::PathRef,
    types::Loff,
};
use core::{ffi::c_int, ptr::NonNull};
use kernel::{
    error::{from_err_ptr, to_result},
    prelude::*,
};

/// Flags of one read or write (`IOCB_*`).
pub mod iocb {
    use crate::bindings as b;
    pub use crate::bindings::{
        IOCB_APPEND, IOCB_DIRECT, IOCB_DSYNC, IOCB_HIPRI, IOCB_NOWAIT, IOCB_SYNC,
    };

    /// What makes a write durable before it returns, with all that there is of the file.
    pub const SYNCS: u32 = b::IOCB_DSYNC | b::IOCB_SYNC;
}

/// Whose locks `->flush()` concerns.
#[derive(Clone, Copy)]
pub struct FlOwner(pub(in crate::vfs) bindings::fl_owner_t);

/// What fallocate(2) can do besides reserving blocks.
pub mod falloc {
    pub use crate::bindings::{FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_UNSHARE_RANGE};
}

/// Values of `whence` that need the file system.
pub mod seek {
    pub use crate::bindings::{SEEK_DATA, SEEK_HOLE};
}

/// Flags of `open(2)` this layer passes on.
pub mod flags {
    use crate::bindings as b;
    pub use crate::bindings::{
        O_ACCMODE, O_APPEND, O_DIRECT, O_DIRECTORY, O_DSYNC, O_LARGEFILE, O_NOATIME, O_NONBLOCK,
        O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY,
    };

    /// Flags that matter at open time only and are not handed down.
    pub const OPEN_ONLY: u32 = b::O_CREAT | b::O_EXCL | b::O_NOCTTY | b::O_TRUNC;

    /// The file was opened by execve(2) (`__FMODE_EXEC`).
    pub const FOR_EXEC: u32 = b::__FMODE_EXEC;

    /// Flags that fcntl(2) can change later and that concern the file beneath. Not `O_APPEND`: see
    /// [`BackingFile::open`](super::super::backing_file::BackingFile::open).
    pub const CHANGEABLE: u32 = b::O_NONBLOCK | b::O_DIRECT;
}

/// An open file of another file system, owned.
///
/// # Invariants
///
/// The pointer is valid and one reference is owned.
pub struct BackedFile(NonNull<bindings::file>);

// SAFETY: Files opened in the kernel are not tied to a task: their position is not shared with a
// descriptor table.
unsafe impl Send for BackedFile {}
// SAFETY: As above.
unsafe impl Sync for BackedFile {}

impl BackedFile {
    /// # Safety
    ///
    /// `ptr` must be an error or a file with one reference, which is given away.
    pub(in crate::vfs) unsafe fn take(ptr: *mut bindings::file) -> Result<Self> {
        Ok(Self(NonNull::new(from_err_ptr(ptr)?).ok_or(EINVAL)?))
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::file {
        self.0.as_ptr()
    }

    /// Opens `path` as open(2) would with the credentials in force ([`may_open`], then
    /// `dentry_open()`), with `O_NOATIME` if that is allowed. `open_flags`: `O_*`.
    ///
    /// # Errors
    ///
    /// `EACCES` and the rest of open(2)'s.
    pub fn open(path: PathRef<'_>, open_flags: u32) -> Result<Self> {
        // What is read on behalf of a stacked object is no access of its owner's.
        let open_flags = may_open(path, open_flags | flags::O_NOATIME)?;
        // SAFETY: All are valid.
        unsafe {
            Self::take(bindings::dentry_open(
                &path.raw(),
                open_flags as i32,
                bindings::current_cred(),
            ))
        }
    }

    /// Makes the file system return 64-bit positions, independent of the caller (`FMODE_64BITHASH`,
    /// as the NFS server sets it), because the result is cached for others.
    pub fn use_long_positions(&mut self) {
        // SAFETY: The file is alive, and `&mut self` is the only one who reads it.
        unsafe { (*self.as_ptr()).f_mode |= bindings::FMODE_64BITHASH };
    }

    /// Lets writes leave the times of the file alone (`FMODE_NOCMTIME`): what is written is what the file
    /// shows already.
    pub fn keep_times(&mut self) {
        // SAFETY: The file is alive, and `&mut self` is the only one who reads it.
        unsafe { (*self.as_ptr()).f_mode |= bindings::FMODE_NOCMTIME };
    }

    /// Closes the file now, not when this task returns to user space, which a kernel thread never
    /// does (`__fput_sync()`): it must be closed before its file system is unmounted, or before others look who
    /// has it open, or the call opens many.
    pub fn close(self) {
        let file = core::mem::ManuallyDrop::new(self);
        // SAFETY: One reference is owned, and not used any more. No lock is held that closing the
        // file could want: those of this module no file system beneath takes.
        unsafe { bindings::__fput_sync(file.as_ptr()) };
    }

    /// Another reference to the same open file (`get_file()`).
    pub fn get(&self) -> Self {
        // SAFETY: Alive; the helper hands out a reference.
        unsafe { Self(NonNull::new_unchecked(bindings::get_file(self.as_ptr()))) }
    }

    /// The inode.
    pub fn inode(&self) -> &Inode {
        // SAFETY: An open file holds its inode.
        unsafe { Inode::from_raw(bindings::file_inode(self.as_ptr())) }
    }

    /// The dentry.
    pub fn dentry(&self) -> &Dentry {
        // SAFETY: An open file holds its path.
        unsafe { Dentry::from_raw((*bindings::file_path(self.as_ptr())).dentry) }
    }

    /// The path it was opened by.
    pub fn path(&self) -> PathRef<'_> {
        // SAFETY: An open file holds its path.
        unsafe { PathRef::from_raw(bindings::file_path(self.as_ptr())) }
    }

    /// Whether each write is synced, as far as `O_DSYNC` does it (`iocb_is_dsync()`).
    pub fn is_dsync(&self) -> bool {
        // SAFETY: The file is alive.
        unsafe { bindings::file_is_dsync(self.as_ptr()) }
    }

    /// `O_*` flags as they are now.
    pub fn flags(&self) -> u32 {
        // SAFETY: A racing read of one word, as C does.
        unsafe { (&raw const (*self.as_ptr()).f_flags).read_volatile() }
    }

    /// Whether the file system can move data past the page cache (`FMODE_CAN_ODIRECT`).
    pub fn can_odirect(&self) -> bool {
        // SAFETY: The file is alive; the mode does not change after open.
        unsafe { bindings::file_can_odirect(self.as_ptr()) }
    }

    /// Takes over the changeable flags of a stacked file (`fcntl(F_SETFL)` on it).
    ///
    /// # Errors
    ///
    /// `EINVAL` if the file cannot do `O_DIRECT`.
    pub fn change_flags(&self, new: u32) -> Result {
        // SAFETY: The file is alive; the helper takes f_lock.
        to_result(unsafe { bindings::file_change_flags(self.as_ptr(), flags::CHANGEABLE, new) })
    }

    /// Reads at `pos` by one call (`kernel_read()`). Returns the number of bytes, 0 at the end of
    /// the file.
    pub fn read_once(&self, buf: &mut [u8], mut pos: Loff) -> Result<usize> {
        // SAFETY: The file is alive, and open for reading; the buffer is ours.
        size(unsafe {
            bindings::kernel_read(self.as_ptr(), buf.as_mut_ptr().cast(), buf.len(), &mut pos)
        })
    }

    /// Reads at `pos` until `buf` is full or the file ends. Returns how many bytes it was.
    pub fn read_at(&self, buf: &mut [u8], mut pos: Loff) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let n = self.read_once(rest, pos)?;
            if n == 0 {
                break;
            }
            done = done.saturating_add(n);
            pos = pos.saturating_add(n as Loff);
        }
        Ok(done)
    }

    /// Writes all of `buf` at `pos` (`kernel_write()`, which takes freeze protection).
    pub fn write_at(&self, buf: &[u8], mut pos: Loff) -> Result {
        let mut done = 0;
        while let Some(rest) = buf.get(done..).filter(|rest| !rest.is_empty()) {
            // SAFETY: The file is alive, and open for writing; the buffer is valid.
            let n = size(unsafe {
                bindings::kernel_write(self.as_ptr(), rest.as_ptr().cast(), rest.len(), &mut pos)
            })?;
            if n == 0 {
                return Err(EIO);
            }
            done = done.saturating_add(n);
        }
        Ok(())
    }

    /// Writes all of `buf` at `pos`, as `kernel_write()` does but without waiting for a thaw.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if the file system is frozen, or is about to be; then, as after other errors, a part
    /// may have been written.
    pub fn write_at_unless_frozen(&self, buf: &[u8], mut pos: Loff) -> Result {
        // SAFETY: The file is alive; its table is constant.
        let write_iter = unsafe { (*(*self.as_ptr()).f_op).write_iter }.ok_or(EINVAL)?;
        let mut done = 0;
        while let Some(rest) = buf.get(done..).filter(|rest| !rest.is_empty()) {
            let bytes = bindings::kvec {
                iov_base: rest.as_ptr().cast_mut().cast(),
                iov_len: rest.len(),
            };
            let mut iter = core::mem::MaybeUninit::<bindings::iov_iter>::uninit();
            let mut iocb: bindings::kiocb = pin_init::zeroed();
            // SAFETY: The file is alive, and open for writing, as the caller of `kernel_write()`
            // must see to; buffer and request live for the call, which is synchronous, and
            // `iov_iter_kvec()` sets all of the iterator. What
            // `->write_iter()` wants done before, it is: the area is checked, and after that freeze
            // protection taken, in the order of `vfs_iter_write()`.
            let n = size(unsafe {
                let file = self.as_ptr();
                to_result(bindings::rw_verify_area(
                    bindings::WRITE as i32,
                    file,
                    &pos,
                    rest.len(),
                ))?;
                bindings::iov_iter_kvec(iter.as_mut_ptr(), bindings::WRITE, &bytes, 1, rest.len());
                bindings::init_sync_kiocb(&mut iocb, file);
                iocb.ki_pos = pos;
                let sb = (*bindings::file_inode(file)).i_sb;
                if !bindings::sb_start_write_trylock(sb) {
                    return Err(EAGAIN);
                }
                let ret = write_iter(&mut iocb, iter.as_mut_ptr());
                bindings::sb_end_write(sb);
                ret
            })?;
            if n == 0 {
                return Err(EIO);
            }
            pos = iocb.ki_pos;
            done = done.saturating_add(n);
        }
        Ok(())
    }

    /// Asks security modules and access listeners whether the credentials in force may read this
    /// range (`rw_verify_area()`).
    ///
    /// # Errors
    ///
    /// Theirs; `EINVAL` and `EOVERFLOW` for what is no range.
    pub fn verify_read(&self, pos: Loff, len: usize) -> Result {
        const READ: c_int = 0;
        // SAFETY: The file is alive; the position is only read.
        to_result(unsafe { bindings::rw_verify_area(READ, self.as_ptr(), &pos, len) })
    }

    /// Writes what is dirty in the range to stable storage (`vfs_fsync_range()`).
    pub fn fsync_range(&self, start: Loff, end: Loff, datasync: bool) -> Result {
        // SAFETY: The file is alive.
        to_result(unsafe { bindings::vfs_fsync_range(self.as_ptr(), start, end, datasync.into()) })
    }

    /// Writes out what is dirty, and waits until the disk has taken it (`file_write_and_wait_range()`): it
    /// may be in the disk's cache then, and the file system's own data are not written.
    pub fn write_out(&self) -> Result {
        // SAFETY: The file is alive; may sleep.
        to_result(unsafe { bindings::file_write_and_wait_range(self.as_ptr(), 0, Loff::MAX) })
    }

    /// As [`write_out`](Self::write_out) for the bytes from `start` to `end`, the last one. Nobody is told
    /// of errors by this: who asks looks at them himself
    /// ([`SeenDataErrors`](crate::vfs::data_errors::SeenDataErrors)). One of beginning it is returned.
    pub fn write_out_range(&self, start: Loff, end: Loff) -> Result {
        // SAFETY: The file is alive, and so is its mapping; may sleep.
        unsafe {
            let mapping = (*self.as_ptr()).f_mapping;
            let begun = bindings::filemap_fdatawrite_range(mapping, start, end);
            // What it returns are flags that may be old.
            bindings::filemap_fdatawait_range_keep_errors(mapping, start, end);
            to_result(begun)
        }
    }

    /// An error of writing data out that nobody has been told of by this open file; it counts as told then
    /// (`file_check_and_advance_wb_err()`).
    pub fn check_errors(&self) -> Result {
        // SAFETY: The file is alive.
        to_result(unsafe { bindings::file_check_and_advance_wb_err(self.as_ptr()) })
    }

    /// As [`fsync_range`](Self::fsync_range) for the whole file.
    pub fn fsync(&self) -> Result {
        self.fsync_range(0, Loff::MAX, false)
    }

    /// `vfs_llseek()` to an absolute position: `SEEK_DATA`, `SEEK_HOLE`. The file's own position,
    /// which it moves, is used by nothing in this layer.
    pub fn llseek(&self, offset: Loff, whence: i32) -> Result<Loff> {
        // SAFETY: The file is alive.
        loff(unsafe { bindings::vfs_llseek(self.as_ptr(), offset, whence) })
    }

    /// `vfs_fallocate()`.
    pub fn fallocate(&self, mode: i32, offset: Loff, len: Loff) -> Result {
        // SAFETY: The file is alive.
        to_result(unsafe { bindings::vfs_fallocate(self.as_ptr(), mode, offset, len) })
    }

    /// Whether the file system that has the data, beneath stacked ones, has `->fallocate()`, and so
    /// perhaps files with blocks that were never written to.
    pub fn can_preallocate(&self) -> bool {
        // SAFETY: An open file holds its dentry, which is positive, and a stacked one the real one.
        unsafe { bindings::real_file_can_preallocate(self.dentry().as_ptr()) }
    }

    /// `vfs_fadvise()`.
    pub fn fadvise(&self, offset: Loff, len: Loff, advice: i32) -> Result {
        // SAFETY: The file is alive.
        to_result(unsafe { bindings::vfs_fadvise(self.as_ptr(), offset, len, advice) })
    }

    /// `->flush()`, if the file system has one.
    pub fn flush(&self, id: FlOwner) -> Result {
        // SAFETY: The file is alive; `f_op` is never NULL.
        to_result(unsafe {
            match (*(*self.as_ptr()).f_op).flush {
                Some(flush) => flush(self.as_ptr(), id.0),
                None => 0,
            }
        })
    }
}

impl Drop for BackedFile {
    fn drop(&mut self) {
        // SAFETY: One reference is owned. A kernel thread closes the file at once: `fput()` would leave that to
        // a work item, and the file system busy until then. Threads drop files in process context.
        unsafe {
            match kthread::is_current() {
                true => bindings::__fput_sync(self.as_ptr()),
                false => bindings::fput(self.as_ptr()),
            }
        }
    }
}

pub(in crate::vfs) fn loff(ret: Loff) -> Result<Loff> {
    if ret < 0 {
        return Err(Error::from_errno(
            i32::try_from(ret).unwrap_or(-(bindings::EIO as i32)),
        ));
    }
    Ok(ret)
}

pub(in crate::vfs) fn size(ret: isize) -> Result<usize> {
    usize::try_from(ret).map_err(|_| Error::from_errno(ret as i32))
}

/// Copies a range (`vfs_copy_file_range()`), between two file systems as well: the files stand for parts of one
/// stacked file, and where each part is does not concern the caller.
pub fn copy_file_range(
    from: &BackedFile,
    pos_in: Loff,
    to: &BackedFile,
    pos_out: Loff,
    len: usize,
    flags: u32,
) -> Result<usize> {
    let copy = |flags| {
        // SAFETY: Both are alive.
        size(unsafe {
            bindings::vfs_copy_file_range(from.as_ptr(), pos_in, to.as_ptr(), pos_out, len, flags)
        })
    };
    match copy(flags) {
        Err(e) if e == EXDEV => copy(flags | bindings::COPY_FILE_SPLICE),
        copied => copied,
    }
}

/// Whether [`clone_file_range`] between these files gets as far as asking their file system: it is
/// one, and has the method.
pub fn may_clone(from: &BackedFile, to: &BackedFile) -> bool {
    // SAFETY: Both are alive; `i_sb` and `f_op` do not change, and are never NULL.
    unsafe {
        (*from.inode().as_ptr()).i_sb == (*to.inode().as_ptr()).i_sb
            && (*(*from.as_ptr()).f_op).remap_file_range.is_some()
    }
}

/// Shares blocks (`vfs_clone_file_range()`).
pub fn clone_file_range(
    from: &BackedFile,
    pos_in: Loff,
    to: &BackedFile,
    pos_out: Loff,
    len: Loff,
    flags: u32,
) -> Result<Loff> {
    // SAFETY: Both are alive.
    loff(unsafe {
        bindings::vfs_clone_file_range(from.as_ptr(), pos_in, to.as_ptr(), pos_out, len, flags)
    })
}

/// Shares blocks that are equal (`vfs_dedupe_file_range_one()`).
pub fn dedupe_file_range(
    from: &BackedFile,
    pos_in: Loff,
    to: &BackedFile,
    pos_out: Loff,
    len: Loff,
    flags: u32,
) -> Result<Loff> {
    // SAFETY: Both are alive.
    loff(unsafe {
        bindings::vfs_dedupe_file_range_one(from.as_ptr(), pos_in, to.as_ptr(), pos_out, len, flags)
    })
}

/// What open(2) asks before it opens an existing object (`may_open()`), and `dentry_open()` and
/// `backing_file_open()` leave to their callers. Returns the flags to open it with: those of the
/// call, without `O_NOATIME` if only the owner may have that.
///
/// # Errors
///
/// `EACCES`, `EPERM`; `ENOENT` for a negative dentry.
pub(in crate::vfs) fn may_open(path: PathRef<'_>, mut open_flags: u32) -> Result<u32> {
    let mut mask = may::MAY_OPEN;
    mask |= match open_flags & flags::O_ACCMODE {
        flags::O_WRONLY => may::MAY_WRITE,
        flags::O_RDWR => may::MAY_READ | may::MAY_WRITE,
        _ => may::MAY_READ,
    };
    if open_flags & flags::O_APPEND != 0 {
        mask |= may::MAY_APPEND;
    }
    let idmap = path.mnt().idmap();
    let inode = path.dentry().inode().ok_or(ENOENT)?;
    inode_permission(idmap, inode, mask)?;
    if !inode_owner_or_capable(idmap, inode) {
        open_flags &= !flags::O_NOATIME;
    }
    Ok(open_flags)
}
