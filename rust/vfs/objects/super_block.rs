// SPDX-License-Identifier: GPL-2.0-only

//! Super blocks.
//!
//! C: `struct super_block`.

use crate::bindings;
use crate::vfs::{dentry::Dentry, file_system::FileSystem, types::Loff};
use core::{marker::PhantomData, mem::ManuallyDrop, ptr::NonNull};
use kernel::{
    error::to_result,
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
    types::Opaque,
};

/// `SB_*` and `SB_I_*` flags.
pub mod flags {
    pub use crate::bindings::{
        SB_I_EVM_HMAC_UNSUPPORTED, SB_I_NOUMASK, SB_I_SKIP_SYNC, SB_I_VERSION, SB_LAZYTIME,
        SB_MANDLOCK, SB_NOSEC, SB_POSIXACL, SB_RDONLY,
    };
}

/// The deepest stack of file systems the kernel allows (`FILESYSTEM_MAX_STACK_DEPTH`).
pub const MAX_STACK_DEPTH: i32 = bindings::FILESYSTEM_MAX_STACK_DEPTH as i32;

/// What `s_fs_info` points to.
pub(in crate::vfs) struct FsInfo<T: FileSystem> {
    /// Until `put_super`.
    pub(in crate::vfs) data: ManuallyDrop<T::SuperData>,
    pub(in crate::vfs) walk: T::WalkData,
}

impl<T: FileSystem> FsInfo<T> {
    /// # Safety
    ///
    /// `sb` must be a super block of `T`, readable, with its data set.
    pub(in crate::vfs) unsafe fn of(sb: *mut bindings::super_block) -> *mut Self {
        // SAFETY: By the function's contract.
        unsafe { (*sb).s_fs_info.cast() }
    }
}

/// A super block of `T` that is complete, or lacks a root alone.
#[repr(transparent)]
pub struct SuperBlock<T: FileSystem>(Opaque<bindings::super_block>, PhantomData<T>);

// SAFETY: The data are `Send + Sync`; the C parts follow their own rules.
unsafe impl<T: FileSystem> Sync for SuperBlock<T> {}

impl<T: FileSystem> SuperBlock<T> {
    /// Records a failure to write data to the disk: the next syncfs(2) of each open file reports it
    /// (`errseq_set()`).
    pub fn set_wb_err(&self, error: Error) {
        // SAFETY: `self` is alive; `errseq_t` is accessed atomically.
        unsafe { bindings::errseq_set(&raw mut (*self.as_ptr()).s_wb_err, error.to_errno()) };
    }

    /// # Safety
    ///
    /// `ptr` must be a super block of `T` with its data set, alive for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::super_block) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::super_block {
        self.0.get()
    }

    /// `T`'s data.
    pub fn data(&self) -> &T::SuperData {
        // SAFETY: Set by `NewSuperBlock::set_data` before anything else of this type can be
        // reached, given up after the last inode and dentry are gone.
        unsafe { &(*FsInfo::<T>::of(self.as_ptr())).data }
    }

    /// Whether the super block is read-only (`sb_rdonly()`).
    pub fn is_rdonly(&self) -> bool {
        // SAFETY: A racing read of one word, as C does.
        let flags = unsafe { (&raw const (*self.as_ptr()).s_flags).read_volatile() };
        flags & bindings::SB_RDONLY as usize != 0
    }

    /// The largest file size, in bytes.
    pub fn maxbytes(&self) -> Loff {
        // SAFETY: Set before the super block is published.
        unsafe { (*self.as_ptr()).s_maxbytes }
    }

    /// The device number of the super block, as `stat(2)` reports it.
    pub fn dev(&self) -> u32 {
        // SAFETY: Set before the super block is published.
        unsafe { (*self.as_ptr()).s_dev }
    }

    /// The depth of the stack, including this file system.
    pub fn stack_depth(&self) -> i32 {
        // SAFETY: Set before the first inode is made.
        unsafe { (*self.as_ptr()).s_stack_depth }
    }
}

/// Facts of any super block, by way of one of its dentries.
pub struct SbInfo {
    /// Depth of stacking (`s_stack_depth`).
    pub stack_depth: i32,
    /// Granularity of times in nanoseconds.
    pub time_gran: u32,
    /// Whether `SB_NOSEC` is set.
    pub nosec: bool,
    /// Whether the super block is read-only.
    pub rdonly: bool,
    /// The largest file size, in bytes.
    pub maxbytes: Loff,
    /// The block size, as a power of two.
    pub block_bits: u8,
    /// The device number.
    pub dev: u32,
    /// The magic number of the type.
    pub magic: usize,
    /// The identity of the file system, if it has one (`s_uuid`).
    pub uuid: Option<[u8; 16]>,
}

pub use crate::bindings::OVERLAYFS_SUPER_MAGIC;

