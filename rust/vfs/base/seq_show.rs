// SPDX-License-Identifier: GPL-2.0-only

//! Showing mount options and statistics (`struct seq_file`, `seq_show_option()`, `seq_write()`).

use crate::bindings;
use core::ffi::CStr;
use kernel::{str::CStrExt, types::Opaque};

/// A seq_file on loan.
#[repr(transparent)]
pub struct SeqFile(Opaque<bindings::seq_file>);

impl SeqFile {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a` and used by this task alone.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::seq_file) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Adds text. An overflow makes seq_file call again with a larger buffer.
    pub fn text(&self, text: &[u8]) {
        // SAFETY: The text has as many bytes.
        unsafe { bindings::seq_write(self.0.get(), text.as_ptr().cast(), text.len()) };
    }

    /// Adds `,name` or `,name=value`, escaped as necessary. An overflow makes seq_file call again
    /// with a larger buffer.
    pub fn option(&self, name: &CStr, value: Option<&CStr>) {
        // SAFETY: Both strings are NUL-terminated; a NULL value is allowed.
        unsafe {
            bindings::seq_show_option(
                self.0.get(),
                name.as_char_ptr(),
                value.map_or(core::ptr::null(), |v| v.as_char_ptr()),
            )
        };
    }
}
