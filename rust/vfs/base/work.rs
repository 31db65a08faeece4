// SPDX-License-Identifier: GPL-2.0-only

//! Work done by kernel threads in the background.
//!
//! C: `kernel/workqueue.c`.

use crate::bindings;
use core::{ffi::CStr, ptr::NonNull};
use kernel::{
    impl_has_delayed_work,
    prelude::*,
    str::CStrExt,
    sync::Arc,
    time::{msecs_to_jiffies, Msecs},
    workqueue::{new_delayed_work, DelayedWork, Queue, WorkItem},
};

/// A queue of work (`struct workqueue_struct`). When it is dropped, all of its work is done, and no
/// thread executes code of it any more. Nothing delayed must wait for it then.
struct Workqueue(NonNull<kernel::bindings::workqueue_struct>);

// SAFETY: A work queue may be used and destroyed by any task.
unsafe impl Send for Workqueue {}
// SAFETY: Whoever has it may add work to it.
unsafe impl Sync for Workqueue {}

impl Workqueue {
    /// An empty one (`alloc_workqueue()`, unbound).
    fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: The name is NUL-terminated; it is copied.
        let queue = unsafe { bindings::alloc_workqueue(name.as_char_ptr()) };
        NonNull::new(queue.cast()).map(Self).ok_or(ENOMEM)
    }

    fn queue(&self) -> &Queue {
        // SAFETY: The queue is alive; `Queue` is the kernel crate's name for the same thing.
        unsafe { Queue::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for Workqueue {
    fn drop(&mut self) {
        // SAFETY: Made by `new()`; whoever could add work has the queue borrowed, and its owner has
        // no delayed work that waits. May sleep.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr().cast()) };
    }
}

/// What is done in the background.
pub trait Task: Send + Sync + 'static {
    /// Runs the work, one run at a time; if it is started meanwhile, it runs again afterwards.
    fn run(&self);
}

#[pin_data]
struct Delayed<T: Task> {
    task: Arc<T>,
    #[pin]
    work: DelayedWork<Delayed<T>>,
}

impl_has_delayed_work! {
    impl{T: Task} HasDelayedWork<Delayed<T>> for Delayed<T> { self.work }
}

impl<T: Task> WorkItem for Delayed<T> {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.task.run();
    }
}

/// A task that can wait for a while (`struct delayed_work`), with a queue of its own. Dropped while
/// it waits, it is done at once, and the drop waits for its end: then the queue goes.
pub struct Background<T: Task> {
    delayed: Arc<Delayed<T>>,
    queue: Workqueue,
}

impl<T: Task> Background<T> {
    /// Not started. `name`: of the queue.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(name: &'static CStr, task: Arc<T>) -> Result<Self> {
        let delayed = Arc::pin_init(
            pin_init!(Delayed {
                task,
                work <- new_delayed_work!("vfs::work::Background"),
            }),
            GFP_KERNEL,
        )?;
        let queue = Workqueue::new(name)?;
        Ok(Self { delayed, queue })
    }

    /// Schedules the task for a kernel thread after this many milliseconds, if it is not scheduled
    /// already.
    pub fn start(&self, delay: Msecs) {
        // It is waiting if it cannot be queued.
        let _ = self
            .queue
            .queue()
            .enqueue_delayed(self.delayed.clone(), msecs_to_jiffies(delay));
    }

    /// Schedules it for now, also if it is waiting (`mod_delayed_work()`).
    pub fn start_now(&self) {
        let work = (&raw const self.delayed.work).cast_mut().cast();
        // What is queued owns a reference, which its run takes.
        let queued = Arc::into_raw(self.delayed.clone());
        // SAFETY: The work was initialised, and is alive as long as this reference; `DelayedWork` is
        // transparent.
        let was_waiting = unsafe {
            bindings::mod_delayed_work_on(
                bindings::WORK_CPU_UNBOUND as i32,
                self.queue.0.as_ptr().cast(),
                work,
                0,
            )
        };
        if was_waiting {
            // SAFETY: From `into_raw()` above. It was queued already, with a reference of its own.
            drop(unsafe { Arc::from_raw(queued) });
        }
    }

    /// If the task is scheduled, runs it now; waits until it is done.
    pub fn finish(&self) {
        // SAFETY: The work was initialised, and is alive as long as this reference;
        // `DelayedWork` is transparent. May sleep.
        unsafe { bindings::flush_delayed_work((&raw const self.delayed.work).cast_mut().cast()) };
    }
}

impl<T: Task> Drop for Background<T> {
    fn drop(&mut self) {
        // Nobody can start it any more.
        self.finish();
    }
}
