// SPDX-License-Identifier: GPL-2.0-only

//! Work a task does on its way back to userspace, with no lock held.
//!
//! C: `kernel/task_work.c`.

use crate::bindings;
use kernel::prelude::*;

/// Something to run once.
pub trait Job: Send + 'static {
    /// Runs in the task that added the job.
    fn run(self);
}

#[repr(C)]
struct Work<J> {
    head: bindings::callback_head,
    job: J,
}

/// `-ERESTARTNOINTR`: the system call is to be started again once the task has done its work. Seen
/// by nobody, for [`add`] makes the task look for signals, which restarts the call.
pub fn restart_syscall() -> Error {
    Error::from_errno(-(bindings::ERESTARTNOINTR as i32))
}

/// Has the current task run `job` before it returns to userspace, as if a signal had come
/// (`task_work_add()` with `TWA_SIGNAL`).
///
/// # Errors
///
/// `ENOMEM`; `ESRCH` if the task is on its way out.
pub fn add<J: Job>(job: J) -> Result {
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn run<J: Job>(head: *mut bindings::callback_head) {
        // SAFETY: `head` is the first field of a `Work<J>` that `add` leaked; it runs once.
        let work: KBox<Work<J>> = unsafe { KBox::from_raw(head.cast()) };
        KBox::into_inner(work).job.run();
    }
    let mut head: bindings::callback_head = pin_init::zeroed();
    head.func = Some(run::<J>);
    let work = KBox::into_raw(KBox::new(Work { head, job }, GFP_KERNEL)?);
    // SAFETY: The work is valid and ours to give. On failure it was not taken.
    let ret = unsafe {
        bindings::task_work_add_current(
            (&raw mut (*work).head).cast(),
            bindings::task_work_notify_mode_TWA_SIGNAL,
        )
    };
    if ret != 0 {
        // SAFETY: Not taken, so still ours.
        drop(unsafe { KBox::from_raw(work) });
        return Err(Error::from_errno(ret));
    }
    Ok(())
}

/// For loops that can be long: `EINTR` if the current task is about to be killed
/// (`fatal_signal_pending()`).
pub fn go_on() -> Result {
    match fatal_signal_pending() {
        true => Err(EINTR),
        false => Ok(()),
    }
}

/// Whether the current task is about to be killed (`fatal_signal_pending()`).
pub fn fatal_signal_pending() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::current_fatal_signal_pending() }
}
