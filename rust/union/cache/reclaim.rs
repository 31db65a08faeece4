// SPDX-License-Identifier: GPL-2.0-only

//! The registry of cached directories, and reclaim under memory pressure.
//!
//! The directories form a ring with a cursor, which frees the first one that was not used since its
//! last pass (the CLOCK algorithm of page replacement). No lock here is ever held over an
//! allocation, so the cursor may move whenever the kernel reclaims memory.

use crate::union::cache::cached::CachedDir;
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
    clock: Mutex<Clock>,
    /// Bytes of all cached directories.
    bytes: Atomic<usize>,
    /// Number of sets that were read from layers.
    pub merged: Atomic<u64>,
}

#[derive(Default)]
struct Clock {
    entries: KVVec<Arc<CacheEntry>>,
    hand: usize,
}

/// The cache of one directory.
#[pin_data]
pub struct CacheEntry {
    registry: Arc<Registry>,
    #[pin]
    known: Mutex<Content>,
    /// Its place in the CLOCK list; protected by that list's lock.
    place: Atomic<usize>,
    /// Whether it was used since the cursor's last pass.
    used: Atomic<bool>,
}

#[derive(Default)]
struct Content {
    known: Option<CachedDir>,
    /// Bytes charged to the registry.
    bytes: usize,
}

impl Registry {
    /// Without directories.
    pub fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                clock <- new_mutex!(Clock::default(), "union_dir_cache"),
                bytes: Atomic::new(0),
                merged: Atomic::new(0),
            }? Error),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Bytes of cached directories.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// Number of directories that are or were cached.
    pub fn directories(&self) -> usize {
        self.clock.lock().entries.len()
    }

    /// Frees up to `bytes` bytes, or a little more; returns how many. Does not wait.
    pub fn reclaim(&self, bytes: usize) -> usize {
        let Some(mut clock) = self.clock.try_lock() else {
            return 0;
        };
        let mut freed = 0usize;
        // In the first pass all may turn out to have been used.
        for _ in 0..clock.entries.len().saturating_mul(2) {
            if freed >= bytes {
                break;
            }
            let at = clock.hand;
            clock.hand = at.saturating_add(1);
            let Some(entry) = clock.entries.get(at) else {
                clock.hand = 0;
                continue;
            };
            if entry.used.load(Relaxed) {
                entry.used.store(false, Relaxed);
            } else if let Some(mut content) = entry.known.try_lock() {
                freed = freed.saturating_add(content.bytes);
                drop(entry.replace(&mut content, None));
            }
        }
        freed
    }

    fn add(&self, entry: &Arc<CacheEntry>) -> Result {
        let mut clock = self.clock.lock();
        while let Err(_full) = clock.entries.push_within_capacity(entry.clone()) {
            let room = clock.entries.len().saturating_mul(2).max(8);
            drop(clock);
            // With nothing locked.
            let larger = KVVec::with_capacity(room, GFP_KERNEL_ACCOUNT)?;
            clock = self.clock.lock();
            if larger.capacity() > clock.entries.capacity() {
                let mut smaller = core::mem::replace(&mut clock.entries, larger);
                // Backwards and back: what is popped last stands first.
                smaller.reverse();
                while let Some(entry) = smaller.pop() {
                    // There is room for all.
                    let _ = clock.entries.push_within_capacity(entry);
                }
            }
        }
        let place = clock.entries.len().saturating_sub(1);
        entry.place.store(place, Relaxed);
        Ok(())
    }

    fn remove(&self, entry: &CacheEntry) {
        let mut clock = self.clock.lock();
        let place = entry.place.load(Relaxed);
        let last = clock.entries.len().saturating_sub(1);
        if place > last {
            return;
        }
        clock.entries.swap(place, last);
        if let Some(moved) = clock.entries.get(place) {
            moved.place.store(place, Relaxed);
        }
        let gone = clock.entries.pop();
        // Its cache is freed with the list unlocked.
        drop(clock);
        drop(gone);
    }
}

impl CacheEntry {
    /// Calls `f` with the cached value; `f` must neither allocate nor wait.
    pub fn with<R>(&self, look: impl FnOnce(&CachedDir) -> R) -> Option<R> {
        if !self.used.load(Relaxed) {
            self.used.store(true, Relaxed);
        }
        self.known.lock().known.as_ref().map(look)
    }

    /// Changes the cached value, likewise.
    pub fn change<R>(&self, change: impl FnOnce(&mut CachedDir) -> R) -> Option<R> {
        let mut content = self.known.lock();
        let result = change(content.known.as_mut()?);
        self.count(&mut content);
        Some(result)
    }

    /// Replaces the cached value if `wanted`, which is called with the entry locked.
    pub fn put(&self, known: CachedDir, wanted: impl FnOnce() -> bool) {
        let mut content = self.known.lock();
        let before = match wanted() {
            true => self.replace(&mut content, Some(known)),
            false => Some(known),
        };
        drop(content);
        drop(before);
    }

    /// Takes the cached value.
    pub fn take(&self) -> Option<CachedDir> {
        self.replace(&mut self.known.lock(), None)
    }

    fn replace(&self, content: &mut Content, known: Option<CachedDir>) -> Option<CachedDir> {
        let before = core::mem::replace(&mut content.known, known);
        self.count(content);
        before
    }

    fn count(&self, content: &mut Content) {
        let bytes = content.known.as_ref().map_or(0, CachedDir::memory);
        let before = core::mem::replace(&mut content.bytes, bytes);
        let all = &self.registry.bytes;
        all.fetch_add(bytes.wrapping_sub(before), Relaxed);
    }
}

/// A [`CacheEntry`] that is registered until this is dropped.
pub struct Registered(Arc<CacheEntry>);

impl Registered {
    /// A directory that is not cached yet.
    pub fn new(registry: &Arc<Registry>) -> Result<Self> {
        let entry = Arc::pin_init(
            try_pin_init!(CacheEntry {
                registry: registry.clone(),
                known <- new_mutex!(Content::default(), "union_dir_cache_entry"),
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
    type Target = CacheEntry;

    fn deref(&self) -> &CacheEntry {
        &self.0
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        drop(self.0.take());
        self.0.registry.remove(&self.0);
    }
}
