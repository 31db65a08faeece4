// SPDX-License-Identifier: GPL-2.0-only

//! Granules: the pieces in which the bytes of a lower file come to the upper one, and sets of them.

use super::super::alloc::{AllocError, Vec};
use core::ops::Range;

/// Granules are at least as large as a page: direct I/O and read-ahead then need not be split.
const MIN_SHIFT: u8 = 12;
/// A file of one granule may have any size.
const MAX_SHIFT: u8 = 63;
/// A file has no more granules: their set takes 4 MiB.
const MAX_COUNT: u64 = 1 << 25;
/// In larger granules the first write to one would copy too much; files for which these are too
/// small keep their map in a file of its own.
const LARGE_SHIFT: u8 = 16;
/// A file of at most so many bytes is one granule.
pub const SMALL: u64 = 1 << LARGE_SHIFT;
/// Bytes that the map takes in an attribute, at most, and half of a block if that is less: one block
/// is all that ext4 has for the attributes of a file.
const ROOM: u64 = 2048;

/// Where the map of a file is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the attribute, which the journal keeps in order with the extents of the file.
    Attribute,
    /// In a file in the private directory.
    Sidecar,
}

/// How the bytes of a lower file are divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    size: u64,
    shift: u8,
}

impl Geometry {
    /// Of a lower file of `size` bytes in granules of `1 << shift`. `None` if there are no such
    /// files, or too many granules.
    pub fn new(size: u64, shift: u8) -> Option<Self> {
        let geometry = Geometry { size, shift };
        let is_valid = size > 0
            && i64::try_from(size).is_ok()
            && (MIN_SHIFT..=MAX_SHIFT).contains(&shift)
            && geometry.count() <= MAX_COUNT;
        is_valid.then_some(geometry)
    }

    /// The division for a lower file of `size` bytes, where the upper file system has blocks of
    /// `block` bytes, and where its map is kept. `None` for an empty file, which has nothing to
    /// divide.
    pub fn choose(size: u64, block: u64) -> Option<(Self, Place)> {
        if size <= SMALL {
            return Some((Self::new(size, LARGE_SHIFT)?, Place::Attribute));
        }
        let room = ROOM.min(block / 2).saturating_mul(8);
        let block_shift = block.checked_next_power_of_two()?.trailing_zeros();
        let min = MIN_SHIFT.max(u8::try_from(block_shift).ok()?);
        for shift in min..=MAX_SHIFT {
            let Some(geometry) = Self::new(size, shift) else {
                continue;
            };
            if geometry.count() <= room && shift <= LARGE_SHIFT {
                return Some((geometry, Place::Attribute));
            }
            if shift >= LARGE_SHIFT {
                return Some((geometry, Place::Sidecar));
            }
        }
        None
    }

    /// The divisions to try for such a file, the best first. `has_sidecars`: there is a place for them. Without it
    /// granules grow until the map fits into the attribute.
    pub fn forms(size: u64, block: u64, has_sidecars: bool) -> [Option<(Self, Place)>; 2] {
        let chosen = Self::choose(size, block);
        if !has_sidecars {
            let inline = Self::choose_inline(size, block);
            return [inline.map(|geometry| (geometry, Place::Attribute)), None];
        }
        let apart = chosen.filter(|(_, place)| *place == Place::Attribute);
        [
            chosen,
            apart.map(|(geometry, _)| (geometry, Place::Sidecar)),
        ]
    }

    /// The same with a map in the attribute: the granules are as large as that needs.
    fn choose_inline(size: u64, block: u64) -> Option<Self> {
        let (geometry, place) = Self::choose(size, block)?;
        if place == Place::Attribute {
            return Some(geometry);
        }
        let room = ROOM.min(block / 2).saturating_mul(8);
        (LARGE_SHIFT..=MAX_SHIFT)
            .filter_map(|shift| Self::new(size, shift))
            .find(|geometry| geometry.count() <= room)
    }

