// SPDX-License-Identifier: GPL-2.0-only

//! The cached contents of a directory.

use crate::logic::{fallthru::Fallthrus, view::View};
use kernel::sync::Arc;

/// The cache entry of a directory.
pub struct CachedDir {
    /// The fallthru set.
    pub set: Arc<Fallthrus>,
    /// The view with the upper directory, as long as that is unchanged.
    pub view: Option<Arc<View>>,
    /// The source of the set.
    pub source: Source,
}

/// The source of a set.
#[derive(Clone, Copy)]
pub struct Source {
    /// Change cookie: differs when a lower directory has changed.
    pub cookie: u64,
    /// Whether all entries could be looked up. If not, the next listing reads it again.
    pub trust: Trust,
}

/// Whether the types of all entries are certain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// They are.
    Full,
    /// An object could not be looked up, and is listed as its layer lists it; lookup will report
    /// the error. Next time it may be a whiteout.
    Doubtful,
}

impl CachedDir {
    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        let view = self.view.as_ref().map_or(0, |view| view.memory());
        self.set.memory().saturating_add(view)
    }
}
