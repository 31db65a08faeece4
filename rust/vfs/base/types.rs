// SPDX-License-Identifier: GPL-2.0-only

//! Small types that keep numbers and names of different meaning apart.

use crate::bindings;
use crate::vfs::errno::ENAMETOOLONG;
use core::{ffi::CStr, marker::PhantomData};
use kernel::{prelude::*, str::CStrExt};

/// A position or length within a file, in bytes (`loff_t`).
pub type Loff = bindings::loff_t;

/// An inode number.
pub type Ino = u64;

/// A file name: one path component, any bytes but `/` and NUL, not necessarily UTF-8.
///
/// C: `struct qstr` without a hash; the `lookup_one` family computes the hash itself.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    bytes: &'a [u8],
}

impl<'a> Name<'a> {
    /// Takes `bytes` as a name.
    ///
    /// # Errors
    ///
    /// `ENAMETOOLONG` beyond 255 bytes. Whether the bytes make a legal component is checked by the
    /// lookup itself (`lookup_noperm_common()` refuses `/`, NUL, `.` and `..` with `EACCES`).
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > bindings::NAME_MAX as usize {
            return Err(ENAMETOOLONG);
        }
        Ok(Self { bytes })
    }

    /// Takes the name of a dentry, which may be longer than any file system allows until
    /// `->lookup()` has refused it.
    pub(in crate::vfs) fn of_dentry(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The bytes of the name, without a terminating NUL.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The name as the C type the `lookup_one` and `start_*` families take. The value borrows the
    /// bytes: use it within one call.
    pub(in crate::vfs) fn qstr(&self) -> bindings::qstr {
        // SAFETY: The helper only fills a struct; the length fits, for `new` bounds it.
        unsafe { bindings::qstr(self.bytes.as_ptr(), self.bytes.len() as u32) }
    }
}

/// A name that owns its bytes: the copy of a dentry's name that is valid without locks.
pub struct NameBuf {
    bytes: KVec<u8>,
}

impl NameBuf {
    /// Copies the present name of `dentry`, which may change at any time.
    ///
    /// C: `take_dentry_name_snapshot()`; the bytes are copied out because the C value points into
    /// itself and so must not move.
    pub(in crate::vfs) fn of(dentry: *mut bindings::dentry) -> Result<Self> {
        let mut snapshot: bindings::name_snapshot = pin_init::zeroed();
        let mut bytes = KVec::new();
        // SAFETY: `dentry` is valid for the call (it comes from a `&Dentry`). The function fills
        // `snapshot`, whose name and length are then stable until the release below.
        let copied = unsafe {
            bindings::take_dentry_name_snapshot(&mut snapshot, dentry);
            let len = bindings::qstr_len(&snapshot.name) as usize;
            let name = core::slice::from_raw_parts(snapshot.name.name, len);
            let copied = bytes.extend_from_slice(name, GFP_KERNEL);
            bindings::release_dentry_name_snapshot(&mut snapshot);
            copied
        };
        copied?;
        Ok(Self { bytes })
    }

    /// The name.
    pub fn name(&self) -> Name<'_> {
        Name { bytes: &self.bytes }
    }
}

/// The flags of chattr(1) that protect an object.
#[derive(Clone, Copy)]
pub struct Protection {
    /// Nothing may change (`S_IMMUTABLE`).
    pub immutable: bool,
    /// Data may only be added (`S_APPEND`).
    pub append: bool,
}

impl Protection {
    /// Neither flag.
    pub const NONE: Self = Self {
        immutable: false,
        append: false,
    };

    /// Both flags of an inode.
    pub(in crate::vfs) const BOTH: u32 = bindings::S_IMMUTABLE | bindings::S_APPEND;

    /// The flags of an inode that it stands for.
    pub(in crate::vfs) fn inode_flags(self) -> u32 {
        let flag = |on: bool, flag: u32| if on { flag } else { 0 };
        flag(self.immutable, bindings::S_IMMUTABLE) | flag(self.append, bindings::S_APPEND)
    }
}

/// Makes a type neither `Send` nor `Sync`: it belongs to the task that made it.
pub(in crate::vfs) type TaskLocal = PhantomData<*mut ()>;

/// A NUL-terminated string on loan, as C callbacks hand it out.
///
/// # Safety
///
/// `ptr` must point to a NUL-terminated string that outlives `'a`.
pub(in crate::vfs) unsafe fn cstr<'a>(ptr: *const kernel::ffi::c_char) -> &'a CStr {
    // SAFETY: By the function's contract.
    unsafe { <CStr as CStrExt>::from_char_ptr(ptr) }
}

/// A random number, for keys of hash tables.
pub fn random_u64() -> u64 {
    // SAFETY: No preconditions.
    unsafe { bindings::random_u64() }
}
