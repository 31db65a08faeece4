// SPDX-License-Identifier: GPL-2.0-only

//! The caller's memory and rights, for calls of a file system's own.
//!
//! C: `copy_from_user()`, `copy_to_user()`, `ns_capable()`.

use crate::bindings;
use crate::vfs::{file_system::FileSystem, super_block::SuperBlock};
use kernel::{
    prelude::*,
    uaccess::{UserPtr, UserSlice},
};

/// An unchecked address in the caller's memory.
#[derive(Clone, Copy)]
pub struct UserArg(usize);

impl UserArg {
    /// Any number will do.
    pub fn new(address: usize) -> Self {
        Self(address)
    }

    /// Copies from there.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn read<'a>(self, buffer: &'a mut [u8]) -> Result<&'a [u8]> {
        let slice = UserSlice::new(UserPtr::from_addr(self.0), buffer.len());
        slice.reader().read_slice(buffer)?;
        Ok(buffer)
    }

    /// Copies to `offset` bytes behind it.
    ///
    /// # Errors
    ///
    /// `EFAULT`.
    pub fn write(self, offset: usize, bytes: &[u8]) -> Result {
        let address = self.0.checked_add(offset).ok_or(EFAULT)?;
        let slice = UserSlice::new(UserPtr::from_addr(address), bytes.len());
        slice.writer().write_slice(bytes)
    }
}

/// Whether the caller is a program of 32 bits (`in_compat_syscall()`).
pub fn caller_has_32_bits() -> bool {
    // SAFETY: Looks at the current task.
    unsafe { bindings::in_compat_syscall() }
}

/// Whether the caller has `CAP_SYS_ADMIN` in the user namespace the file system was mounted in.
pub fn caller_is_admin<T: FileSystem>(sb: &SuperBlock<T>) -> bool {
    // SAFETY: The super block is alive, and holds its user namespace.
    unsafe { bindings::ns_capable((*sb.as_ptr()).s_user_ns, bindings::CAP_SYS_ADMIN as i32) }
}
