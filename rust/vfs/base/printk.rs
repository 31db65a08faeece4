// SPDX-License-Identifier: GPL-2.0-only

//! Messages that users can bring about as often as they like.
//!
//! C: `include/linux/printk.h`, `include/linux/ratelimit.h`.

use crate::bindings;

/// Whether there may be another message now: ten in five seconds, of all of them together
/// (`__ratelimit()`, which tells how many there would have been).
pub fn ratelimited() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::printk_ratelimited() }
}

/// `pr_err_ratelimited()`.
#[allow(unused_macros)]
macro_rules! pr_err_ratelimited {
    ($($arg:tt)*) => {
        if $crate::vfs::printk::ratelimited() {
            kernel::pr_err!($($arg)*);
        }
    };
}

/// `pr_warn_ratelimited()`.
#[allow(unused_macros)]
macro_rules! pr_warn_ratelimited {
    ($($arg:tt)*) => {
        if $crate::vfs::printk::ratelimited() {
            kernel::pr_warn!($($arg)*);
        }
    };
}

#[allow(unused_imports)]
pub(crate) use {pr_err_ratelimited, pr_warn_ratelimited};

/// A name for the log: bytes that are not printable ASCII are escaped.
pub struct Printable<'a>(pub &'a [u8]);

impl kernel::fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        use kernel::fmt::Write;
        for byte in self.0.escape_ascii() {
            f.write_char(char::from(byte))?;
        }
        Ok(())
    }
}
