// SPDX-License-Identifier: GPL-2.0-only

//! What is known of a file whose data are partly in the upper layer, and the locks of it.

use crate::{
    logic::partial::Partial,
    vfs::{
        data_errors::SeenDataErrors, inode::Inode, mount::Mount, mutex::KillableMutex,
        write::StaysWritable,
    },
};
use kernel::{
    new_spinlock,
    prelude::*,
    static_lock_class,
    sync::{
        atomic::{Acquire, Atomic, Full, Relaxed},
        Arc, SpinLock,
    },
};

/// The partial files of a union that are in memory.
pub struct Tally {
    files: Atomic<i64>,
    /// One has left the memory as it was, so there may be more.
    has_forgotten: Atomic<bool>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            files: Atomic::new(0),
            has_forgotten: Atomic::new(false),
        }
    }
}

impl Tally {
    /// Whether any is in memory.
    pub fn has_some(&self) -> bool {
        self.files.load(Relaxed) > 0
    }

    /// Whether there are none, of those that were in memory at any time.
    pub fn knows_of_none(&self) -> bool {
        !self.has_some() && !self.has_forgotten.load(Relaxed)
    }
}

/// A partial file: the rules are in [`logic::partial`](crate::logic::partial).
///
/// Of the two mutexes, which are taken within `Node::lock` and outside the locks of the layers, a task
/// has one at a time.
#[pin_data(PinnedDrop)]
pub struct Part {
    /// Held for a few instructions.
    #[pin]
    file: SpinLock<Partial>,
    /// Who changes what the disk says of the file has it.
    #[pin]
    pub committing: KillableMutex,
    /// Who brings granules to the upper file has it.
    #[pin]
    pub filling: KillableMutex,
    /// The errors of writing data of the upper file that the granules have been taken back for.
    pub errors: SeenDataErrors,
    /// Where it is counted.
    tally: Arc<Tally>,
    /// Whether it is.
    is_counted: Atomic<bool>,
    /// Granules have been added since somebody asked.
    has_grown: Atomic<bool>,
    /// Bringing the rest in the background has failed, and nothing was added since.
    is_given_up: Atomic<bool>,
    /// The inode is kept until the disk knows all granules ([`crate::union::layers::unstable`]).
    is_kept: Atomic<bool>,
    /// The calls that change the file.
    changes: Arc<Changes>,
    /// What the disk does not know could not be written down on an upper layer that has become read-only, and
    /// would get lost at the end of the mount.
    #[pin]
    writable: SpinLock<Option<StaysWritable>>,
    /// The file has these capabilities, though its copy has not: who writes must see, and remove, them.
    #[pin]
    capability: SpinLock<Option<Arc<KVVec<u8>>>>,
}

/// Counts calls that change a partial file, and so perhaps its times.
struct Changes {
    /// How many have begun.
    begun: Atomic<u64>,
    /// How many of them have ended.
    ended: Atomic<u64>,
}

/// Says whether others change a partial file: the times that they give it must stay.
#[derive(Clone)]
pub struct Others {
    changes: Arc<Changes>,
    /// Calls that count as none: that of who asks.
    own: u64,
}

impl Others {
    /// A number that is the same later if nobody else has changed the file in between; `None` while somebody does.
    pub fn quiet(&self) -> Option<u64> {
        let ended = self.changes.ended.load(Acquire);
        let begun = self.changes.begun.load(Acquire);
        Some(begun).filter(|begun| begun.wrapping_sub(self.own) == ended)
    }
}

/// A call that changes a partial file.
pub struct Changing<'a>(&'a Part);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.changes.ended.fetch_add(1, Full);
    }
}

