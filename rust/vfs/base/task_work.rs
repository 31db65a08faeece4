// SPDX-License-Identifier: GPL-2.0-only

//! Work that a task does before it returns to userspace, with no lock held.
//!
//! C: `kernel/task_work.c`.

use crate::bindings;
use kernel::prelude::*;

#[repr(C)]
struct Work<J> {
    head: bindings::callback_head,
    job: J,
}

/// `-ERESTARTNOINTR`: the system call is to be started again once the task has done its work. Seen
/// by nobody, for [`OpenFile::before_return`](crate::vfs::open_file::OpenFile::before_return) makes the task look
/// for signals, which restarts the call.
pub fn restart_syscall() -> Error {
    Error::from_errno(-(bindings::ERESTARTNOINTR as i32))
}

/// Has the current task do `job` before it returns to userspace, as if a signal had come
/// (`task_work_add()` with `TWA_SIGNAL`).
///
/// # Errors
///
/// `ENOMEM`; `ESRCH` if the task is exiting.
///
/// # Safety
///
/// The job is code of this module. It must hold something that keeps the module until its last step,
/// after which it does not sleep: unregistering waits until all tasks have gone on from there
/// (`synchronize_rcu_tasks()`). A file of a mount does, if dropped last of all.
pub(in crate::vfs) unsafe fn add<J: FnOnce() + Send + 'static>(job: J) -> Result {
    /// # Safety
    ///
    /// To be called by the kernel alone, as the function of a `callback_head`.
    unsafe extern "C" fn run<J: FnOnce()>(head: *mut bindings::callback_head) {
        // SAFETY: `head` is the first field of a `Work<J>` that `add` leaked; it runs once.
        let work: KBox<Work<J>> = unsafe { KBox::from_raw(head.cast()) };
        (KBox::into_inner(work).job)();
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
