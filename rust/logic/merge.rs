// SPDX-License-Identifier: GPL-2.0-only

//! The listing of a merged directory: of each name the first mention, going down the layers.
//!
//! A [`Merge`] is fed with the entries of each layer of a union stack, topmost layer first, and
//! finished into a [`Listing`]. The first mention of a name decides: a whiteout hides the name in
//! all layers beneath, any other entry is shown and stands for them.
//!
//! A character device may be a whiteout, which only a look at the object tells, and that look is
//! not possible while the layer is being read. So such an entry is fed as
//! [`Seen::MaybeWhiteout`], and settled between this layer and the next:
//!
//! ```text
//! for layer in top ..= bottom {
//!     read the layer, calling merge.add(...) for every entry but "." and "..";
//!     let mut from = 0;
//!     while let Some((index, name)) = merge.next_candidate(from) {
//!         let seen = look(layer, name);
//!         merge.settle(index, seen);
//!         from = index + 1;
//!     }
//! }
//! let listing = merge.finish();
//! ```
//!
//! Memory is three flat arrays (names, entries, hash table), so a million names cost about forty
//! megabytes and no more than a few dozen allocations, and are freed at once.

use super::alloc::{AllocError, Vec};
use super::hash;

/// How the layer mentions the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// An object that is no whiteout.
    Name,
    /// A whiteout.
    Whiteout,
    /// A character device that may be a whiteout; to be settled before the next layer is fed.
    MaybeWhiteout,
    /// Nothing, as a look at the object tells: it is gone since, or never was there. An overlayfs
    /// without a top lists its whiteouts.
    Absent,
}

/// One name, with its first mention.
#[derive(Clone)]
struct Slot {
    ino: u64,
    /// Where the name starts among all names.
    start: u32,
    /// Of the name, so that growing the table reads no names.
    hash: u32,
    layer: u32,
    len: u16,
    dt: u8,
    seen: Seen,
}

/// No entry, in the hash table.
const FREE: u32 = u32::MAX;
/// Size of the first hash table; a power of two, as all its successors.
const SMALLEST_TABLE: usize = 64;

/// A merge going on.
pub struct Merge {
    names: Vec<u8>,
    slots: Vec<Slot>,
    /// Open addressing with linear probing; at most three quarters full.
    table: Vec<u32>,
    key: u64,
    /// How many slots are unsettled; they all belong to the layer fed last.
    candidates: usize,
}

impl Merge {
    /// An empty merge whose hash table is not protected against chosen names.
    pub const fn new() -> Self {
        Self::with_key(0)
    }

    /// An empty merge; `key` should be a random number, so that no one can choose names that
    /// collide.
    pub const fn with_key(key: u64) -> Self {
        Merge {
            names: Vec::new(),
            slots: Vec::new(),
            table: Vec::new(),
            key,
            candidates: 0,
        }
    }

    /// Takes in one entry of `layer` (0 is the topmost); layers must come in order.
    ///
    /// `ino` and `dt` are handed back with the listing. A name that is already mentioned, be it by
    /// the same layer, changes nothing. On failure the merge is as it was before; the caller may go
    /// on or give up.
    pub fn add(
        &mut self,
        layer: u32,
        name: &[u8],
        ino: u64,
        dt: u8,
        seen: Seen,
    ) -> Result<(), AllocError> {
        let hash = hash::name(self.key, name);
        if let Some(index) = self.find(hash, name) {
            let Some(slot) = self.slots.get_mut(index) else {
                return Ok(());
            };
            if slot.seen == Seen::Absent {
                (slot.layer, slot.ino, slot.dt, slot.seen) = (layer, ino, dt, seen);
                self.count_candidate(seen);
            }
            return Ok(());
        }
        // What the compact slot cannot express does not occur below a few gigabytes of names.
        let start = u32::try_from(self.names.len()).map_err(|_| AllocError)?;
        let len = u16::try_from(name.len()).map_err(|_| AllocError)?;
        let index = u32::try_from(self.slots.len()).map_err(|_| AllocError)?;

        // All room first: from here on nothing fails half way.
        self.names.reserve(name.len())?;
        self.slots.reserve(1)?;
        self.reserve_in_table()?;

        self.names.extend_from_slice(name)?;
        self.slots.push(Slot {
            ino,
            start,
            hash,
            layer,
            len,
            dt,
            seen,
        })?;
        insert(&mut self.table, hash, index);
        self.count_candidate(seen);
        Ok(())
    }

    fn count_candidate(&mut self, seen: Seen) {
        if seen == Seen::MaybeWhiteout {
            self.candidates = self.candidates.saturating_add(1);
        }
    }

    /// The next entry, from index `from` on, of which it is still open whether it is a whiteout.
    pub fn next_candidate(&self, from: usize) -> Option<(usize, &[u8])> {
        if self.candidates == 0 {
            return None;
        }
        let rest = self.slots.get(from..)?;
        let (ahead, slot) = rest
            .iter()
            .enumerate()
            .find(|(_, slot)| slot.seen == Seen::MaybeWhiteout)?;
        Some((from.checked_add(ahead)?, name_of(&self.names, slot)))
    }

