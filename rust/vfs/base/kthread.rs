// SPDX-License-Identifier: GPL-2.0-only

//! Kernel threads that work for a process without being subject to its limits.
//!
//! C: `include/linux/kthread.h`, `RLIMIT_FSIZE`, `set_active_memcg()`, `kthread_associate_blkcg()`.

use crate::bindings;
use crate::vfs::types::{Loff, TaskLocal};
use core::{ffi::CStr, marker::PhantomData, ptr::NonNull};
use kernel::{
    error::from_err_ptr,
    prelude::*,
    str::CStrExt,
    sync::{
        atomic::{Atomic, Relaxed},
        Arc, SetOnce,
    },
    types::Opaque,
};

/// Whether a write of the calling process up to `end` would exceed its limit on the size of files
/// (`RLIMIT_FSIZE`), and so fail or kill it.
pub fn exceeds_file_size_limit(end: Loff) -> bool {
    // SAFETY: No preconditions.
    u64::try_from(end).is_ok_and(|end| end > unsafe { bindings::current_file_size_limit() })
}

/// Whether the current task is a thread of the kernel, which never returns to user space: files that it drops are
/// closed some time later, and keep their file system busy until then.
pub fn is_current() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::current_is_kthread() }
}

/// What a caller that is killed does about its thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Killed {
    /// It leaves at once: what the thread still does is seen by nobody.
    Leaves,
    /// It waits until the thread has ended: others would see what it does.
    Waits,
}

