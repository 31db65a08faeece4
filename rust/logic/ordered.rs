// SPDX-License-Identifier: GPL-2.0-only

//! Names with a value each, found by name and walked in the order of their hashes.
//!
//! The order depends only on the names and the key, not on the time of insertion or on other names.
//! A position therefore stays valid while names are added and removed around it.
//!
//! A table of buckets is split by the *upper* bits of the hash, so that going through the buckets is
//! going through the hashes; the few names of a bucket are a sorted chain. Memory is three flat
//! arrays.

use super::alloc::{AllocError, Vec};
use super::hash::NameHash;
use core::cmp::Ordering;

/// No slot.
const NONE: u32 = u32::MAX;
/// The first table has 2 to the power of this many buckets.
const SMALLEST_BITS: u32 = 4;
/// Bytes of removed names below which the array of names is not rewritten.
const TOLERABLE_WASTE: usize = 4096;

#[derive(Clone)]
struct Slot<V> {
    hash: NameHash,
    /// Where the name starts among all names.
    start: u32,
    len: u16,
    /// The next one of the chain, or of the free slots.
    next: u32,
    value: V,
}

/// The names. The hash of a name is given with it, always the same for the same name.
pub struct Ordered<V> {
    names: Vec<u8>,
    slots: Vec<Slot<V>>,
    /// Head of the chain of each bucket: a power of two of them, or none yet.
    buckets: Vec<u32>,
    /// Head of the chain of free slots.
    free: u32,
    len: usize,
    /// Bytes of names that were removed.
    waste: usize,
}

impl<V: Clone> Ordered<V> {
    /// No names.
    pub const fn new() -> Self {
        Ordered {
            names: Vec::new(),
            slots: Vec::new(),
            buckets: Vec::new(),
            free: NONE,
            len: 0,
            waste: 0,
        }
    }

