// SPDX-License-Identifier: GPL-2.0-only

//! Where an inode keeps what is known of its directory.

use crate::{
    union::listing::{
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
    /// Made when there is something to be kept for the first time.
    entry: SetOnce<Registered>,
    /// Lookups that have found nothing in a lower layer since the set was last there.
    failed_lookups: Atomic<u32>,
    /// Changes when a view in the making is wrong already.
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

    /// What is kept, or was kept before.
    pub fn entry(&self) -> Option<&CacheEntry> {
        self.entry.as_ref().map(|entry| &**entry)
    }

    /// Keeps what is known, if no view was forgotten since the version was this one.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn keep(&self, registry: &Arc<Registry>, known: CachedDir, version: u32) -> Result {
        if self.entry().is_none() {
            once::get_or_put(&self.entry, Registered::new(registry)?);
        }
        let entry = self.entry().ok_or(ENOMEM)?;
        // Fully ordered, as it is where a view is forgotten: that finds the entry, or its new version is seen
        // here.
        entry.put(known, || self.version.fetch_add(0, Full) == version);
        self.forget_failed_lookups();
        Ok(())
    }

    /// Forgets everything.
    pub fn clear(&self) {
        drop(self.entry().map(|entry| entry.take()));
    }

    /// Adds lookups that have found nothing; returns how many there have been.
    pub fn add_failed_lookups(&self, lookups: u32) -> u32 {
        let failed = self.failed_lookups.load(Relaxed).saturating_add(lookups);
        self.failed_lookups.store(failed, Relaxed);
        failed
    }

    /// Begins counting anew.
    pub fn forget_failed_lookups(&self) {
        self.failed_lookups.store(0, Relaxed);
    }

    /// A number that is to be the same when a view that is being made is kept.
    pub fn version(&self) -> u32 {
        self.version.load(Relaxed)
    }

    /// Forgets the view, and with it each one that is being made.
    pub fn clear_view(&self) {
        // Before the view goes: who is making one, and would keep it, sees one of both.
        self.version.fetch_add(1, Full);
        if let Some(entry) = self.entry() {
            drop(entry.change(|known| {
                // With the entry locked: a change that has begun in between, and taken the view, is to drop it.
                self.version.fetch_add(1, Relaxed);
                known.view.take()
            }));
        }
    }
}
