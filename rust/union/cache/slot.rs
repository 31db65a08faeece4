// SPDX-License-Identifier: GPL-2.0-only

//! The slot in an inode for the cache of its directory.

use crate::{
    union::cache::{
        cached::CachedDir,
        reclaim::{CacheEntry, Registered, Registry},
    },
    vfs::once,
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{Atomic, Full, Relaxed},
        Arc, SetOnce,
    },
};

/// The place for it: empty until a directory is read.
pub struct DirSlot {
    /// Created at first use.
    entry: SetOnce<Registered>,
    /// Failed lookups in lower layers since the set was last cached.
    failed_lookups: Atomic<u32>,
    /// Changes when a view that is being made is already wrong.
    version: Atomic<u32>,
}

impl Default for DirSlot {
    fn default() -> Self {
        Self::new()
    }
}

impl DirSlot {
    /// An empty one.
    pub const fn new() -> Self {
        Self {
            entry: SetOnce::new(),
            failed_lookups: Atomic::new(0),
            version: Atomic::new(0),
        }
    }

    /// The entry, which may be empty.
    pub fn entry(&self) -> Option<&CacheEntry> {
        self.entry.as_ref().map(|entry| &**entry)
    }

    /// Caches the value, if no view was dropped since this version.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn keep(&self, registry: &Arc<Registry>, known: CachedDir, version: u32) -> Result {
        if self.entry().is_none() {
            once::get_or_put(&self.entry, Registered::new(registry)?);
        }
        let entry = self.entry().ok_or(ENOMEM)?;
        // Fully ordered, like dropping a view: either that finds the entry, or this sees its new
        // version.
        entry.put(known, || self.version.fetch_add(0, Full) == version);
        self.forget_failed_lookups();
        Ok(())
    }

    /// Forgets everything.
    pub fn clear(&self) {
        drop(self.entry().map(|entry| entry.take()));
    }

    /// Adds failed lookups; returns their sum.
    pub fn add_failed_lookups(&self, lookups: u32) -> u32 {
        let failed = self.failed_lookups.load(Relaxed).saturating_add(lookups);
        self.failed_lookups.store(failed, Relaxed);
        failed
    }

    /// Resets the count.
    pub fn forget_failed_lookups(&self) {
        self.failed_lookups.store(0, Relaxed);
    }

    /// The version, which must be unchanged when a new view is cached.
    pub fn version(&self) -> u32 {
        self.version.load(Relaxed)
    }

    /// Drops the view, and invalidates each one that is being made.
    pub fn clear_view(&self) {
        // Before the view is dropped: a task that makes one sees either of the two.
        self.version.fetch_add(1, Full);
        if let Some(entry) = self.entry() {
            drop(entry.change(|known| {
                // With the entry locked: a change that has begun meanwhile and taken the view must
                // drop it.
                self.version.fetch_add(1, Relaxed);
                known.view.take()
            }));
        }
    }
}