    /// How many names there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.names.len()
            + self.slots.len() * size_of::<Slot<V>>()
            + self.buckets.len() * size_of::<u32>()
    }

    /// The value of a name.
    pub fn get(&self, hash: NameHash, name: &[u8]) -> Option<&V> {
        let (_, at) = self.seek(hash, name);
        let slot = self.slot(at)?;
        self.is(slot, hash, name).then_some(&slot.value)
    }

    /// Gives a name a value, and returns the one it had. On failure nothing has changed.
    pub fn insert(
        &mut self,
        hash: NameHash,
        name: &[u8],
        value: V,
    ) -> Result<Option<V>, AllocError> {
        let (_, at) = self.seek(hash, name);
        if let Some(slot) = self.slots.get_mut(at as usize) {
            if slot.hash == hash && name_of(&self.names, slot) == name {
                return Ok(Some(core::mem::replace(&mut slot.value, value)));
            }
        }
        self.drop_waste();
        // The limits of the compact slot are reached only with gigabytes of names.
        let start = u32::try_from(self.names.len()).map_err(|_| AllocError)?;
        let len = u16::try_from(name.len()).map_err(|_| AllocError)?;

        // Reserve all memory first: from here on nothing fails.
        self.names.reserve(name.len())?;
        if self.free == NONE {
            if self.slots.len() >= NONE as usize {
                return Err(AllocError);
            }
            self.slots.reserve(1)?;
        }
        self.reserve_bucket()?;

        // The table may be another one now.
        let (before, at) = self.seek(hash, name);
        let slot = Slot {
            hash,
            start,
            len,
            next: at,
            value,
        };
        self.names.extend_from_slice(name)?;
        let new = match self.slots.get_mut(self.free as usize) {
            Some(reused) => {
                let index = core::mem::replace(&mut self.free, reused.next);
                *reused = slot;
                index
            }
            None => {
                let index = u32::try_from(self.slots.len()).map_err(|_| AllocError)?;
                self.slots.push(slot)?;
                index
            }
        };
        self.set_next(before, hash, new);
        self.len = self.len.saturating_add(1);
        Ok(None)
    }

    /// Removes a name; returns the value it had.
    pub fn remove(&mut self, hash: NameHash, name: &[u8]) -> Option<V> {
        let (before, at) = self.seek(hash, name);
        let free = self.free;
        let slot = self.slots.get_mut(at as usize)?;
        if slot.hash != hash || name_of(&self.names, slot) != name {
            return None;
        }
        let next = core::mem::replace(&mut slot.next, free);
        let value = slot.value.clone();
        self.waste = self.waste.saturating_add(usize::from(slot.len));
        self.free = at;
        self.set_next(before, hash, next);
        self.len = self.len.saturating_sub(1);
        Some(value)
    }

    /// The names in order, from the first whose hash is `from` or more.
    pub fn range(&self, from: NameHash) -> impl Iterator<Item = (NameHash, &[u8], &V)> {
        let mut bucket = self.bucket(from).unwrap_or(0);
        let mut at = self.buckets.get(bucket).copied().unwrap_or(NONE);
        core::iter::from_fn(move || loop {
            match self.slot(at) {
                Some(slot) => {
                    at = slot.next;
                    if slot.hash >= from {
                        return Some((slot.hash, name_of(&self.names, slot), &slot.value));
                    }
                }
                None => {
                    bucket = bucket.checked_add(1)?;
                    at = *self.buckets.get(bucket)?;
                }
            }
        })
    }

    fn slot(&self, at: u32) -> Option<&Slot<V>> {
        self.slots.get(at as usize)
    }

    fn is(&self, slot: &Slot<V>, hash: NameHash, name: &[u8]) -> bool {
        slot.hash == hash && name_of(&self.names, slot) == name
    }

    /// The bucket of a hash; `None` if there are no buckets yet.
    fn bucket(&self, hash: NameHash) -> Option<usize> {
        bucket_of(self.buckets.len(), hash)
    }

    /// The slot before the place of a name in its chain, and the one at that place or behind it.
    fn seek(&self, hash: NameHash, name: &[u8]) -> (u32, u32) {
        let head = self.bucket(hash).and_then(|b| self.buckets.get(b));
        let (mut before, mut at) = (NONE, head.copied().unwrap_or(NONE));
        while let Some(slot) = self.slot(at) {
            let order = slot.hash.cmp(&hash);
            if order.then_with(|| name_of(&self.names, slot).cmp(name)) != Ordering::Less {
                break;
            }
            (before, at) = (at, slot.next);
        }
        (before, at)
    }

    /// Lets the slot `before`, or else the bucket of `hash`, point to `next`.
    fn set_next(&mut self, before: u32, hash: NameHash, next: u32) {
        if let Some(slot) = self.slots.get_mut(before as usize) {
            slot.next = next;
        } else if let Some(head) = self.bucket(hash).and_then(|b| self.buckets.get_mut(b)) {
            *head = next;
        }
    }

    /// Makes sure that there are as many buckets as names, one name more included.
    fn reserve_bucket(&mut self) -> Result<(), AllocError> {
        if self.len < self.buckets.len() {
            return Ok(());
        }
        let size = self.buckets.len().checked_mul(2).ok_or(AllocError)?;
        let size = size.max(1 << SMALLEST_BITS);
        let mut larger = Vec::new();
        larger.resize(size, NONE)?;
        // Each chain falls into the chains of its parts one after the other, and stays in order if
        // it is put in from its end.
        for head in self.buckets.iter() {
            let mut reversed = NONE;
            let mut at = *head;
            while let Some(slot) = self.slots.get_mut(at as usize) {
                let next = core::mem::replace(&mut slot.next, reversed);
                reversed = core::mem::replace(&mut at, next);
            }
            at = reversed;
            while let Some(slot) = self.slots.get_mut(at as usize) {
                let bucket = bucket_of(size, slot.hash).and_then(|b| larger.get_mut(b));
                let Some(head) = bucket else { break };
                let next = core::mem::replace(&mut slot.next, *head);
                *head = core::mem::replace(&mut at, next);
            }
        }
        self.buckets = larger;
        Ok(())
    }

    /// Rewrites the array of names when most of it is unused. Skipped without memory.
    fn drop_waste(&mut self) {
        if self.waste < TOLERABLE_WASTE || self.waste < self.names.len() / 2 {
            return;
        }
        let mut names = Vec::new();
        let live = self.names.len().saturating_sub(self.waste);
        if names.reserve(live).is_err() {
            return;
        }
        for bucket in 0..self.buckets.len() {
            let mut at = self.buckets.get(bucket).copied().unwrap_or(NONE);
            while let Some(slot) = self.slots.get_mut(at as usize) {
                let start = names.len() as u32;
                if names.extend_from_slice(name_of(&self.names, slot)).is_err() {
                    // There is room for all: see above.
                    return;
                }
                slot.start = start;
                at = slot.next;
            }
        }
        self.names = names;
        self.waste = 0;
    }
}

impl<V: Clone> Default for Ordered<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// The bucket of a hash among `count`, a power of two.
fn bucket_of(count: usize, hash: NameHash) -> Option<usize> {
    let bits = count.checked_ilog2()?;
    usize::try_from(hash.0.checked_shr(u64::BITS - bits).unwrap_or(0)).ok()
}

fn name_of<'a, V>(names: &'a [u8], slot: &Slot<V>) -> &'a [u8] {
    let start = slot.start as usize;
    names
        .get(start..start.saturating_add(usize::from(slot.len)))
        .unwrap_or_default()
}
