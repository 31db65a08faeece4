// SPDX-License-Identifier: GPL-2.0-only

//! Where the data of a regular file are, if not in the object that stands for it.
//!
//! overlayfs can copy up the attributes of a file alone (`metacopy=on`). The copy has a mark, and its
//! data stay in a file of a layer beneath. A layer with such copies may later be a lower one, and an
//! image may have nothing but such files, with all data in a data-only layer.

use crate::{logic::value, union::layers::lower::LowerPath, vfs::verity::MAX_DIGEST};
use kernel::{
    prelude::*,
    sync::{
        atomic::{Acquire, Atomic, Release},
        SetOnce,
    },
};

/// What the mark says, as [`value::Metacopy`] but owned.
pub struct Metacopy {
    algorithm: u8,
    digest: [u8; MAX_DIGEST],
    len: usize,
}

impl Metacopy {
    /// Of the decoded attribute.
    pub fn new(stored: value::Metacopy<'_>) -> Self {
        let mut digest = [0; MAX_DIGEST];
        for (to, from) in digest.iter_mut().zip(stored.digest) {
            *to = *from;
        }
        Self {
            algorithm: stored.algorithm,
            digest,
            len: stored.digest.len().min(MAX_DIGEST),
        }
    }

    /// The same, borrowed.
    pub fn value(&self) -> value::Metacopy<'_> {
        value::Metacopy {
            algorithm: self.algorithm,
            digest: self.digest.get(..self.len).unwrap_or(&[]),
        }
    }
}

/// The lower file that has the data.
pub enum Place {
    /// The topmost lower object.
    Topmost,
    /// Another one.
    Lower(LowerPath),
    /// The file at this path in a data-only layer, which is looked up when it is first needed.
    DataOnly(KVVec<u8>, SetOnce<LowerPath>),
}

/// A mark that the object was found with.
pub struct Marked {
    /// Where the data are.
    pub place: Place,
    /// The mark.
    pub metacopy: Metacopy,
    verified: Atomic<bool>,
}

impl Marked {
    /// A mark whose digest has not been compared yet.
    pub fn new(place: Place, metacopy: Metacopy) -> Self {
        Self {
            place,
            metacopy,
            verified: Atomic::new(false),
        }
    }

    /// Whether the data have been found to be those that the mark demands.
    pub fn is_verified(&self) -> bool {
        self.verified.load(Acquire)
    }

    /// Records that they have.
    pub fn set_verified(&self) {
        self.verified.store(true, Release);
    }
}

/// Of an inode: where its data are. Of anything but a regular file it says nothing.
pub struct FileData {
    /// Whether the object in the upper layer, if there is one, has the data.
    in_upper: Atomic<bool>,
    /// The mark, if the object that stood for the inode at first had one that says more than that
    /// the data are in the topmost lower object.
    pub marked: Option<KBox<Marked>>,
}

impl FileData {
    /// Of an object with its data.
    pub fn whole() -> Self {
        Self {
            in_upper: Atomic::new(true),
            marked: None,
        }
    }

    /// Of an object of the upper layer without its data.
    pub fn below(marked: Option<KBox<Marked>>) -> Self {
        Self {
            in_upper: Atomic::new(false),
            marked,
        }
    }

    /// Of an object of a lower layer without its data.
    pub fn apart(marked: KBox<Marked>) -> Self {
        Self {
            in_upper: Atomic::new(true),
            marked: Some(marked),
        }
    }

    /// Whether the object in the upper layer, if there is one, has the data.
    pub fn are_in_upper(&self) -> bool {
        self.in_upper.load(Acquire)
    }

    /// Whether the object that stands for the inode has the data. `is_upper`: it is that in the upper
    /// layer.
    pub fn are_own(&self, is_upper: bool) -> bool {
        match (is_upper, &self.marked) {
            (true, _) => self.are_in_upper(),
            (false, None) => true,
            (false, Some(marked)) => matches!(marked.place, Place::Topmost),
        }
    }

    /// The lower file that has, or had, the data, as far as it is looked up. `lowers`: the lower objects,
    /// topmost first.
    pub fn lower<'a>(&'a self, lowers: &'a [LowerPath]) -> Option<&'a LowerPath> {
        match self.marked.as_ref().map(|marked| &marked.place) {
            Some(Place::Lower(lower)) => Some(lower),
            Some(Place::DataOnly(_, found)) => found.as_ref(),
            Some(Place::Topmost) | None => lowers.first(),
        }
    }

    /// Records that the object in the upper layer, which nobody has found yet, has none. Under the lock
    /// of the node.
    pub fn leave_below(&self) {
        self.in_upper.store(false, Release);
    }

    /// Records that it has all of them. Under the lock of the node.
    pub fn set_in_upper(&self) {
        self.in_upper.store(true, Release);
    }
}