    /// One granule for the whole file.
    pub fn undivided(size: u64) -> Option<Self> {
        (LARGE_SHIFT..=MAX_SHIFT)
            .filter_map(|shift| Self::new(size, shift))
            .find(|geometry| geometry.count() == 1)
    }

    /// Bytes of the lower file.
    pub const fn size(self) -> u64 {
        self.size
    }

    /// The granules are `1 << shift` bytes large, the last one perhaps less.
    pub const fn shift(self) -> u8 {
        self.shift
    }

    /// How many granules there are; at least one.
    pub const fn count(self) -> u64 {
        (self.size.saturating_sub(1) >> self.shift) + 1
    }

    /// The granule that the byte at `offset` is in. It may be beyond the last one.
    pub const fn granule(self, offset: u64) -> u64 {
        offset >> self.shift
    }

    /// The granules that have bytes of `bytes`.
    pub fn granules(self, bytes: &Range<u64>) -> Range<u64> {
        match bytes.end.checked_sub(1) {
            Some(last) if bytes.start < bytes.end => {
                self.granule(bytes.start).min(self.count())
                    ..self.granule(last).saturating_add(1).min(self.count())
            }
            _ => 0..0,
        }
    }

    /// The bytes of some granules.
    pub fn bytes(self, granules: &Range<u64>) -> Range<u64> {
        self.offset(granules.start)..self.offset(granules.end)
    }

    /// Where a granule begins: at the end of the file, if it is beyond the last one.
    fn offset(self, granule: u64) -> u64 {
        match granule < self.count() {
            true => granule << self.shift,
            false => self.size,
        }
    }
}

/// A set of granules of one file.
pub struct Granules {
    words: Vec<u64>,
    count: u64,
}

/// Bits in a word.
const BITS: u64 = 64;

impl Granules {
    /// None of `count`.
    pub fn none(count: u64) -> Result<Self, AllocError> {
        let words = usize::try_from(count.div_ceil(BITS)).map_err(|_| AllocError)?;
        let mut set = Granules {
            words: Vec::new(),
            count,
        };
        set.words.resize(words, 0)?;
        Ok(set)
    }

    /// Bytes that [`Self::byte`] and [`Self::set_byte`] know, for a file of `count` granules.
    pub const fn bytes_for(count: u64) -> u64 {
        count.div_ceil(8)
    }

    /// Whether a granule is in the set.
    pub fn contains(&self, granule: u64) -> bool {
        self.word(granule / BITS) >> (granule % BITS) & 1 == 1
    }

    /// Adds granules.
    pub fn insert(&mut self, granules: &Range<u64>) {
        let end = granules.end.min(self.count);
        let mut at = granules.start;
        while at < end {
            let until = (at / BITS + 1).saturating_mul(BITS).min(end);
            let index = usize::try_from(at / BITS).unwrap_or(usize::MAX);
            if let Some(word) = self.words.get_mut(index) {
                *word |= mask(at % BITS, until - at);
            }
            at = until;
        }
    }

    /// Becomes the same set as another one of the same file.
    pub fn copy_from(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(other.words.iter()) {
            *word = *other;
        }
    }

    /// From the first to the last granule that is not in another set of the same file.
    pub fn hull_without(&self, other: &Self) -> Option<Range<u64>> {
        let words = self.words.iter().zip(other.words.iter());
        let new = || words.clone().map(|(word, other)| word & !other);
        let first = new().position(|word| word != 0)?;
        let last = new().rposition(|word| word != 0)?;
        let bit = |at: usize, bit: u32| (at as u64) * BITS + u64::from(bit);
        let (low, high) = (new().nth(first)?, new().nth(last)?);
        Some(bit(first, low.trailing_zeros())..bit(last, high.checked_ilog2()?) + 1)
    }

    /// The first granule of `within` that is in the set.
    pub fn first_in(&self, within: &Range<u64>) -> Option<u64> {
        self.first(within, |word| word)
    }

    /// The first granule of `within` that is not in the set.
    pub fn first_not_in(&self, within: &Range<u64>) -> Option<u64> {
        self.first(within, |word| !word)
    }