/// Has a kernel thread called `name` do `work`, and waits for it.
///
/// The process's limits and credentials do not apply to the thread; the work must override
/// credentials itself. Memory, including the page cache, and disk accesses are charged to the
/// caller's control groups, so their `memory.max` applies.
///
/// If the caller is killed, so is the thread: everything that checks for a fatal signal
/// ([`fatal_signal_pending`](crate::vfs::task_work::fatal_signal_pending), waiting for a page or a
/// server) ends. `killed` says whether the caller waits for that; it does anyway if too many threads
/// have been left behind ([`Left`]). The work therefore owns everything it needs, holds no lock of the
/// caller's, and holds nothing that unmounting waits for. The module stays loaded until it is done.
///
/// # Errors
///
/// `ENOMEM`; `EINTR` if the caller is killed; those of the work.
pub fn run<W>(name: &'static CStr, killed: Killed, work: W) -> Result
where
    W: FnOnce() -> Result + Send + 'static,
{
    let shared = Arc::pin_init(
        try_pin_init!(Shared {
            done <- Opaque::ffi_init(|slot| {
                // SAFETY: The slot is valid and pinned.
                unsafe { bindings::init_completion(slot) }
            }),
            killed: Atomic::new(false),
            left: SetOnce::new(),
            result: SetOnce::new(),
        }? Error),
        GFP_KERNEL,
    )?;
    let job = Job {
        main: main::<W>,
        work,
        shared: shared.clone(),
        groups: Groups::of_current(),
    };
    let thread = Thread::start(name, KBox::new(job, GFP_KERNEL)?)?;
    // SAFETY: Initialised, by the constructor. May sleep.
    if unsafe { bindings::wait_for_completion_killable(shared.done.get()) } != 0 {
        shared.killed.store(true, Relaxed);
        thread.kill();
        let left = match killed {
            Killed::Leaves => Left::one(),
            Killed::Waits => None,
        };
        match left {
            Some(left) => {
                shared.left.populate(left);
            }
            // SAFETY: As above.
            None => unsafe { bindings::wait_for_completion(shared.done.get()) },
        }
        return Err(EINTR);
    }
    shared.result.copy().unwrap_or(Err(EIO))
}

/// What thread and caller share; it lives as long as the longer of them.
#[pin_data]
struct Shared {
    #[pin]
    done: Opaque<bindings::completion>,
    /// The caller was killed.
    killed: Atomic<bool>,
    /// The caller has left.
    left: SetOnce<Left>,
    result: SetOnce<Result>,
}

// SAFETY: A completion may be used by any task.
unsafe impl Send for Shared {}
// SAFETY: As above.
unsafe impl Sync for Shared {}

/// A thread whose caller has left, counted until it ends.
///
/// A thread may wait without checking signals: a FUSE server does not answer its request, or the
/// file system is frozen. A process that did the work itself would wait in the same way, but count
/// against the process limits of its user and control group. The thread counts against neither, so
/// without a limit a user could create any number of threads, by calling, being killed and calling
/// again.
struct Left;

/// Maximum number of threads left behind: 64 kernel stacks take a megabyte. Beyond it, the caller
/// waits for its thread, as it would without one.
const MOST_LEFT: usize = 64;

static LEFT: Atomic<usize> = Atomic::new(0);

impl Left {
    fn one() -> Option<Self> {
        // Counted, so that it is given back in any case.
        let this = Self;
        (LEFT.fetch_add(1, Relaxed) < MOST_LEFT).then_some(this)
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        LEFT.fetch_sub(1, Relaxed);
    }
}

/// The job of a thread; the C side reads its first field.
#[repr(C)]
struct Job<W> {
    main: unsafe extern "C" fn(*mut kernel::ffi::c_void),
    work: W,
    shared: Arc<Shared>,
    groups: Groups,
}

/// A thread that was started, referenced.
struct Thread(NonNull<bindings::task_struct>);

impl Thread {
    fn start<W>(name: &'static CStr, job: KBox<Job<W>>) -> Result<Self>
    where
        W: FnOnce() -> Result + Send + 'static,
    {
        let job = KBox::into_raw(job);
        // SAFETY: A job begins with its `main`, which takes it over when it runs. It is code of this
        // module, so the thread gets a reference on the module, which its last call gives back.
        let task = from_err_ptr(unsafe {
            bindings::this_module_get();
            bindings::kthread_create(job.cast(), name.as_char_ptr())
        });
        let task = match task {
            Ok(task) => task,
            Err(e) => {
                // SAFETY: `main` will not run, so reference and job are ours still.
                unsafe {
                    bindings::this_module_put();
                    drop(KBox::from_raw(job));
                }
                return Err(e);
            }
        };
        // SAFETY: A new thread does not end before it was woken.
        unsafe {
            bindings::get_task_struct(task);
            bindings::wake_up_process(task);
            Ok(Self(NonNull::new_unchecked(task)))
        }
    }

    /// Sends the thread a fatal signal; only the kernel can do that.
    fn kill(&self) {
        // SAFETY: A reference is held; a thread that has ended ignores it.
        unsafe { bindings::send_sig(bindings::SIGKILL as i32, self.0.as_ptr(), 1) };
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: The reference is owned.
        unsafe { bindings::put_task_struct(self.0.as_ptr()) };
    }
}

/// # Safety
///
/// To be run by a thread that [`Thread::start`] made, with its job, and nothing of this module behind it
/// but what gives back the thread's reference on the module.
unsafe extern "C" fn main<W>(job: *mut kernel::ffi::c_void)
where
    W: FnOnce() -> Result + Send + 'static,
{
    // SAFETY: By the function's contract; it is this thread's alone.
    let job = KBox::into_inner(unsafe { KBox::<Job<W>>::from_raw(job.cast()) });
    let Job {
        main: _,
        work,
        shared,
        groups,
    } = job;
    // SAFETY: This is a kernel thread, which ends with this function and so need not take it back.
    unsafe { bindings::allow_kernel_signal(bindings::SIGKILL as i32) };
    if shared.killed.load(Relaxed) {
        // The signal may have come when it was not allowed yet. Both calls take the lock of the
        // signals, so if it did, this load sees what was stored before.
        // SAFETY: The current task is alive.
        unsafe { bindings::send_sig(bindings::SIGKILL as i32, bindings::get_current(), 1) };
    }
    let result = {
        let _charged = groups.in_force();
        work()
    };
    drop(groups);
    shared.result.populate(result);
    // SAFETY: Initialised, by the constructor; alive, for a reference is held.
    unsafe { bindings::complete_all(shared.done.get()) };
}

/// The control groups that memory and disk accesses of a task are charged to, referenced. NULL where
/// the kernel has none.
struct Groups {
    memory: *mut bindings::mem_cgroup,
    block: *mut bindings::cgroup_subsys_state,
}

// SAFETY: They are counted, and may be used by any task.
unsafe impl Send for Groups {}

impl Groups {
    fn of_current() -> Self {
        // SAFETY: Both look at the current task, and hand out references.
        unsafe {
            Self {
                memory: bindings::current_mem_cgroup_get(),
                block: bindings::current_blkcg_get(),
            }
        }
    }

    /// Charges them for what this thread does while the guard lives.
    fn in_force(&self) -> Charged<'_> {
        // SAFETY: The references outlive the guard, which undoes both; this is a kernel thread.
        let before = unsafe {
            bindings::kthread_associate_blkcg(self.block);
            bindings::set_active_memcg(self.memory)
        };
        Charged {
            before,
            _groups: PhantomData,
            _task: PhantomData,
        }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        // SAFETY: The references are owned; NULL is passed over.
        unsafe {
            bindings::mem_cgroup_put(self.memory);
            bindings::blkcg_put(self.block);
        }
    }
}

struct Charged<'a> {
    before: *mut bindings::mem_cgroup,
    _groups: PhantomData<&'a Groups>,
    _task: TaskLocal,
}

impl Drop for Charged<'_> {
    fn drop(&mut self) {
        // SAFETY: The guard does not leave its thread; `before` was in force when it was made.
        unsafe {
            bindings::set_active_memcg(self.before);
            bindings::kthread_associate_blkcg(core::ptr::null_mut());
        }
    }
}
