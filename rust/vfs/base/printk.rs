// SPDX-License-Identifier: GPL-2.0-only

//! Messages that users can cause any number of times.
//!
//! C: `include/linux/printk.h`, `include/linux/ratelimit.h`.

use crate::bindings;

/// Whether another message may be printed now: at most ten in five seconds of all kinds together
/// (`__ratelimit()`, which reports the number suppressed).
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
