// SPDX-License-Identifier: GPL-2.0-only

//! The fallthru set of a directory: the names that its lower layers contribute.
//!
//! A *fallthru* says of a name that it is to be looked for in a lower layer (union mounts, 2010).
//! The set is what is left of all lower parts of a directory when each name is taken from the
//! topmost layer that has it, and whiteouts and what they hide are gone. It is made once
//! ([`super::merge`]), never changes, and knows nothing of the upper layer: what that holds, adds and
//! hides is a [`super::view`].
//!
//! Memory is four flat arrays (names, entries, hash table, further layers of directories), so a
//! million names cost about forty megabytes and no more than a few dozen allocations, and are freed
//! at once.

use super::alloc::{AllocError, Vec};
use super::hash::{self, NameHash};

/// How the layer mentions the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// An object that is no whiteout.
    Name,
    /// A whiteout.
    Whiteout,
    /// A character device that may be a whiteout; to be settled before the next layer is fed.
    MaybeWhiteout,
    /// Nothing, as the lookup shows: it was removed since, or never existed. An overlayfs without
    /// an upper layer lists its whiteouts.
    Absent,
}

/// One name, with its first mention.
#[derive(Clone)]
pub(super) struct NameSlot {
    pub(super) ino: u64,
    /// Where the name starts among all names.
    pub(super) start: u32,
    /// Of the name, so that growing the table reads no names.
    pub(super) hash: u32,
    pub(super) layer: u32,
    pub(super) len: u16,
    pub(super) dt: u8,
    /// Matters while the set is being made.
    pub(super) seen: Seen,
}

/// No entry, in the hash table.
const FREE: u32 = u32::MAX;
/// Size of the first hash table; a power of two, as all its successors.
const SMALLEST_TABLE: usize = 64;

/// Slots by name: open addressing with linear probing; at most three quarters full.
pub(super) struct NameTable(Vec<u32>);

impl NameTable {
    pub(super) const fn new() -> Self {
        NameTable(Vec::new())
    }

    /// The index of the slot of a name.
    pub(super) fn find(
        &self,
        slots: &[NameSlot],
        names: &[u8],
        hash: u32,
        name: &[u8],
    ) -> Option<usize> {
        probe(&self.0, hash)
            .map_while(|at| self.0.get(at).copied())
            .take_while(|&index| index != FREE)
            .map(|index| index as usize)
            .find(|&index| {
                slots
                    .get(index)
                    .is_some_and(|slot| slot.hash == hash && name_of(names, slot) == name)
            })
    }

    /// Makes room for one slot more.
    pub(super) fn reserve(&mut self, slots: &[NameSlot]) -> Result<(), AllocError> {
        if slots.len() < self.0.len() / 4 * 3 {
            return Ok(());
        }
        let size = self.0.len().checked_mul(2).ok_or(AllocError)?;
        self.0 = Self::of_size(size.max(SMALLEST_TABLE), slots)?;
        Ok(())
    }

    /// A table of these slots, as small as it can be.
    fn of(slots: &[NameSlot]) -> Result<Self, AllocError> {
        let least = slots.len().checked_mul(4).ok_or(AllocError)? / 3;
        let size = least
            .checked_add(1)
            .and_then(usize::checked_next_power_of_two);
        Ok(NameTable(Self::of_size(size.ok_or(AllocError)?, slots)?))
    }

    fn of_size(size: usize, slots: &[NameSlot]) -> Result<Vec<u32>, AllocError> {
        let mut table = Vec::new();
        table.resize(size, FREE)?;
        for (index, slot) in (0u32..).zip(slots.iter()) {
            insert(&mut table, slot.hash, index);
        }
        Ok(table)
    }

    /// Enters a slot, for which there is room.
    pub(super) fn insert(&mut self, hash: u32, index: u32) {
        insert(&mut self.0, hash, index);
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

pub(super) fn name_of<'a>(names: &'a [u8], slot: &NameSlot) -> &'a [u8] {
    let start = slot.start as usize;
    let end = start.saturating_add(usize::from(slot.len));
    names.get(start..end).unwrap_or_default()
}

