// SPDX-License-Identifier: GPL-2.0-only

//! Moving data between files through a pipe.
//!
//! C: `fs/splice.c`.

use super::{
    file::{size, BackedFile},
    types::Loff,
};
use crate::bindings;
use kernel::prelude::*;

/// A `struct pipe_inode_info` on loan.
pub struct Pipe {
    pipe: *mut bindings::pipe_inode_info,
}

impl Pipe {
    /// # Safety
    ///
    /// `pipe` must be valid for the call.
    pub(super) unsafe fn from_raw(pipe: *mut bindings::pipe_inode_info) -> Self {
        Self { pipe }
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::pipe_inode_info {
        self.pipe
    }
}

/// Whether the caller has the write access of the file system written to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    /// Yes: it must not be taken again.
    Held,
    /// No: it is taken here, for each call.
    NotHeld,
}

/// Copies up to `len` bytes through the task's internal pipe (`do_splice_direct()`), moving both
/// positions. Returns the number of bytes; 0 at the end of `from`.
pub fn copy(
    from: &BackedFile,
    pos_in: &mut Loff,
    to: &BackedFile,
    pos_out: &mut Loff,
    len: usize,
    freeze: Freeze,
) -> Result<usize> {
    // SAFETY: Both files are alive and open for the purpose.
    size(unsafe {
        if freeze == Freeze::NotHeld {
            bindings::file_start_write(to.as_ptr());
        }
        let ret = bindings::do_splice_direct(
            from.as_ptr(),
            pos_in,
            to.as_ptr(),
            pos_out,
            len,
            bindings::SPLICE_F_MOVE,
        );
        if freeze == Freeze::NotHeld {
            bindings::file_end_write(to.as_ptr());
        }
        ret
    })
}
