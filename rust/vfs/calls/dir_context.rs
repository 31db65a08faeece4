// SPDX-License-Identifier: GPL-2.0-only

//! Directory entries on their way to the reader.
//!
//! C: `struct dir_context`, `iterate_dir()`.

use crate::bindings;
use crate::vfs::{
    file::BackedFile,
    task_work,
    types::{Ino, Loff},
};
use core::ffi::c_int;
use kernel::{error::to_result, prelude::*, types::Opaque};

/// The reader's context in `->iterate_shared()`.
#[repr(transparent)]
pub struct DirContext(Opaque<bindings::dir_context>);

impl DirContext {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a` and used by this task alone.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::dir_context) -> &'a mut Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &mut *ptr.cast() }
    }

    /// The position of the next entry.
    pub fn pos(&self) -> Loff {
        // SAFETY: This task's alone.
        unsafe { (*self.0.get()).pos }
    }

    /// Sets the position of the next entry.
    pub fn set_pos(&mut self, pos: Loff) {
        // SAFETY: This task's alone.
        unsafe { (*self.0.get()).pos = pos };
    }

    /// Hands an entry to the reader (`dir_emit()`). `dt`: `DT_*`. Returns `false` if the reader
    /// wants no more; the entry is then to be offered again.
    pub fn emit(&mut self, name: &[u8], ino: Ino, dt: u8) -> bool {
        let Ok(len) = c_int::try_from(name.len()) else {
            return false;
        };
        // SAFETY: The name has `len` bytes; the context is this task's.
        unsafe { bindings::dir_emit(self.0.get(), name.as_ptr().cast(), len, ino, u32::from(dt)) }
    }
}

/// Lets a foreign directory answer the reader directly, from the reader's position on: for a file
/// system that passes on the directories of another one. The reader sees the foreign positions.
///
/// `dir` must be the reader's own: the position is kept there, too.
///
/// # Errors
///
/// Those of `iterate_dir()`.
pub fn forward(dir: &BackedFile, ctx: &mut DirContext) -> Result {
    // SAFETY: The file is an open directory; the VFS holds the position lock of the reader's file,
    // the only user of this one. The context is this task's, and lives for the call.
    to_result(unsafe {
        (*dir.as_ptr()).f_pos = ctx.pos();
        bindings::iterate_dir(dir.as_ptr(), ctx.0.get())
    })
}

/// An entry as a foreign directory lists it.
pub struct Entry<'a> {
    /// The name, `.` and `..` included.
    pub name: &'a [u8],
    /// The inode number there.
    pub ino: Ino,
    /// `DT_*`, or `DT_UNKNOWN`.
    pub dt: u8,
}

/// What to do after an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    More,
    /// Enough.
    Stop,
}

#[repr(C)]
struct Actor<F> {
    ctx: bindings::dir_context,
    each: F,
    seen: usize,
    stopped: bool,
    killed: bool,
}

/// Entries between two checks for a fatal signal, because not all file systems check while they
/// list.
const PATIENCE: usize = 1024;

/// Reads a foreign directory from its present position to its end, or until `each` says stop.
///
/// `each` runs with the directory locked shared: it may allocate, but not look names up there.
///
/// # Errors
///
/// Those of `iterate_dir()`; `EINTR` by a fatal signal.
pub fn read_all(dir: &BackedFile, each: impl FnMut(Entry<'_>) -> Next) -> Result {
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn actor<F: FnMut(Entry<'_>) -> Next>(
        ctx: *mut bindings::dir_context,
        name: *const kernel::ffi::c_char,
        len: kernel::ffi::c_int,
        _pos: bindings::loff_t,
        ino: u64,
        dt: kernel::ffi::c_uint,
    ) -> bool {
        // SAFETY: `ctx` is the first field of the `Actor<F>` below; the name has `len` bytes.
        unsafe {
            let this = &mut *ctx.cast::<Actor<F>>();
            this.seen = this.seen.wrapping_add(1);
            if this.seen % PATIENCE == 0 && task_work::fatal_signal_pending() {
                this.killed = true;
                return false;
            }
            let name = core::slice::from_raw_parts(name.cast(), len.max(0) as usize);
            let next = (this.each)(Entry {
                name,
                ino,
                dt: (dt & 0xff) as u8,
            });
            this.stopped = next == Next::Stop;
            !this.stopped
        }
    }

    fn new<F: FnMut(Entry<'_>) -> Next>(each: F) -> Actor<F> {
        let mut ctx: bindings::dir_context = pin_init::zeroed();
        ctx.actor = Some(actor::<F>);
        ctx.count = i32::MAX;
        Actor {
            ctx,
            each,
            seen: 0,
            stopped: false,
            killed: false,
        }
    }

    let mut this = new(each);
    loop {
        this.seen = 0;
        // SAFETY: The file is an open directory; the context lives for the call.
        to_result(unsafe { bindings::iterate_dir(dir.as_ptr(), (&raw mut this).cast()) })?;
        if this.killed {
            return Err(EINTR);
        }
        task_work::go_on()?;
        // A call that brings no entry is the end.
        if this.seen == 0 || this.stopped {
            return Ok(());
        }
    }
}