/// The set.
pub struct Fallthrus {
    names: Vec<u8>,
    /// Names of upper layers first, and each layer's in the order in which it was read.
    slots: Vec<NameSlot>,
    table: NameTable,
    /// Further layers that have something under the name of a directory, which they may be parts
    /// of: index of its slot, and layer; sorted.
    deeper: Vec<(u32, u32)>,
    key: u64,
}

/// A name that a lower layer contributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fallthru<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The inode number, as it was fed.
    pub ino: u64,
    /// The `DT_` type, as it was fed.
    pub dt: u8,
    /// The topmost lower layer that has the name.
    pub layer: u32,
}

impl Fallthrus {
    /// A set of slots that are all different; takes the arrays over. `table` is that of the slots, if
    /// there is one.
    pub(super) fn new(
        names: Vec<u8>,
        slots: Vec<NameSlot>,
        table: Option<NameTable>,
        deeper: Vec<(u32, u32)>,
        key: u64,
    ) -> Result<Self, AllocError> {
        let table = match table {
            Some(table) => table,
            None => NameTable::of(&slots)?,
        };
        Ok(Fallthrus {
            names,
            slots,
            table,
            deeper,
            key,
        })
    }

    /// The set of a directory without lower parts.
    pub const fn empty(key: u64) -> Self {
        Fallthrus {
            names: Vec::new(),
            slots: Vec::new(),
            table: NameTable::new(),
            deeper: Vec::new(),
            key,
        }
    }

    /// The key under which names are hashed.
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// Number of names.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The name at `index`; the index of a name is its own for as long as the layers stay what they
    /// are.
    pub fn get(&self, index: usize) -> Option<Fallthru<'_>> {
        self.slots.get(index).map(|slot| Fallthru {
            name: name_of(&self.names, slot),
            ino: slot.ino,
            dt: slot.dt,
            layer: slot.layer,
        })
    }

    /// All names, in order.
    pub fn iter(&self) -> impl Iterator<Item = Fallthru<'_>> {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// The index of a name.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        self.find_hashed(hash::name(self.key, name), name)
    }

    /// As [`find`](Self::find), of a name of which the hash under the set's key is known.
    pub fn find_hashed(&self, hash: NameHash, name: &[u8]) -> Option<usize> {
        self.table.find(&self.slots, &self.names, hash.low(), name)
    }

    /// The layers that have something under the name at `index`, topmost first: of a leaf the one it
    /// is in, of a directory all that may be parts of it or end it.
    pub fn layers(&self, index: usize) -> impl Iterator<Item = u32> + '_ {
        let first = self.slots.get(index).map(|slot| slot.layer);
        let from = self
            .deeper
            .partition_point(|&(slot, _)| (slot as usize) < index);
        let deeper = self.deeper.get(from..).unwrap_or_default();
        first.into_iter().chain(
            deeper
                .iter()
                .take_while(move |&&(slot, _)| slot as usize == index)
                .map(|&(_, layer)| layer),
        )
    }

    /// The further layers of directories (see the field).
    pub(super) fn deeper(&self) -> &[(u32, u32)] {
        &self.deeper
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.names.len()
            + size_of_val::<[_]>(&self.slots)
            + size_of_val::<[_]>(&self.table.0)
            + size_of_val::<[_]>(&self.deeper)
    }
}
/// Minimum cost of reading one lower directory, in failed lookups: it is opened, and its first
/// block read.
const READ_COST: u64 = 4;

/// Bytes of a directory that cost as much to read as one failed lookup: about ten entries.
const READ_COST_BYTES: u64 = 256;

/// Minimum cost of reading a directory with this many lower parts, in failed lookups, independent
/// of their size.
pub const fn least_read_cost(parts: u64) -> u64 {
    parts.saturating_mul(READ_COST)
}

/// The same for parts of this many bytes. Once more lookups have failed, reading would have been
/// cheaper.
pub const fn read_cost(parts: u64, bytes: u64) -> u64 {
    least_read_cost(parts).saturating_add(bytes / READ_COST_BYTES)
}
