// SPDX-License-Identifier: GPL-2.0-only

//! The file that holds the records of a union: one after the other, each beginning at a multiple of
//! [`ALIGN`] bytes. Among several with the same identity the last one counts.
//!
//! Records are only ever added at the end, and nothing is synced. After a power cut the end may be
//! missing, or be zeros: everything after the last valid header is overwritten. A checksum protects
//! the contents of a record.

use super::alloc::AllocError;
use super::hash::{self, NameHash};
use super::ordered::Ordered;
use super::record::{self, RecordId};

/// Alignment of records, in bytes.
pub const ALIGN: u64 = 8;

/// Where a record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Bytes from the beginning of the file.
    pub offset: u64,
    /// Bytes.
    pub len: usize,
}

/// Which records a file holds, and where.
pub struct Index {
    extents: Ordered<Extent>,
    end: u64,
}

impl Index {
    /// Of an empty file.
    pub const fn new() -> Self {
        Index {
            extents: Ordered::new(),
            end: 0,
        }
    }

    /// Where the next record begins: to be looked for in a file that is read, and to be written to.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// How many records there are.
    pub const fn len(&self) -> usize {
        self.extents.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.extents.is_empty()
    }

    /// Takes in the record that begins at [`end`](Self::end) with these bytes, at least
    /// [`record::HEADER`] of them. Returns whether there is one.
    pub fn add(&mut self, head: &[u8]) -> Result<bool, AllocError> {
        let Some((identity, len)) = record::head(head) else {
            return Ok(false);
        };
        let next = u64::try_from(len)
            .ok()
            .and_then(|len| self.end.checked_add(len)?.checked_next_multiple_of(ALIGN));
        let Some(next) = next else {
            return Ok(false);
        };
        let extent = Extent {
            offset: self.end,
            len,
        };
        let (hash, name) = key(identity);
        self.extents.insert(hash, &name, extent)?;
        self.end = next;
        Ok(true)
    }

    /// Where the record of an identity is.
    pub fn find(&self, identity: RecordId) -> Option<Extent> {
        let (hash, name) = key(identity);
        self.extents.get(hash, &name).copied()
    }

    /// Forgets a record that turned out to be of no use.
    pub fn remove(&mut self, identity: RecordId) {
        let (hash, name) = key(identity);
        self.extents.remove(hash, &name);
    }
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

/// An identity as a name.
fn key(identity: RecordId) -> (NameHash, [u8; 16]) {
    let name = identity.to_bytes();
    (hash::name(0, &name), name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::{Merge, Seen};

    fn record(identity: RecordId, names: u32) -> std::vec::Vec<u8> {
        let mut merge = Merge::with_key(0);
        for number in 0..names {
            let name = std::format!("{number}");
            merge.add(0, name.as_bytes(), 1, 8, Seen::Name).unwrap();
        }
        let set = merge.finish().unwrap();
        record::encode(&set, identity, |_| Some(0))
            .unwrap()
            .to_vec()
    }

    fn index(file: &[u8]) -> Index {
        let mut index = Index::new();
        while let Some(rest) = file.get(index.end() as usize..) {
            if !index.add(rest).unwrap() {
                break;
            }
        }
        index
    }

    #[test]
    fn the_last_one_counts() {
        let (one, two) = (RecordId::new().with(1), RecordId::new().with(2));
        let mut file = std::vec::Vec::new();
        let mut extents = std::vec::Vec::new();
        for (identity, names) in [(one, 3), (two, 0), (one, 5)] {
            extents.push(file.len() as u64);
            file.extend(record(identity, names));
            file.resize(file.len().next_multiple_of(8), 0);
        }
        let index = index(&file);
        assert_eq!((index.len(), index.end()), (2, file.len() as u64));
        assert_eq!(index.find(one).unwrap().offset, extents[2]);
        assert_eq!(index.find(two).unwrap().offset, extents[1]);
        assert_eq!(index.find(RecordId::new()), None);
        let extent = index.find(one).unwrap();
        let found = &file[extent.offset as usize..][..extent.len];
        assert_eq!(found, record(one, 5));
    }

    #[test]
    fn what_a_power_cut_leaves() {
        let (one, two) = (RecordId::new().with(1), RecordId::new().with(2));
        let whole = record(one, 7);
        let mut file = whole.clone();
        file.resize(file.len().next_multiple_of(8), 0);
        let end = file.len() as u64;
        file.extend(record(two, 7));
        // The end is missing: the second one is there by its head; its checksum will tell.
        for cut in 0..file.len() {
            let index = index(&file[..cut]);
            let heads = [40, end as usize + 40]
                .iter()
                .filter(|&&at| cut >= at)
                .count();
            assert_eq!(index.len(), heads, "cut at {cut}");
        }
        // Or it is zeros.
        file[end as usize..].fill(0);
        let index = index(&file);
        assert_eq!((index.len(), index.end()), (1, end));
    }

    #[test]
    fn no_record_can_be_too_long() {
        let mut head = record(RecordId::new(), 0);
        // Names, further layers, bytes.
        head[12..24].fill(0xff);
        assert!(!Index::new().add(&head).unwrap());
    }
}
