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
    sync::{
        atomic::{Atomic, Relaxed},
        Arc,
    },
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
    /// Runs the work, one run at a time; if it is started meanwhile, it runs again afterwards. Returns after
    /// how many milliseconds it shall run again in any case, unless its owner has [finished](Background::finish)
    /// it.
    fn run(&self) -> Option<Msecs>;
}

#[pin_data]
struct Delayed<T: Task> {
    task: Arc<T>,
    /// Nothing is started by a run any more.
    is_finished: Atomic<bool>,
    #[pin]
    work: DelayedWork<Delayed<T>>,
    queue: Workqueue,
}

impl<T: Task> Delayed<T> {
    fn start(this: &Arc<Self>, delay: Msecs) {
        // It is waiting if it cannot be queued.
        let _ = this
            .queue
            .queue()
            .enqueue_delayed(this.clone(), msecs_to_jiffies(delay));
    }
}

impl_has_delayed_work! {
    impl{T: Task} HasDelayedWork<Delayed<T>> for Delayed<T> { self.work }
}

impl<T: Task> WorkItem for Delayed<T> {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let again = this.task.run();
        if let Some(delay) = again.filter(|_| !this.is_finished.load(Relaxed)) {
            Self::start(&this, delay);
        }
    }
}

/// A task that can wait for a while (`struct delayed_work`), with a queue of its own. Dropped while
/// it waits, it is done at once, and the drop waits for its end: then the queue goes.
pub struct Background<T: Task> {
    /// After the last run nobody else has a reference, so the queue is not destroyed by its own thread.
    delayed: Arc<Delayed<T>>,
}

impl<T: Task> Background<T> {
    /// Not started. `name`: of the queue.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(name: &'static CStr, task: Arc<T>) -> Result<Self> {
        let queue = Workqueue::new(name)?;
        let delayed = Arc::pin_init(
            pin_init!(Delayed {
                task,
                is_finished: Atomic::new(false),
                work <- new_delayed_work!("vfs::work::Background"),
                queue,
            }),
            GFP_KERNEL,
        )?;
        Ok(Self { delayed })
    }

    /// Schedules the task for a kernel thread after this many milliseconds, if it is not scheduled
    /// already.
    pub fn start(&self, delay: Msecs) {
        Delayed::start(&self.delayed, delay);
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
                self.delayed.queue.0.as_ptr().cast(),
                work,
                0,
            )
        };
        if was_waiting {
            // SAFETY: From `into_raw()` above. It was queued already, with a reference of its own.
            drop(unsafe { Arc::from_raw(queued) });
        }
    }

    /// If the task is scheduled, runs it now; waits until it is done. It runs again only when it is started.
    pub fn finish(&self) {
        self.delayed.is_finished.store(true, Relaxed);
        // The first run may have been about to start another one, which starts none.
        for _ in 0..2 {
            // SAFETY: The work was initialised, and is alive as long as this reference;
            // `DelayedWork` is transparent. May sleep.
            unsafe {
                bindings::flush_delayed_work((&raw const self.delayed.work).cast_mut().cast())
            };
        }
    }
}

impl<T: Task> Drop for Background<T> {
    fn drop(&mut self) {
        // Nobody can start it any more.
        self.finish();
    }
}