impl Part {
    /// Of this upper file.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(
        file: Partial,
        upper: &Inode,
        tally: Arc<Tally>,
    ) -> Result<impl PinInit<Self> + use<'_>> {
        let changes = Changes {
            begun: Atomic::new(0),
            ended: Atomic::new(0),
        };
        let changes = Arc::new(changes, GFP_KERNEL_ACCOUNT)?;
        Ok(pin_init!(Self {
            file <- new_spinlock!(file, "union_part"),
            committing <- KillableMutex::new(c"union_part_committing", static_lock_class!()),
            filling <- KillableMutex::new(c"union_part_filling", static_lock_class!()),
            errors: SeenDataErrors::sample(upper),
            tally,
            is_counted: Atomic::new(false),
            has_grown: Atomic::new(false),
            is_given_up: Atomic::new(false),
            is_kept: Atomic::new(false),
            changes,
            writable <- new_spinlock!(None, "union_part_writable"),
            capability <- new_spinlock!(None, "union_part_capability"),
        }))
    }

    /// Begins a call that changes the file, and so perhaps its times.
    pub fn changing(&self) -> Changing<'_> {
        self.changes.begun.fetch_add(1, Full);
        Changing(self)
    }

    /// The calls that change the file, but for `own` of them.
    pub fn others(&self, own: u64) -> Others {
        Others {
            changes: self.changes.clone(),
            own,
        }
    }

    /// Looks at what is known, or changes it. It must not sleep.
    pub fn with<R>(&self, look: impl FnOnce(&mut Partial) -> R) -> R {
        look(&mut self.file.lock())
    }

    /// Counts it. Before the disk says that it is partial.
    pub fn count(&self) {
        if !self.is_counted.xchg(true, Relaxed) {
            self.tally.files.fetch_add(1, Relaxed);
        }
    }

    /// Counts it no longer: it is whole, or its last name is gone.
    pub fn uncount(&self) -> bool {
        let was_counted = self.is_counted.xchg(false, Relaxed);
        if was_counted {
            self.tally.files.fetch_add(-1, Relaxed);
        }
        was_counted
    }

    /// Granules will be added.
    pub fn grows(&self) {
        self.has_grown.store(true, Relaxed);
        self.is_given_up.store(false, Relaxed);
    }

    /// The rest cannot be brought: what has failed fails again, until somebody writes to the file.
    pub fn give_up(&self) {
        self.is_given_up.store(true, Relaxed);
    }

    /// Whether the rest shall be brought in the background.
    pub fn wants_rest(&self) -> bool {
        !self.is_given_up.load(Relaxed) && self.with(|file| file.is_worth_completing())
    }

    /// Whether any was added since this was asked the last time.
    pub fn has_grown(&self) -> bool {
        self.has_grown.xchg(false, Relaxed)
    }

    /// Keeps the upper layer writable, as there is something to write down, or will be.
    ///
    /// # Errors
    ///
    /// `EROFS`.
    pub fn hold_writable(&self, upper: &Mount) -> Result {
        if self.writable.lock().is_none() {
            let held = StaysWritable::get(upper)?;
            // One that another task has put there meanwhile is dropped without the lock.
            let other = self.writable.lock().replace(held);
            drop(other);
        }
        Ok(())
    }

    /// The disk knows all. Who adds more at the same time has the upper file open for writing meanwhile, and holds
    /// it anew afterwards.
    pub fn release_writable(&self) {
        let held = self.writable.lock().take();
        drop(held);
    }

    /// Remembers the capabilities of the file while writing data that it shows already takes them away.
    pub fn hold_capability(&self, capability: Arc<KVVec<u8>>) {
        let before = self.capability.lock().replace(capability);
        drop(before);
    }

    /// They are back.
    pub fn release_capability(&self) {
        let held = self.capability.lock().take();
        drop(held);
    }

    /// Those that are away.
    pub fn held_capability(&self) -> Option<Arc<KVVec<u8>>> {
        self.capability.lock().clone()
    }

    /// Whether the inode is kept.
    pub fn is_kept(&self) -> bool {
        self.is_kept.load(Relaxed)
    }

    /// Says that the inode is kept. Returns whether it was not.
    pub fn set_kept(&self) -> bool {
        !self.is_kept.xchg(true, Relaxed)
    }

    /// Says that it is not kept any more.
    pub fn set_not_kept(&self) {
        self.is_kept.store(false, Relaxed);
    }
}

#[pinned_drop]
impl PinnedDrop for Part {
    fn drop(self: Pin<&mut Self>) {
        if self.uncount() {
            self.tally.has_forgotten.store(true, Relaxed);
        }
    }
}
