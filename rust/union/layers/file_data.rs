// SPDX-License-Identifier: GPL-2.0-only

//! Where the data of a regular file are, if not in the object that stands for it.
//!
//! overlayfs can copy up the attributes of a file alone (`metacopy=on`). The copy has a mark, and its
//! data stay in a file of a layer beneath. A layer with such copies may later be a lower one, and an
//! image may have nothing but such files, with all data in a data-only layer.
//!
//! Of a large file that was written to, some data are in the upper layer and some are not: it is
//! [partial](crate::logic::partial).

use crate::{
    logic::{partial::Mark, value},
    union::layers::{lower::LowerPath, part::Part},
    vfs::{once, verity::MAX_DIGEST},
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{Acquire, Atomic, Release},
        SetOnce,
    },
};

/// What the mark says, as [`value::Metacopy`] but owned.
pub struct Metacopy {
    /// Whether all data are elsewhere.
    pub mark: Mark,
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
            mark: Mark::Lower,
            algorithm: stored.algorithm,
            digest,
            len: stored.digest.len().min(MAX_DIGEST),
        }
    }

    /// Of a partial file.
    pub fn partial() -> Self {
        Self {
            mark: Mark::Partial,
            algorithm: 0,
            digest: [0; MAX_DIGEST],
            len: 0,
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

/// How much of the data the object in the upper layer has, if there is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum InUpper {
    /// All of them.
    All,
    /// None.
    Nothing,
    /// Some: the file is partial.
    Some,
}

/// Of an inode: where its data are. Of anything but a regular file it says nothing.
pub struct FileData {
    /// An [`InUpper`].
    in_upper: Atomic<u32>,
    /// Of a partial file, once it was needed: which data are where.
    part: SetOnce<Pin<KBox<Part>>>,
    /// The mark, if the object that stood for the inode at first had one that says more than that
    /// the data are in the topmost lower object.
    pub marked: Option<KBox<Marked>>,
}

impl FileData {
    /// Of an object with its data.
    pub fn whole() -> Self {
        Self::new(InUpper::All, None)
    }

    /// Of an object of the upper layer that has this mark.
    pub fn below(mark: Mark, marked: Option<KBox<Marked>>) -> Self {
        match mark {
            Mark::Lower => Self::new(InUpper::Nothing, marked),
            Mark::Partial => Self::new(InUpper::Some, marked),
        }
    }

    /// Of an object of a lower layer without its data.
    pub fn apart(marked: KBox<Marked>) -> Self {
        Self::new(InUpper::All, Some(marked))
    }

    fn new(in_upper: InUpper, marked: Option<KBox<Marked>>) -> Self {
        Self {
            in_upper: Atomic::new(in_upper as u32),
            part: SetOnce::new(),
            marked,
        }
    }

    /// How much of the data the object in the upper layer has, if there is one.
    pub fn in_upper(&self) -> InUpper {
        match self.in_upper.load(Acquire) {
            0 => InUpper::All,
            1 => InUpper::Nothing,
            _ => InUpper::Some,
        }
    }

    /// Whether the object in the upper layer, if there is one, has all of the data.
    pub fn are_in_upper(&self) -> bool {
        self.in_upper() == InUpper::All
    }

    /// What is known of the file, if it is partial and that was read, or was partial.
    pub fn part(&self) -> Option<&Part> {
        self.part.as_ref().map(|part| &**part)
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

    /// Whether the size of the file is that of the lower file with the data. `is_upper`: as in
    /// [`are_own`](Self::are_own).
    pub fn has_lower_size(&self, is_upper: bool) -> bool {
        match is_upper {
            true => self.in_upper() == InUpper::Nothing,
            false => !self.are_own(false),
        }
    }

    /// Records that the object in the upper layer, which nobody has found yet, has none. Under the lock
    /// of the node.
    pub fn leave_below(&self) {
        self.in_upper.store(InUpper::Nothing as u32, Release);
    }

    /// Records what is known of a file that is partial, or has become so. Under the lock of the node.
    pub fn set_part(&self, part: Pin<KBox<Part>>) -> Option<&Part> {
        let part = once::get_or_put(&self.part, part)?;
        self.in_upper.store(InUpper::Some as u32, Release);
        Some(part)
    }

    /// Records that it has all of them. Under the lock of the node, or that of the partial file.
    pub fn set_in_upper(&self) {
        self.in_upper.store(InUpper::All as u32, Release);
    }
}