    /// From the first to the last granule of `within` that is not in the set.
    pub fn hull_not_in(&self, within: &Range<u64>) -> Option<Range<u64>> {
        let first = self.first_not_in(within)?;
        let mut end = within.end.min(self.count);
        while end > first {
            let from = ((end - 1) / BITS * BITS).max(first);
            let missing = !self.word(from / BITS) & mask(from % BITS, end - from);
            if let Some(last) = missing.checked_ilog2() {
                return Some(first..from / BITS * BITS + u64::from(last) + 1);
            }
            end = from;
        }
        None
    }

    /// Eight granules as they are written down: bit n of byte m is granule `8 * m + n`.
    pub fn byte(&self, at: u64) -> u8 {
        (self.word(at / 8) >> (at % 8 * 8)) as u8
    }

    /// Adds the granules of a byte that was written down. Bits beyond the last granule mean nothing.
    pub fn insert_byte(&mut self, at: u64, byte: u8) {
        let bits = self.count.saturating_sub(at.saturating_mul(8)).min(8);
        let index = usize::try_from(at / 8).unwrap_or(usize::MAX);
        if let Some(word) = self.words.get_mut(index) {
            *word |= (u64::from(byte) & mask(0, bits)) << (at % 8 * 8);
        }
    }

    /// How many of `within` are in the set.
    pub fn count_in(&self, within: &Range<u64>) -> u64 {
        let end = within.end.min(self.count);
        let mut at = within.start;
        let mut count = 0;
        while at < end {
            let until = (at / BITS + 1).saturating_mul(BITS).min(end);
            let bits = self.word(at / BITS) & mask(at % BITS, until - at);
            count += u64::from(bits.count_ones());
            at = until;
        }
        count
    }

    fn word(&self, at: u64) -> u64 {
        usize::try_from(at)
            .ok()
            .and_then(|at| self.words.get(at))
            .copied()
            .unwrap_or(0)
    }

    /// The first granule of `within` whose bit is set in what `view` makes of its word.
    fn first(&self, within: &Range<u64>, view: impl Fn(u64) -> u64) -> Option<u64> {
        let end = within.end.min(self.count);
        let mut at = within.start;
        while at < end {
            let until = (at / BITS + 1).saturating_mul(BITS).min(end);
            let found = view(self.word(at / BITS)) & mask(at % BITS, until - at);
            if found != 0 {
                return Some(at / BITS * BITS + u64::from(found.trailing_zeros()));
            }
            at = until;
        }
        None
    }
}

