// SPDX-License-Identifier: GPL-2.0-only

//! Functions that the kernel calls through a table of methods.

use crate::vfs::types::Loff;
use kernel::{
    ffi::{c_int, c_long},
    prelude::*,
};

/// Defines callbacks. An argument is passed on as it comes, or as what the function behind `=>`
/// makes of it; the value of the body, mostly a [`Result`], is returned as C expects it
/// ([`Outcome`]).
///
/// What the functions behind `=>` demand is what the method's C callers promise: arguments that are
/// valid for the call, and of the type of object that the table is installed for.
macro_rules! callbacks {
    ($($(#[$attr:meta])* $vis:vis fn $name:ident(
        $($arg:ident: $ty:ty $(=> $from:expr)?),* $(,)?
    ) -> $ret:ty $body:block)*) => {$(
        $(#[$attr])*
        ///
        /// # Safety
        ///
        /// To be called by the kernel alone, as the C method of that name.
        $vis unsafe extern "C" fn $name($($arg: $ty),*) -> $ret {
            // SAFETY: The kernel calls this as the C method of that name, with arguments that are
            // valid for the call. The table it stands in is installed for objects of one type of
            // file system alone, so theirs are the types.
            $($(let $arg = unsafe { $from($arg) };)?)*
            $crate::vfs::callback::Outcome::<$ret>::into_c($body)
        }
    )*};
}
pub(in crate::vfs) use callbacks;

/// What a callback's body results in, and how C sees it.
pub(in crate::vfs) trait Outcome<C> {
    /// The value that is returned to C.
    fn into_c(self) -> C;
}

impl<C> Outcome<C> for C {
    fn into_c(self) -> C {
        self
    }
}

/// 0 or a negative errno.
impl Outcome<c_int> for Result {
    fn into_c(self) -> c_int {
        self.err().map_or(0, Error::to_errno)
    }
}

/// The same in a word.
impl Outcome<c_long> for Result {
    fn into_c(self) -> c_long {
        self.err().map_or(0, |e| e.to_errno() as c_long)
    }
}

/// 0 for no, 1 for yes, or a negative errno.
impl Outcome<c_int> for Result<bool> {
    fn into_c(self) -> c_int {
        self.map_or_else(Error::to_errno, c_int::from)
    }
}

/// A number, or a negative errno.
impl Outcome<c_int> for Result<c_int> {
    fn into_c(self) -> c_int {
        self.unwrap_or_else(Error::to_errno)
    }
}

/// So many bytes, or a negative errno.
impl Outcome<isize> for Result<usize> {
    fn into_c(self) -> isize {
        match self {
            Ok(n) => isize::try_from(n).unwrap_or(isize::MAX),
            Err(e) => e.to_errno() as isize,
        }
    }
}

/// What was computed as C has it, or a negative errno.
impl Outcome<isize> for Result<isize> {
    fn into_c(self) -> isize {
        self.unwrap_or_else(|e| e.to_errno() as isize)
    }
}

/// A position, or a negative errno.
impl Outcome<Loff> for Result<Loff> {
    fn into_c(self) -> Loff {
        self.unwrap_or_else(|e| Loff::from(e.to_errno()))
    }
}

/// A pointer, or a negative errno in its place.
impl<P> Outcome<*mut P> for Result<*mut P> {
    fn into_c(self) -> *mut P {
        self.unwrap_or_else(|e| e.to_ptr())
    }
}

/// What a caller lends to the method for the call, to be changed.
///
/// # Safety
///
/// `ptr` must be valid and the caller's alone for `'a`.
pub(in crate::vfs) unsafe fn lent<'a, T>(ptr: *mut T) -> &'a mut T {
    // SAFETY: By the function's contract.
    unsafe { &mut *ptr }
}
