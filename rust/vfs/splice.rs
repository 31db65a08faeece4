// SPDX-License-Identifier: GPL-2.0-only

//! Moving data between files through a pipe.
//!
//! C: `fs/splice.c`.

use super::{
    file::{size, BackedFile, OpenFile},
    file_system::FileSystem,
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

    /// Writes what is in the pipe by writes to the file itself (`iter_file_splice_write()`). For
    /// `->splice_write()`: the VFS has taken the write access of the file system.
    pub fn write_to<T: FileSystem, D>(
        &self,
        file: &OpenFile<T, D>,
        pos: &mut Loff,
        len: usize,
        flags: u32,
    ) -> Result<usize> {
        // SAFETY: All are valid for the call; the file has a `->write_iter()`.
        size(unsafe {
            bindings::iter_file_splice_write(self.pipe.cast(), file.as_ptr(), pos, len, flags)
        })
    }
}

/// Copies up to `len` bytes, moving both positions. Returns the number of bytes; 0 at the end of
/// `from`.
///
/// Through the task's internal pipe (`do_splice_direct()`), which copies each byte once. In a
/// sendfile(2) that pipe is in use, and while a signal is pending it would not move: then the bytes
/// go through a buffer, which only a fatal signal stops.
///
/// Both take the write access of `to`'s file system themselves: do not hold it.
pub fn copy(
    from: &BackedFile,
    pos_in: &mut Loff,
    to: &BackedFile,
    pos_out: &mut Loff,
    len: usize,
) -> Result<usize> {
    // SAFETY: No preconditions.
    if unsafe { bindings::current_splice_pipe_is_busy() || bindings::current_signal_pending() } {
        return copy_by_buffer(from, pos_in, to, pos_out, len);
    }
    // SAFETY: Both files are alive and open for the purpose.
    let copied = size(unsafe {
        bindings::do_splice_direct(
            from.as_ptr(),
            pos_in,
            to.as_ptr(),
            pos_out,
            len,
            bindings::SPLICE_F_MOVE,
        )
    });
    match copied {
        // The signal came just now.
        Err(e) if e == ERESTARTSYS => copy_by_buffer(from, pos_in, to, pos_out, len),
        other => other,
    }
}

/// Bytes in the buffer.
const BUFFER: usize = 64 << 10;

fn copy_by_buffer(
    from: &BackedFile,
    pos_in: &mut Loff,
    to: &BackedFile,
    pos_out: &mut Loff,
    len: usize,
) -> Result<usize> {
    let mut buf = KVVec::from_elem(0u8, len.min(BUFFER), GFP_KERNEL)?;
    // SAFETY: The files are alive and open for the purpose; the buffer has the length given.
    let read = size(unsafe {
        bindings::kernel_read(from.as_ptr(), buf.as_mut_ptr().cast(), buf.len(), pos_in)
    })?;
    let mut rest = buf.get(..read).ok_or(EIO)?;
    while !rest.is_empty() {
        // SAFETY: As above.
        let written = size(unsafe {
            bindings::kernel_write(to.as_ptr(), rest.as_ptr().cast(), rest.len(), pos_out)
        })?;
        if written == 0 {
            return Err(EIO);
        }
        rest = rest.get(written..).ok_or(EIO)?;
    }
    Ok(read)
}
