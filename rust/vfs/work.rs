// SPDX-License-Identifier: GPL-2.0-only

//! Work done by a kernel thread, where a limit of the calling process must not count.
//!
//! C: `kernel/workqueue.c`, `RLIMIT_FSIZE`.

use super::types::Loff;
use crate::bindings;
use kernel::{
    prelude::*,
    sync::{Arc, Completion, SetOnce},
    workqueue,
};

/// Whether a write of the calling process up to `end` would exceed its limit on the size of files
/// (`RLIMIT_FSIZE`), and so fail or kill it.
pub fn exceeds_file_size_limit(end: Loff) -> bool {
    // SAFETY: No preconditions.
    u64::try_from(end).is_ok_and(|end| end > unsafe { bindings::current_file_size_limit() })
}

#[pin_data]
struct Shared<R> {
    #[pin]
    done: Completion,
    result: SetOnce<R>,
}

/// Has a kernel thread do `work` and waits for it, not interruptibly.
///
/// # Errors
///
/// `ENOMEM`; those of the work.
pub fn in_kernel_thread(work: impl FnOnce() -> Result + Send + 'static) -> Result {
    let shared = Arc::pin_init(
        try_pin_init!(Shared::<Result> {
            done <- Completion::new(),
            result: SetOnce::new(),
        }? Error),
        GFP_KERNEL,
    )?;
    let theirs = shared.clone();
    workqueue::system_unbound().try_spawn(GFP_KERNEL, move || {
        theirs.result.populate(work());
        theirs.done.complete_all();
    })?;
    shared.done.wait_for_completion();
    shared.result.copy().unwrap_or(Err(EIO))
}
