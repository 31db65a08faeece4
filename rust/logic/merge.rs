// SPDX-License-Identifier: GPL-2.0-only

//! Merging the lower parts of a directory: of each name the first mention, going down the layers.
//!
//! A [`Merge`] is fed with the entries of each lower layer of a union stack, topmost layer first,
//! and finished into a set of [`Fallthrus`]. The first mention of a name decides: a whiteout hides
//! the name in all layers beneath, any other entry stands for them.
//!
//! A character device may be a whiteout. Only a lookup of the object can tell, and lookups are not
//! possible while the layer is being read. Such an entry is fed as [`Seen::MaybeWhiteout`], and
//! settled between this layer and the next:
//!
//! ```text
//! for layer in topmost ..= bottom {
//!     read the layer, calling merge.add(...) for every entry but "." and "..";
//!     let mut from = 0;
//!     while let Some((index, name)) = merge.next_candidate(from) {
//!         let seen = look(layer, name);
//!         merge.settle(index, seen);
//!         from = index + 1;
//!     }
//! }
//! let set = merge.finish()?;
//! ```

use super::alloc::{AllocError, Vec};
pub use super::fallthru::Seen;
use super::fallthru::{name_of, Fallthrus, NameSlot, NameTable};
use super::hash;
use super::mode::Kind;

/// A merge going on.
pub struct Merge {
    names: Vec<u8>,
    slots: Vec<NameSlot>,
    table: NameTable,
    /// Further mentions of the names of directories: index of the slot, and layer.
    deeper: Vec<(u32, u32)>,
    key: u64,
    /// How many slots are unsettled; they all belong to the layer fed last.
    candidates: usize,
}

impl Merge {
    /// An empty merge; `key` should be a random number, so that no one can choose names that
    /// collide.
    pub const fn with_key(key: u64) -> Self {
        Merge {
            names: Vec::new(),
            slots: Vec::new(),
            table: NameTable::new(),
            deeper: Vec::new(),
            key,
            candidates: 0,
        }
    }

    /// Takes in one entry of `layer` (0 is the topmost); layers must come in order.
    ///
    /// `ino` and `dt` are returned with the set. Of a name that is already mentioned only the layer
    /// is recorded, and only if it is the name of a directory. On failure the merge is unchanged;
    /// the caller may continue or give up.
    pub fn add(
        &mut self,
        layer: u32,
        name: &[u8],
        ino: u64,
        dt: u8,
        seen: Seen,
    ) -> Result<(), AllocError> {
        let hash = hash::name(self.key, name).low();
        if let Some(at) = self.table.find(&self.slots, &self.names, hash, name) {
            return self.mention(at, layer, ino, dt, seen);
        }
        // The limits of the compact slot are reached only with gigabytes of names.
        let start = u32::try_from(self.names.len()).map_err(|_| AllocError)?;
        let len = u16::try_from(name.len()).map_err(|_| AllocError)?;
        let index = u32::try_from(self.slots.len()).map_err(|_| AllocError)?;

        // Reserve all memory first: from here on nothing fails.
        self.names.reserve(name.len())?;
        self.slots.reserve(1)?;
        self.table.reserve(&self.slots)?;

        self.names.extend_from_slice(name)?;
        self.slots.push(NameSlot {
            ino,
            start,
            hash,
            layer,
            len,
            dt,
            seen,
        })?;
        self.table.insert(hash, index);
        self.count_candidate(seen);
        Ok(())
    }

    /// Takes in a further mention of the name at `at`.
    fn mention(
        &mut self,
        at: usize,
        layer: u32,
        ino: u64,
        dt: u8,
        seen: Seen,
    ) -> Result<(), AllocError> {
        const DT_DIR: u8 = Kind::Directory.to_dt();
        let Some(slot) = self.slots.get_mut(at) else {
            return Ok(());
        };
        if slot.seen == Seen::Absent {
            (slot.layer, slot.ino, slot.dt, slot.seen) = (layer, ino, dt, seen);
            self.count_candidate(seen);
        } else if slot.dt == DT_DIR && slot.layer != layer {
            let slot = u32::try_from(at).map_err(|_| AllocError)?;
            self.deeper.push((slot, layer))?;
        }
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
    pub fn finish(self) -> Result<Fallthrus, AllocError> {
        let Merge {
            names,
            mut slots,
            table,
            deeper: mentions,
            key,
            ..
        } = self;
        let mentions = by_slot(mentions, slots.len())?;
        let mut deeper = Vec::new();
        deeper.reserve(mentions.len())?;
        let mut further = mentions.iter().peekable();
        // What is shown moves to the front, in order; the rest gathers behind it.
        let mut shown = 0usize;
        for at in 0..slots.len() {
            let seen = slots.get(at).map(|slot| slot.seen);
            let is_shown = !matches!(seen, Some(Seen::Whiteout | Seen::Absent));
            let new = u32::try_from(shown).map_err(|_| AllocError)?;
            while let Some(&(_, layer)) = further.next_if(|&&(slot, _)| slot as usize == at) {
                if is_shown && deeper.last() != Some(&(new, layer)) {
                    deeper.push((new, layer))?;
                }
            }
            if is_shown {
                if shown != at {
                    slots.swap(shown, at);
                }
                shown = shown.saturating_add(1);
            }
        }
        // The table is right if nothing has moved.
        let table = (shown == slots.len()).then_some(table);
        slots.truncate(shown);
        Fallthrus::new(names, slots, table, deeper, key)
    }
}

/// Brings mentions, which came layer by layer, into the order of their slots.
fn by_slot(mentions: Vec<(u32, u32)>, slots: usize) -> Result<Vec<(u32, u32)>, AllocError> {
    if mentions.is_empty() {
        return Ok(mentions);
    }
    // How many mentions come before those of each slot, and then before the next of it.
    let mut before = Vec::new();
    before.resize(slots, 0usize)?;
    for &(slot, _) in mentions.iter() {
        if let Some(count) = before.get_mut(slot as usize) {
            *count = count.saturating_add(1);
        }
    }
    let mut sum = 0usize;
    for count in before.iter_mut() {
        sum = sum.saturating_add(core::mem::replace(count, sum));
    }
    let mut sorted = Vec::new();
    sorted.resize(mentions.len(), (0, 0))?;
    for &mention in mentions.iter() {
        let Some(at) = before.get_mut(mention.0 as usize) else {
            continue;
        };
        if let Some(place) = sorted.get_mut(*at) {
            *place = mention;
        }
        *at = at.saturating_add(1);
    }
    Ok(sorted)
}
