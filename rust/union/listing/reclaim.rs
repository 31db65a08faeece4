// SPDX-License-Identifier: GPL-2.0-only

//! Which directories something is known of, and what goes when memory is short.
//!
//! The directories stand in a row, and a hand goes round them: it lets the memory of the first go
//! that was not used since it last came by (the "clock" of page replacement). No lock here is ever
//! held over an allocation, so the hand may move whenever the kernel looks for memory.

use crate::union::listing::cached::CachedDir;
use core::ops::Deref;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        Arc, Mutex,
    },
};

/// The directories of a union.
#[pin_data]
pub struct Registry {
    #[pin]
    row: Mutex<Row>,
    /// Bytes of what is known, of all directories.
    bytes: Atomic<usize>,
    /// How many sets were read from layers.
    pub merged: Atomic<u64>,
}

#[derive(Default)]
struct Row {
    entries: KVVec<Arc<Entry>>,
    hand: usize,
}

/// What is known of one directory.
#[pin_data]
pub struct Entry {
    registry: Arc<Registry>,
    #[pin]
    known: Mutex<Kept>,
    /// Its place in the row, which is read and written with the row locked.
    place: Atomic<usize>,
    /// Whether it was used since the hand came by.
    used: Atomic<bool>,
}

#[derive(Default)]
struct Kept {
    known: Option<CachedDir>,
    /// What it counts for among the bytes of the registry.
    bytes: usize,
}

impl Registry {
    /// Without directories.
    pub fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                row <- new_mutex!(Row::default(), "union_known"),
                bytes: Atomic::new(0),
                merged: Atomic::new(0),
            }? Error),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Bytes of what is known.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// How many directories something is or was known of.
    pub fn directories(&self) -> usize {
        self.row.lock().entries.len()
    }

    /// Lets go of `bytes` bytes or a little more, if there are so many; returns how many. Does not
    /// wait for anybody.
    pub fn reclaim(&self, bytes: usize) -> usize {
        let Some(mut row) = self.row.try_lock() else {
            return 0;
        };
        let mut freed = 0usize;
        // The first time round all may turn out to have been used.
        for _ in 0..row.entries.len().saturating_mul(2) {
            if freed >= bytes {
                break;
            }
            let at = row.hand;
            row.hand = at.saturating_add(1);
            let Some(entry) = row.entries.get(at) else {
                row.hand = 0;
                continue;
            };
            if entry.used.load(Relaxed) {
                entry.used.store(false, Relaxed);
            } else if let Some(mut kept) = entry.known.try_lock() {
                freed = freed.saturating_add(kept.bytes);
                drop(entry.replace(&mut kept, None));
            }
        }
        freed
    }

    fn add(&self, entry: &Arc<Entry>) -> Result {
        let mut row = self.row.lock();
        while let Err(_full) = row.entries.push_within_capacity(entry.clone()) {
            let room = row.entries.len().saturating_mul(2).max(8);
            drop(row);
            // With nothing locked.
            let larger = KVVec::with_capacity(room, GFP_KERNEL_ACCOUNT)?;
            row = self.row.lock();
            if larger.capacity() > row.entries.capacity() {
                let mut smaller = core::mem::replace(&mut row.entries, larger);
                // Backwards and back: what is popped last stands first.
                smaller.reverse();
                while let Some(entry) = smaller.pop() {
                    // There is room for all.
                    let _ = row.entries.push_within_capacity(entry);
                }
            }
        }
        let place = row.entries.len().saturating_sub(1);
        entry.place.store(place, Relaxed);
        Ok(())
    }

    fn remove(&self, entry: &Entry) {
        let mut row = self.row.lock();
        let place = entry.place.load(Relaxed);
        let last = row.entries.len().saturating_sub(1);
        if place > last {
            return;
        }
        row.entries.swap(place, last);
        if let Some(moved) = row.entries.get(place) {
            moved.place.store(place, Relaxed);
        }
        let gone = row.entries.pop();
        // What it knows goes with the row unlocked.
        drop(row);
        drop(gone);
    }
}

impl Entry {
    /// Looks at what is known. Nothing may be allocated in it, nor waited for.
    pub fn with<R>(&self, look: impl FnOnce(&CachedDir) -> R) -> Option<R> {
        if !self.used.load(Relaxed) {
            self.used.store(true, Relaxed);
        }
        self.known.lock().known.as_ref().map(look)
    }

    /// Changes what is known, likewise.
    pub fn change<R>(&self, change: impl FnOnce(&mut CachedDir) -> R) -> Option<R> {
        let mut kept = self.known.lock();
        let result = change(kept.known.as_mut()?);
        self.count(&mut kept);
        Some(result)
    }

    /// Replaces what is known, if that is `wanted`, which is asked with the entry locked.
    pub fn put(&self, known: CachedDir, wanted: impl FnOnce() -> bool) {
        let mut kept = self.known.lock();
        let before = match wanted() {
            true => self.replace(&mut kept, Some(known)),
            false => Some(known),
        };
        drop(kept);
        drop(before);
    }

    /// Takes what is known.
    pub fn take(&self) -> Option<CachedDir> {
        self.replace(&mut self.known.lock(), None)
    }

    fn replace(&self, kept: &mut Kept, known: Option<CachedDir>) -> Option<CachedDir> {
        let before = core::mem::replace(&mut kept.known, known);
        self.count(kept);
        before
    }

    fn count(&self, kept: &mut Kept) {
        let bytes = kept.known.as_ref().map_or(0, CachedDir::memory);
        let before = core::mem::replace(&mut kept.bytes, bytes);
        let all = &self.registry.bytes;
        all.fetch_add(bytes.wrapping_sub(before), Relaxed);
    }
}

/// An [`Entry`] that stands in the row until this is dropped.
pub struct Registered(Arc<Entry>);

impl Registered {
    /// A directory of which nothing is known yet.
    pub fn new(registry: &Arc<Registry>) -> Result<Self> {
        let entry = Arc::pin_init(
            try_pin_init!(Entry {
                registry: registry.clone(),
                known <- new_mutex!(Kept::default(), "union_known_dir"),
                place: Atomic::new(usize::MAX),
                used: Atomic::new(true),
            }? Error),
            GFP_KERNEL_ACCOUNT,
        )?;
        registry.add(&entry)?;
        Ok(Self(entry))
    }
}

impl Deref for Registered {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.0
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        drop(self.0.take());
        self.0.registry.remove(&self.0);
    }
}
