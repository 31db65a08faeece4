// SPDX-License-Identifier: GPL-2.0-only

//! Super blocks in the making.
//!
//! C: `->get_tree()`'s `fill_super`.

use crate::bindings;
use crate::vfs::{
    dentry_ops::{self, DentryOperations},
    super_block::{FsInfo, SuperBlock},
    super_ops::{SuperOperations, SuperTable},
    types::Loff,
    xattr_ops::Handlers,
};
use core::{marker::PhantomData, mem::ManuallyDrop};
use kernel::prelude::*;

/// A super block in the making, in `fill_super`: nobody else knows it, and it has no data yet.
pub struct NewSuperBlock<'a, T> {
    sb: *mut bindings::super_block,
    _t: PhantomData<&'a T>,
}

impl<'a, T: SuperOperations> NewSuperBlock<'a, T> {
    /// # Safety
    ///
    /// `sb` must be the new super block of a `fill_super` that is in progress for `'a`.
    pub(in crate::vfs) unsafe fn from_raw(sb: *mut bindings::super_block) -> Self {
        Self {
            sb,
            _t: PhantomData,
        }
    }

    /// Sets the dentry operations all dentries get (`set_default_d_op()`).
    pub fn set_default_d_op<D: DentryOperations<T>>(&mut self, revalidate: bool) {
        let ops = dentry_ops::dentry_table::<T, D>(revalidate);
        // SAFETY: Nobody else knows the super block; the table is static.
        unsafe { bindings::set_default_d_op(self.sb, ops) };
    }

    /// The device number the super block will have.
    pub fn dev(&self) -> u32 {
        // SAFETY: Set when the super block was made.
        unsafe { (*self.sb).s_dev }
    }

    /// Sets the type number `statfs(2)` reports.
    pub fn set_magic(&mut self, magic: u32) {
        // SAFETY: Nobody else knows the super block.
        unsafe { (*self.sb).s_magic = magic as usize };
    }

    /// Sets the UUID (`super_set_uuid()`).
    pub fn set_uuid(&mut self, uuid: [u8; 16]) {
        // SAFETY: Nobody else knows the super block.
        unsafe {
            (*self.sb).s_uuid.b = uuid;
            (*self.sb).s_uuid_len = uuid.len() as u8;
        }
    }

    /// Sets the largest file size, in bytes.
    pub fn set_maxbytes(&mut self, max: Loff) {
        // SAFETY: Nobody else knows the super block.
        unsafe { (*self.sb).s_maxbytes = max };
    }

    /// Sets the depth of the stack and the granularity of times (nanoseconds).
    pub fn set_stacking(&mut self, depth: i32, time_gran: u32) {
        // SAFETY: Nobody else knows the super block.
        unsafe {
            (*self.sb).s_stack_depth = depth;
            (*self.sb).s_time_gran = time_gran;
        }
    }

    /// Sets the block size (`FIGETBSZ`), as a power of two.
    pub fn set_block_bits(&mut self, bits: u8) {
        // SAFETY: Nobody else knows the super block.
        unsafe {
            (*self.sb).s_blocksize_bits = bits;
            (*self.sb).s_blocksize = 1 << bits.min(30);
        }
    }

    /// Adds `SB_*` flags.
    pub fn add_flags(&mut self, flags: u32) {
        // SAFETY: Nobody else knows the super block.
        unsafe { (*self.sb).s_flags |= flags as usize };
    }

    /// Adds `SB_I_*` flags.
    pub fn add_iflags(&mut self, flags: u32) {
        // SAFETY: Nobody else knows the super block.
        unsafe { (*self.sb).s_iflags |= flags as usize };
    }

    /// Sets `T`'s data and operations, the last of what is set: from now on inodes can be made. A root
    /// directory is all that the super block lacks.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn set_data(
        self,
        data: T::SuperData,
        walk: T::WalkData,
        handler: &'static Handlers<T>,
    ) -> Result<&'a SuperBlock<T>> {
        // Without the memory the data are dropped, which they are not by themselves in their place.
        let info = KBox::<FsInfo<T>>::new_uninit(GFP_KERNEL_ACCOUNT)?.write(FsInfo {
            data: ManuallyDrop::new(data),
            walk,
        });
        // SAFETY: The data are freed by `put_super` or, when `fill_super` fails, by `kill_sb`. The
        // super block is alive for `'a`, and has them.
        unsafe {
            (*self.sb).s_fs_info = KBox::into_raw(info).cast();
            (*self.sb).s_op = &SuperTable::<T>::OPS;
            (*self.sb).s_xattr = handler.as_ptr();
            Ok(SuperBlock::from_raw(self.sb))
        }
    }
}