/// `len` bits, at most 64, from bit `from` on.
const fn mask(from: u64, len: u64) -> u64 {
    if len >= BITS {
        u64::MAX
    } else {
        ((1 << len) - 1) << from
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const GIB: u64 = 1 << 30;

    fn chosen(size: u64, block: u64) -> (u64, Place) {
        let (geometry, place) = Geometry::choose(size, block).unwrap();
        (1 << geometry.shift(), place)
    }

    #[test]
    fn the_size_decides() {
        use Place::{Attribute, Sidecar};
        assert_eq!(Geometry::choose(0, 4096), None);
        for (size, granule, place) in [
            (1, 65536, Attribute),
            (SMALL, 65536, Attribute),
            (SMALL + 1, 4096, Attribute),
            (GIB / 16, 4096, Attribute),
            (GIB / 16 + 1, 8192, Attribute),
            (GIB / 4, 16384, Attribute),
            (GIB, 65536, Attribute),
            (GIB + 1, 65536, Sidecar),
            (GIB << 10, 65536, Sidecar),
            (GIB << 11, 65536, Sidecar),
            ((GIB << 11) + 1, 131072, Sidecar),
            (i64::MAX as u64, 1 << 38, Sidecar),
        ] {
            assert_eq!(chosen(size, 4096), (granule, place), "{size}");
        }
        assert_eq!(chosen(GIB / 4, 1024), (65536, Attribute), "small blocks");
        assert_eq!(chosen(GIB / 4 + 1, 1024), (65536, Sidecar));
        assert_eq!(chosen(SMALL + 1, 65536), (65536, Attribute), "large ones");
        let forms = |size, has_sidecars| {
            Geometry::forms(size, 4096, has_sidecars)
                .map(|form| form.map(|(geometry, place)| (1 << geometry.shift(), place)))
        };
        assert_eq!(
            forms(GIB, true),
            [Some((65536, Attribute)), Some((65536, Sidecar))],
            "the attribute may be too long"
        );
        assert_eq!(forms(GIB << 4, true), [Some((65536, Sidecar)), None]);
        assert_eq!(forms(GIB << 4, false), [Some((1 << 20, Attribute)), None]);
        assert_eq!(forms(0, true), [None, None]);
        assert_eq!(Geometry::choose(1 << 63, 4096), None, "no such file");
        assert_eq!(Geometry::choose(1 << 20, u64::MAX), None, "no such block");
    }

    #[test]
    fn a_granule_has_its_bytes() {
        let geometry = Geometry::new(10_000, 12).unwrap();
        assert_eq!(geometry.count(), 3);
        assert_eq!(geometry.bytes(&(1..2)), 4096..8192);
        assert_eq!(geometry.bytes(&(2..3)), 8192..10_000);
        assert_eq!(geometry.granules(&(4095..4097)), 0..2);
        assert_eq!(geometry.granules(&(0..u64::MAX)), 0..3);
        assert_eq!(geometry.granules(&(20_000..30_000)), 3..3, "beyond");
        assert!(geometry.granules(&(5..5)).is_empty());
        for size in [1, SMALL, GIB, i64::MAX as u64] {
            let whole = Geometry::undivided(size).unwrap();
            assert_eq!((whole.count(), whole.bytes(&(0..1))), (1, 0..size));
        }
        assert_eq!(Geometry::new(GIB << 20, 12), None, "too many");
        assert_eq!(Geometry::new(10, 64), None);
    }

    /// Against a set of the standard library, around the borders of words.
    #[test]
    fn is_a_set() {
        const COUNT: u64 = 150;
        let edges = [0, 1, 5, 63, 64, 65, 127, 128, 149, 150, 200];
        let mut set = Granules::none(COUNT).unwrap();
        let mut model = BTreeSet::new();
        let mut n = 0u64;
        for start in edges {
            for end in edges {
                n += 1;
                let part = start..end.max(start).min(start + n % 7);
                set.insert(&part);
                model.extend(part.filter(|g| *g < COUNT));
                for within in edges.map(|from| from..end) {
                    let inside = || within.clone().filter(|g| model.contains(g));
                    let outside = || within.clone().filter(|g| *g < COUNT && !model.contains(g));
                    assert_eq!(set.first_in(&within), inside().next());
                    assert_eq!(set.first_not_in(&within), outside().next());
                    assert_eq!(set.count_in(&within), inside().count() as u64);
                    let hull = |first: Option<u64>, last: Option<u64>| Some(first?..last? + 1);
                    let expected = hull(outside().next(), outside().next_back());
                    assert_eq!(set.hull_not_in(&within), expected);
                }
            }
        }
        let mut copy = Granules::none(COUNT).unwrap();
        for at in 0..Granules::bytes_for(COUNT) {
            copy.insert_byte(at, set.byte(at));
        }
        assert!((0..COUNT).all(|g| copy.contains(g) == model.contains(&g)));
        copy.insert_byte(18, 0xff);
        assert_eq!(copy.byte(18), 0x3f, "there are no more");
        copy.insert_byte(u64::MAX, 0xff);
        let new = || (144..COUNT).filter(|g| !model.contains(g));
        let hull = new().next().zip(new().next_back());
        assert_eq!(copy.hull_without(&set), hull.map(|(a, b)| a..b + 1));
        assert_eq!(set.hull_without(&copy), None);
        set.copy_from(&copy);
        assert_eq!(copy.hull_without(&set), None);
        let none = Granules::none(COUNT).unwrap();
        assert_eq!(
            set.hull_without(&none).map(|hull| hull.start),
            set.first_in(&(0..COUNT))
        );
    }
}
