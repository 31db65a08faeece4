// SPDX-License-Identifier: GPL-2.0-only

//! Work done by kernel threads: in the background, or where a limit of the calling process must not
//! count.
//!
//! C: `kernel/workqueue.c`, `RLIMIT_FSIZE`.

use super::types::Loff;
use crate::bindings;
use core::{ffi::CStr, ptr::NonNull};
use kernel::{
    prelude::*,
    str::CStrExt,
    sync::{Arc, Completion, SetOnce},
    workqueue::Queue,
};

/// A queue of work of its own (`struct workqueue_struct`). When it is dropped, all of its work is
/// done, and no thread executes code of it any more.
pub struct Workqueue(NonNull<kernel::bindings::workqueue_struct>);

// SAFETY: A work queue may be used and destroyed by any task.
unsafe impl Send for Workqueue {}
// SAFETY: As above.
unsafe impl Sync for Workqueue {}

impl Workqueue {
    /// An empty one (`alloc_workqueue()`, unbound).
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: The name is NUL-terminated; it is copied.
        let queue = unsafe { bindings::alloc_workqueue(name.as_char_ptr()) };
        NonNull::new(queue.cast()).map(Self).ok_or(ENOMEM)
    }

    /// Has a kernel thread do `work`, some time.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn spawn(&self, work: impl FnOnce() + Send + 'static) -> Result {
        // SAFETY: The queue is alive; `Queue` is the kernel crate's name for the same thing.
        let queue = unsafe { Queue::from_raw(self.0.as_ptr()) };
        Ok(queue.try_spawn(GFP_KERNEL, work)?)
    }
}

impl Drop for Workqueue {
    fn drop(&mut self) {
        // SAFETY: Made by `new()`; whoever could add work has the queue borrowed. May sleep.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr().cast()) };
    }
}

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
pub fn in_kernel_thread(
    queue: &Workqueue,
    work: impl FnOnce() -> Result + Send + 'static,
) -> Result {
    let shared = Arc::pin_init(
        try_pin_init!(Shared::<Result> {
            done <- Completion::new(),
            result: SetOnce::new(),
        }? Error),
        GFP_KERNEL,
    )?;
    let theirs = shared.clone();
    queue.spawn(move || {
        theirs.result.populate(work());
        theirs.done.complete_all();
    })?;
    shared.done.wait_for_completion();
    shared.result.copy().unwrap_or(Err(EIO))
}
