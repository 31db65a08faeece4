// SPDX-License-Identifier: GPL-2.0-only

//! Moving data between files through a pipe.
//!
//! C: `fs/splice.c`, `rw_verify_area()`.

use crate::bindings;
use crate::vfs::{
    file::{size, BackedFile},
    types::Loff,
};
use kernel::{error::to_result, prelude::*};

/// A `struct pipe_inode_info` on loan.
pub struct Pipe {
    pipe: *mut bindings::pipe_inode_info,
}

impl Pipe {
    /// # Safety
    ///
    /// `pipe` must be valid for the call.
    pub(in crate::vfs) unsafe fn from_raw(pipe: *mut kernel::bindings::pipe_inode_info) -> Self {
        Self { pipe: pipe.cast() }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::pipe_inode_info {
        self.pipe
    }

    /// Waits until there is something in the pipe. `None`: it is empty, and nobody is left to write
    /// into it.
    ///
    /// The lock of the pipe is neither held while waiting nor afterwards, so another reader may come
    /// first.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if it is empty and `flags` has `SPLICE_F_NONBLOCK`; `ERESTARTSYS` if a signal is
    /// pending, whether there is something or not (as in `splice_from_pipe_next()`).
    pub fn wait(&self, flags: u32) -> Result<Option<Indices>> {
        loop {
            // SAFETY: No preconditions.
            if unsafe { bindings::current_signal_pending() } {
                return Err(ERESTARTSYS);
            }
            let look = self.look();
            if !look.is_empty {
                return Ok(Some(look.indices));
            }
            if !look.has_writers {
                return Ok(None);
            }
            if flags & SPLICE_F_NONBLOCK != 0 {
                return Err(EAGAIN);
            }
            // SAFETY: The pipe is valid for the call.
            to_result(unsafe { bindings::pipe_wait_for_data(self.pipe) })?;
        }
    }

    /// Whether anything was put into the pipe or taken out of it since `indices` was returned.
    ///
    /// A pipe that was emptied, given another size, and filled to where it stood before looks as if
    /// nothing had been.
    pub fn has_moved(&self, indices: Indices) -> bool {
        self.look().indices != indices
    }

    /// Whether nothing more can be put into it, in `->splice_read()`: the caller, who holds the lock of the pipe or
    /// has it for himself, has waited for room for one call of a file system only (`splice_file_to_pipe()`). Who
    /// makes another one must ask before: with no room, `filemap_splice_read()` looks for a page of no
    /// bytes for ever.
    pub fn is_full(&self) -> bool {
        // SAFETY: The pipe is valid for the call, and nobody else changes it.
        unsafe { bindings::pipe_is_full(self.pipe) }
    }

    fn look(&self) -> Look {
        // SAFETY: The pipe is valid for the call. It is read under its lock, which is taken and
        // released here.
        unsafe {
            bindings::pipe_lock(self.pipe);
            let look = Look {
                indices: Indices(bindings::pipe_indices(self.pipe)),
                is_empty: bindings::pipe_is_empty(self.pipe),
                has_writers: (*self.pipe).writers > 0,
            };
            bindings::pipe_unlock(self.pipe);
            look
        }
    }
}

/// A pipe at one moment.
struct Look {
    indices: Indices,
    is_empty: bool,
    has_writers: bool,
}

/// Where a pipe is written and read next (`union pipe_index`). Both numbers grow with each buffer,
/// and begin anew when the pipe is given another size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Indices(usize);

/// A flag of splice(2): fail with `EAGAIN` rather than wait for the pipe.
pub const SPLICE_F_NONBLOCK: u32 = bindings::SPLICE_F_NONBLOCK;

/// The beginning of a file that may be copied to the same place of another one.
///
/// # Invariants
///
/// `rw_verify_area()`, which asks security modules and fanotify(7) listeners, has allowed reading
/// and writing `..end`. `do_splice_direct()` leaves that to its caller.
pub struct Transfer<'a> {
    from: &'a BackedFile,
    to: &'a BackedFile,
    end: Loff,
}

impl<'a> Transfer<'a> {
    /// Asks whether `..end` of `from` may be read and `..end` of `to` written.
    ///
    /// A listener may first fill `from` with data, so nothing may have been read or seeked before.
    /// It may also take long, so no write access may be held. A fatal signal ends the wait.
    ///
    /// # Errors
    ///
    /// Those of the security modules; `EPERM`, or what the listener says.
    pub fn ask(from: &'a BackedFile, to: &'a BackedFile, end: Loff) -> Result<Self> {
        let len = usize::try_from(end).map_err(|_| EINVAL)?;
        for (file, access) in [(from, bindings::READ), (to, bindings::WRITE)] {
            // SAFETY: The file is alive.
            to_result(unsafe { bindings::rw_verify_area(access as i32, file.as_ptr(), &0, len) })?;
        }
        // INVARIANT: Both were allowed.
        Ok(Self { from, to, end })
    }

    /// Copies up to `len` bytes at `pos`, not beyond the permitted end. Returns the number of
    /// bytes; 0 at the end of the file that is read.
    ///
    /// Through the task's internal pipe (`do_splice_direct()`), which copies each byte once. In a
    /// sendfile(2) that pipe is in use, and while a signal is pending it would make no progress;
    /// the bytes then go through a buffer, which only a fatal signal stops.
    ///
    /// Both take the write access of the target's file system themselves: do not hold it.
    pub fn copy(&self, pos: Loff, len: usize) -> Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(pos)).unwrap_or(0);
        let len = len.min(left);
        // SAFETY: No preconditions.
        if unsafe { bindings::current_splice_pipe_is_busy() || bindings::current_signal_pending() }
        {
            return self.copy_by_buffer(pos, len);
        }
        let (mut pos_in, mut pos_out) = (pos, pos);
        // SAFETY: Both files are alive and open for the purpose; by the invariant they may be used.
        let copied = size(unsafe {
            bindings::do_splice_direct(
                self.from.as_ptr(),
                &mut pos_in,
                self.to.as_ptr(),
                &mut pos_out,
                len,
                bindings::SPLICE_F_MOVE,
            )
        });
        match copied {
            // The signal came just now.
            Err(e) if e == ERESTARTSYS => self.copy_by_buffer(pos, len),
            other => other,
        }
    }

    /// By `kernel_read()` and `kernel_write()`, which ask again.
    fn copy_by_buffer(&self, pos: Loff, len: usize) -> Result<usize> {
        let mut buf = KVVec::from_elem(0u8, len.min(BUFFER), GFP_KERNEL)?;
        let read = self.from.read_once(&mut buf, pos)?;
        self.to.write_at(buf.get(..read).ok_or(EIO)?, pos)?;
        Ok(read)
    }
}

/// Bytes in the buffer.
const BUFFER: usize = 64 << 10;