/// Magic numbers of types.
pub mod magic {
    pub use crate::bindings::{
        BTRFS_SUPER_MAGIC, EROFS_SUPER_MAGIC_V1, EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC,
        FUSE_SUPER_MAGIC, ISOFS_SUPER_MAGIC, NFS_SUPER_MAGIC, SQUASHFS_MAGIC, TMPFS_MAGIC,
        XFS_SUPER_MAGIC,
    };
}

impl SbInfo {
    /// Reads them.
    pub fn of(dentry: &Dentry) -> Self {
        let sb = dentry.sb_ptr();
        // SAFETY: The dentry keeps its super block alive; the fields are stable or read racily as
        // in C.
        unsafe {
            Self {
                stack_depth: (*sb).s_stack_depth,
                time_gran: (*sb).s_time_gran,
                nosec: (*sb).s_flags & bindings::SB_NOSEC as usize != 0,
                rdonly: (*sb).s_flags & bindings::SB_RDONLY as usize != 0,
                maxbytes: (*sb).s_maxbytes,
                block_bits: (*sb).s_blocksize_bits,
                dev: (*sb).s_dev,
                magic: (*sb).s_magic,
                uuid: Some((*sb).s_uuid.b).filter(|uuid| *uuid != [0; 16]),
            }
        }
    }
}

/// Reads the first `len` bytes of the device of a file system, in pieces of 512 bytes. Returns `false`
/// if there is no device, or it cannot be read.
pub fn read_device(dentry: &Dentry, len: usize, mut each: impl FnMut(&[u8])) -> bool {
    let sb = dentry.sb_ptr();
    // SAFETY: The dentry keeps the super block alive; the device stays as long as it.
    if unsafe { (*sb).s_bdev.is_null() } {
        return false;
    }
    let mut done = 0usize;
    for block in 0.. {
        if done >= len {
            break;
        }
        // SAFETY: As above; the block size is set since the super block was filled.
        let Some(buffer) = NonNull::new(unsafe { bindings::sb_bread(sb, block) }) else {
            return false;
        };
        // SAFETY: A buffer that was read has its data mapped until it is released.
        let (data, size) = unsafe {
            let buffer = buffer.as_ptr();
            ((*buffer).b_data.cast::<u8>(), (*buffer).b_size)
        };
        let mut piece = [0u8; 512];
        for at in (0..size)
            .step_by(piece.len())
            .take_while(|at| done + at < len)
        {
            let n = piece.len().min(size - at);
            // SAFETY: Within the data. They are copied, for others may write to the device.
            unsafe { core::ptr::copy_nonoverlapping(data.add(at), piece.as_mut_ptr(), n) };
            each(piece.get(..n).unwrap_or_default());
        }
        done = done.saturating_add(size);
        // SAFETY: The reference `sb_bread()` gave.
        unsafe { bindings::brelse(buffer.as_ptr()) };
    }
    true
}

/// Writes a whole file system to stable storage (`sync_filesystem()`), with `s_umount` held shared
/// as it demands.
pub fn sync_filesystem(dentry: &Dentry) -> Result {
    // SAFETY: The dentry keeps the super block alive; `s_umount` of a stacked file system's lower
    // super block is taken inside the stacked one's, as in overlayfs.
    to_result(unsafe { bindings::sync_filesystem_locked(dentry.sb_ptr()) })
}

/// Up to where somebody has seen the write-back errors of a super block (`errseq_t`).
///
/// Of two who look at once both may be told of the same error.
pub struct SeenErrors(Atomic<u32>);

impl SeenErrors {
    /// The errors that have been reported (`errseq_sample()`).
    pub fn sample(dentry: &Dentry) -> Self {
        // SAFETY: The dentry keeps the super block alive; `errseq_t` is accessed atomically.
        Self(Atomic::new(unsafe {
            bindings::errseq_sample(&raw mut (*dentry.sb_ptr()).s_wb_err)
        }))
    }

    /// An unreported error, if there is one; it stays unreported (`errseq_check()`).
    pub fn check(&self, dentry: &Dentry) -> Result {
        // SAFETY: As in `sample()`.
        to_result(unsafe {
            bindings::errseq_check(&raw mut (*dentry.sb_ptr()).s_wb_err, self.0.load(Relaxed))
        })
    }

    /// The same, and marks it as reported (`errseq_check_and_advance()`).
    pub fn check_and_advance(&self, dentry: &Dentry) -> Result {
        let mut seen = self.0.load(Relaxed);
        // SAFETY: As in `sample()`; `seen` is ours.
        let result = to_result(unsafe {
            bindings::errseq_check_and_advance(&raw mut (*dentry.sb_ptr()).s_wb_err, &mut seen)
        });
        self.0.store(seen, Relaxed);
        result
    }
}