    /// Settles entry `index` as what a look at it has shown.
    pub fn settle(&mut self, index: usize, seen: Seen) {
        if let Some(slot) = self.slots.get_mut(index) {
            if slot.seen == Seen::MaybeWhiteout {
                self.candidates = self.candidates.saturating_sub(1);
                slot.seen = seen;
            }
        }
    }

    /// Ends the merge. Entries left unsettled are taken for objects.
    pub fn finish(mut self) -> Listing {
        // Moves what is shown to the front, in order; the rest gathers behind it. By swaps,
        // because an array of its own could fail.
        let mut shown = 0usize;
        for i in 0..self.slots.len() {
            let seen = self.slots.get(i).map(|slot| slot.seen);
            if !matches!(seen, Some(Seen::Whiteout | Seen::Absent)) {
                self.slots.swap(shown, i);
                shown = shown.saturating_add(1);
            }
        }
        Listing {
            names: self.names,
            slots: self.slots,
            shown,
        }
    }

    /// The index of the slot of a name.
    fn find(&self, hash: u32, name: &[u8]) -> Option<usize> {
        probe(&self.table, hash)
            .map_while(|at| self.table.get(at).copied())
            .take_while(|&index| index != FREE)
            .map(|index| index as usize)
            .find(|&index| {
                self.slots
                    .get(index)
                    .is_some_and(|slot| slot.hash == hash && name_of(&self.names, slot) == name)
            })
    }

    fn reserve_in_table(&mut self) -> Result<(), AllocError> {
        let need = self.slots.len().saturating_add(1);
        if need <= self.table.len() / 4 * 3 {
            return Ok(());
        }
        let size = self.table.len().checked_mul(2).ok_or(AllocError)?;
        let mut larger = Vec::new();
        larger.resize(size.max(SMALLEST_TABLE), FREE)?;
        for (index, slot) in (0u32..).zip(self.slots.iter()) {
            insert(&mut larger, slot.hash, index);
        }
        self.table = larger;
        Ok(())
    }
}

impl Default for Merge {
    fn default() -> Self {
        Self::new()
    }
}

/// The places of the table where an entry of this hash may be, in the order to try them.
fn probe(table: &[u32], hash: u32) -> impl Iterator<Item = usize> {
    let mask = table.len().wrapping_sub(1);
    (0..table.len()).map(move |step| (hash as usize).wrapping_add(step) & mask)
}

/// Enters `index` at the first free place.
fn insert(table: &mut [u32], hash: u32, index: u32) {
    let free = probe(table, hash).find(|&at| table.get(at) == Some(&FREE));
    if let Some(place) = free.and_then(|at| table.get_mut(at)) {
        *place = index;
    }
}

fn name_of<'a>(names: &'a [u8], slot: &Slot) -> &'a [u8] {
    let start = slot.start as usize;
    let end = start.saturating_add(usize::from(slot.len));
    names.get(start..end).unwrap_or_default()
}

/// What the merged directory shows, in a fixed order: entries of upper layers first, and each
/// layer's in the order in which it was read.
pub struct Listing {
    names: Vec<u8>,
    /// First those that are shown, then the whiteouts.
    slots: Vec<Slot>,
    shown: usize,
}

/// One entry of a [`Listing`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListingEntry<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The inode number, as it was fed.
    pub ino: u64,
    /// The `DT_` type, as it was fed.
    pub dt: u8,
    /// The topmost layer that has the name: the one it was fed from.
    pub layer: u32,
}

impl Listing {
    /// Number of names shown; `.` and `..` are not among them.
    pub const fn len(&self) -> usize {
        self.shown
    }

    /// Whether no name is shown: the emptiness that allows rmdir, whatever whiteouts there are.
    pub const fn is_empty(&self) -> bool {
        self.shown == 0
    }

    /// The entry at `index`.
    pub fn get(&self, index: usize) -> Option<ListingEntry<'_>> {
        if index >= self.shown {
            return None;
        }
        self.slots.get(index).map(|slot| self.entry(slot))
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = ListingEntry<'_>> {
        self.slots
            .iter()
            .take(self.shown)
            .map(|slot| self.entry(slot))
    }

    /// The names of whiteouts, each with its layer, in no order. Those of the top layer (0) must
    /// be removed before the top directory itself can be.
    pub fn whiteouts(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.slots
            .iter()
            .skip(self.shown)
            .map(|slot| (name_of(&self.names, slot), slot.layer))
    }

    fn entry(&self, slot: &Slot) -> ListingEntry<'_> {
        ListingEntry {
            name: name_of(&self.names, slot),
            ino: slot.ino,
            dt: slot.dt,
            layer: slot.layer,
        }
    }
}
