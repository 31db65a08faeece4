// SPDX-License-Identifier: GPL-2.0-only

//! What a directory shows: its fallthru set combined with the upper layer.
//!
//! A [`View`] knows what the upper directory holds, objects and whiteouts, and follows each change of
//! it. Together with the set, which never changes, it answers readdir, the emptiness test of rmdir,
//! and which names do not exist, without a look at any layer.
//!
//! # Positions
//!
//! A reader of a directory may continue from a position after closing it, or after the next mount,
//! while names are added and removed. Each name therefore has its own position, which does not
//! depend on other names:
//!
//! ```text
//! 0, 1                   "." and ".."
//! 2 + index              a name of the set, whatever the upper layer makes of it
//! BASE | hash of the name a name that only the upper layer has
//! END                    after the last one
//! ```
//!
//! The names of the set keep the order in which their layers list them, which is the one in which
//! file systems can read their inodes best.
//!
//! The hash has 54 bits; the eight below number the names that share it, in their order. That
//! number is not stable when such a name comes or goes, but there are none: among a million names
//! the probability of such a pair is one in thirty thousand, and it cannot be provoked without the
//! key.
//!
//! 32-bit programs have 31 bits for a position ([`Width::Short`]): 26 of the hash and four below.
//! With a thousand names, one directory in 140 has two names with the same hash; a reader that
//! continues from the second while the first is removed misses one.

use super::alloc::{AllocError, Vec};
use super::fallthru::Fallthrus;
use super::hash::{self, NameHash};
use super::ordered::Ordered;

/// The position of the first name after `.` and `..`.
const FIRST: u64 = 2;

/// How large positions may be. Those of one width mean nothing in the other, but do no harm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// For `loff_t`: 63 bits.
    Long,
    /// For `off_t` of 32-bit programs: 31 bits.
    Short,
}

impl Width {
    /// The least position of a name that only the upper layer has.
    const fn upper_base(self) -> u64 {
        match self {
            Width::Long => 1 << 62,
            Width::Short => 1 << 30,
        }
    }

    /// The position behind all names: the largest there is.
    pub const fn end(self) -> u64 {
        match self {
            Width::Long => (1 << 63) - 1,
            Width::Short => (1 << 31) - 1,
        }
    }

    /// Bits of the hash that make no part of a position.
    const fn hash_cut(self) -> u32 {
        match self {
            Width::Long => 10,
            Width::Short => 38,
        }
    }

    /// Bits of a position below the hash.
    const fn rank_bits(self) -> u32 {
        match self {
            Width::Long => 8,
            Width::Short => 4,
        }
    }

    /// The position of the name of this number among those of the upper layer with this hash.
    const fn position(self, hash: NameHash, rank: u64) -> u64 {
        let pos = self.upper_base() | hash.0 >> self.hash_cut() << self.rank_bits();
        // Behind all names there is none.
        let pos = pos.saturating_add(rank);
        if pos < self.end() {
            pos
        } else {
            self.end() - 1
        }
    }

    /// The least hash of the names of the upper layer that can be at a position or behind it.
    const fn least_hash(self, pos: u64) -> NameHash {
        NameHash(pos.saturating_sub(self.upper_base()) >> self.rank_bits() << self.hash_cut())
    }
}

/// What the upper layer holds under a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewEntry {
    /// An object of this `DT_` type; the inode number is that which the union shows.
    Object {
        /// The inode number.
        ino: u64,
        /// The type.
        dt: u8,
    },
    /// A whiteout.
    Whiteout,
}

#[derive(Clone)]
struct UpperName {
    entry: ViewEntry,
    /// Whether the name is in the set, and so listed there.
    in_set: bool,
}

/// A fallthru set combined with the upper layer.
pub struct View {
    upper: Ordered<UpperName>,
    /// For each name of the set a bit: whether it is in `upper`. Empty: none is.
    shadowed: Vec<u64>,
    /// How many of them are.
    shadowed_count: usize,
    /// How many of `upper` are objects.
    objects: usize,
    key: u64,
}

/// A name that is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listed<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The inode number.
    pub ino: u64,
    /// The `DT_` type.
    pub dt: u8,
    /// Whether it is the lower object that shows.
    pub is_lower: bool,
}

impl View {
    /// The view of this set with an empty upper layer. The key of the set determines the order of
    /// names that only the upper layer will have; it is constant for an upper layer.
    pub const fn new(set: &Fallthrus) -> Self {
        View {
            upper: Ordered::new(),
            shadowed: Vec::new(),
            shadowed_count: 0,
            objects: 0,
            key: set.key(),
        }
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.upper.memory() + size_of_val::<[_]>(&self.shadowed)
    }

    /// What the upper layer holds under a name, as far as the view knows: it need not know copies
    /// of lower objects, because they do not change the listing.
    pub fn entry(&self, name: &[u8]) -> Option<ViewEntry> {
        self.entry_hashed(hash::name(self.key, name), name)
    }

    /// As [`entry`](Self::entry), of a name of which the hash under the key of the set is known.
    pub fn entry_hashed(&self, hash: NameHash, name: &[u8]) -> Option<ViewEntry> {
        self.upper.get(hash, name).map(|upper| upper.entry)
    }

