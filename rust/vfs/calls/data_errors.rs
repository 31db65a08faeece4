// SPDX-License-Identifier: GPL-2.0-only

//! Whether data of a file got lost on their way to the disk.
//!
//! C: `include/linux/errseq.h`, `struct address_space::wb_err`, `mapping_set_error()`.

use crate::bindings;
use crate::vfs::inode::Inode;
use kernel::{
    error::to_result,
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

/// Up to where somebody has seen the errors of writing the data of one inode out (`errseq_t`). Who
/// else has seen them does not matter.
///
/// Of two who look at once both may be told of the same error.
pub struct SeenDataErrors(Atomic<u32>);

impl SeenDataErrors {
    /// Those that somebody has been told of (`errseq_sample()`).
    pub fn sample(inode: &Inode) -> Self {
        // SAFETY: The inode is alive, and so is its mapping; `errseq_t` is accessed atomically.
        Self(Atomic::new(unsafe {
            bindings::errseq_sample(&raw mut (*(*inode.as_ptr()).i_mapping).wb_err)
        }))
    }

    /// An error since then (`errseq_check()`); nobody counts as told of it. The inode is the one that was
    /// sampled.
    pub fn check(&self, inode: &Inode) -> Result {
        // SAFETY: As in `sample()`.
        to_result(unsafe {
            bindings::errseq_check(
                &raw mut (*(*inode.as_ptr()).i_mapping).wb_err,
                self.0.load(Relaxed),
            )
        })
    }

    /// What has failed until now counts as seen here (`errseq_check_and_advance()`).
    pub fn advance(&self, inode: &Inode) {
        let mut seen = self.0.load(Relaxed);
        // SAFETY: As in `sample()`; `seen` is ours.
        unsafe {
            bindings::errseq_check_and_advance(
                &raw mut (*(*inode.as_ptr()).i_mapping).wb_err,
                &mut seen,
            )
        };
        self.0.store(seen, Relaxed);
    }

    /// Says that data of the inode got lost: everybody who has it open is told at the next fsync
    /// (`mapping_set_error()`).
    pub fn set_lost(inode: &Inode) {
        // SAFETY: As in `sample()`.
        unsafe { bindings::inode_set_data_error(inode.as_ptr()) };
    }
}
