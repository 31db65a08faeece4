// SPDX-License-Identifier: GPL-2.0-only

//! Error codes of file systems that [`kernel::error::code`] does not list yet.

use crate::bindings;
use kernel::error::Error;

const fn errno(errno: u32) -> Error {
    // SAFETY: `Error` is a non-zero `i32` that holds a negative errno; all those below are between
    // 1 and MAX_ERRNO. The compiler checks the size, KUnit the value: in the kernel crate there is
    // no constructor that is both public and constant.
    unsafe { core::mem::transmute::<i32, Error>(-(errno as i32)) }
}

/// File name too long.
pub const ENAMETOOLONG: Error = errno(bindings::ENAMETOOLONG);
/// Directory not empty.
pub const ENOTEMPTY: Error = errno(bindings::ENOTEMPTY);
/// Too many symbolic links, or layers that overlap.
pub const ELOOP: Error = errno(bindings::ELOOP);
/// No such extended attribute.
pub const ENODATA: Error = errno(bindings::ENODATA);
/// Operation not supported.
pub const EOPNOTSUPP: Error = errno(bindings::EOPNOTSUPP);
/// The quota is used up.
pub const EDQUOT: Error = errno(bindings::EDQUOT);
/// The object has been replaced.
pub const ESTALE: Error = errno(bindings::ESTALE);
/// The object is remote in a way that cannot be followed.
pub const EREMOTE: Error = errno(bindings::EREMOTE);