    /// Whether the directory shows no names: the emptiness that allows rmdir, whatever whiteouts
    /// there are.
    pub fn is_empty(&self, set: &Fallthrus) -> bool {
        self.len(set) == 0
    }

    /// The number of names that are shown; `.` and `..` are not among them.
    pub fn len(&self, set: &Fallthrus) -> usize {
        // Of `shadowed_count` names each is in the set, or the set is another one than always.
        set.len()
            .saturating_sub(self.shadowed_count)
            .saturating_add(self.objects)
    }

    /// The names of the whiteouts of the upper layer, whether they hide something or not.
    pub fn whiteouts(&self) -> impl Iterator<Item = &[u8]> {
        self.upper
            .range(NameHash(0))
            .filter(|(_, _, upper)| upper.entry == ViewEntry::Whiteout)
            .map(|(_, name, _)| name)
    }

    /// Records what the upper layer now holds under a name. On failure nothing has changed, and the
    /// view is wrong.
    pub fn put(
        &mut self,
        set: &Fallthrus,
        name: &[u8],
        entry: ViewEntry,
    ) -> Result<(), AllocError> {
        let hash = hash::name(self.key, name);
        let index = set.find_hashed(hash, name);
        if self.shadowed.is_empty() && index.is_some() {
            self.shadowed.resize(set.len().div_ceil(64), 0)?;
        }
        let upper = UpperName {
            entry,
            in_set: index.is_some(),
        };
        let before = self
            .upper
            .insert(hash, name, upper)?
            .map(|upper| upper.entry);
        self.count(before, Some(entry));
        self.shadow(index, true);
        Ok(())
    }

    /// Records that the upper layer no longer holds anything under a name.
    pub fn remove(&mut self, set: &Fallthrus, name: &[u8]) {
        let hash = hash::name(self.key, name);
        let before = self.upper.remove(hash, name);
        self.count(before.map(|upper| upper.entry), None);
        self.shadow(set.find_hashed(hash, name), false);
    }

    fn count(&mut self, before: Option<ViewEntry>, after: Option<ViewEntry>) {
        let object = |entry| matches!(entry, Some(ViewEntry::Object { .. }));
        self.objects = self
            .objects
            .saturating_add(usize::from(object(after)))
            .saturating_sub(usize::from(object(before)));
    }

    fn shadow(&mut self, index: Option<usize>, shadows: bool) {
        let Some(index) = index else { return };
        let Some(word) = self.shadowed.get_mut(index / 64) else {
            return;
        };
        let bit = 1u64 << (index % 64);
        match (*word & bit != 0, shadows) {
            (false, true) => self.shadowed_count = self.shadowed_count.saturating_add(1),
            (true, false) => self.shadowed_count = self.shadowed_count.saturating_sub(1),
            _ => return,
        }
        *word ^= bit;
    }

    fn shadows(&self, index: usize) -> bool {
        let word = self.shadowed.get(index / 64).copied().unwrap_or(0);
        word >> (index % 64) & 1 != 0
    }

    /// The names that are shown, each with its position, from position `from` on.
    pub fn list<'a>(
        &'a self,
        set: &'a Fallthrus,
        from: u64,
        width: Width,
    ) -> impl Iterator<Item = (u64, Listed<'a>)> {
        let first = usize::try_from(from.saturating_sub(FIRST)).unwrap_or(usize::MAX);
        let lower = (first..set.len()).filter_map(move |index| {
            let pos = FIRST.saturating_add(index as u64);
            self.below(set, index).map(|shown| (pos, shown))
        });
        lower.chain(self.upper_only(from, width))
    }

    /// What is shown under a name of the set.
    fn below<'a>(&'a self, set: &'a Fallthrus, index: usize) -> Option<Listed<'a>> {
        let fallthru = set.get(index)?;
        let is_lower = !self.shadows(index);
        let (ino, dt) = match is_lower {
            true => (fallthru.ino, fallthru.dt),
            false => match self.entry(fallthru.name)? {
                ViewEntry::Object { ino, dt } => (ino, dt),
                ViewEntry::Whiteout => return None,
            },
        };
        let name = fallthru.name;
        Some(Listed {
            name,
            ino,
            dt,
            is_lower,
        })
    }

    /// The names that only the upper layer has.
    fn upper_only(&self, from: u64, width: Width) -> impl Iterator<Item = (u64, Listed<'_>)> {
        let mut last = None;
        let mut rank = 0u64;
        self.upper
            .range(width.least_hash(from))
            .filter_map(move |(hash, name, upper)| match upper.entry {
                ViewEntry::Object { ino, dt } if !upper.in_set => {
                    let first = width.position(hash, 0);
                    rank = match last == Some(first) {
                        true => rank.saturating_add(1).min((1 << width.rank_bits()) - 1),
                        false => 0,
                    };
                    last = Some(first);
                    let shown = Listed {
                        name,
                        ino,
                        dt,
                        is_lower: false,
                    };
                    Some((width.position(hash, rank), shown))
                }
                _ => None,
            })
            .skip_while(move |&(pos, _)| pos < from)
    }
}
