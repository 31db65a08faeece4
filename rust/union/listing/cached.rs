// SPDX-License-Identifier: GPL-2.0-only

//! What is kept in memory of what a directory shows.

use crate::logic::{fallthru::Fallthrus, view::View};
use kernel::sync::Arc;

/// What is kept of a directory.
pub struct CachedDir {
    /// The fallthru set.
    pub set: Arc<Fallthrus>,
    /// What the directory shows with it, as long as the upper directory is what it was.
    pub view: Option<Arc<View>>,
    /// What the set was made of.
    pub source: Source,
}

/// What a set was made of.
#[derive(Clone, Copy)]
pub struct Source {
    /// Another number when a lower directory has changed.
    pub cookie: u64,
    /// Whether all of it could be looked at. If not it is read again by the next listing.
    pub trust: Trust,
}

/// Whether all entries are what they are said to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// They are.
    Full,
    /// An object could not be looked at, and is listed as its layer lists it: lookup will tell what
    /// is wrong with it. Next time it may be a whiteout.
    Doubtful,
}

impl CachedDir {
    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        let view = self.view.as_ref().map_or(0, |view| view.memory());
        self.set.memory().saturating_add(view)
    }
}
