// SPDX-License-Identifier: GPL-2.0-only

//! Records of fallthru sets: what is written is read, and nothing else is.

mod common;

use proptest::prelude::*;
use union_logic::alloc::fail_after;
use union_logic::fallthru::Fallthrus;
use union_logic::merge::{Merge, Seen};
use union_logic::record::{decode, encode, size, RecordError, RecordId};
use union_model::layer::{Dir, Node};

const WHAT: RecordId = RecordId::new().with(2010).with(7);

fn set(layers: &[Dir]) -> Fallthrus {
    let mut merge = Merge::with_key(1);
    for (layer, dir) in (0u32..).zip(layers) {
        for (ino, (name, node)) in (u64::MAX - 9..).zip(&dir.entries) {
            let (dt, seen) = match node {
                Node::Dir(_) => (4, Seen::Name),
                Node::Leaf(_) => (8, Seen::Name),
                Node::Whiteout => (2, Seen::Whiteout),
            };
            merge
                .add(layer * 3, name.as_bytes(), ino, dt, seen)
                .unwrap();
        }
    }
    merge.finish().unwrap()
}

/// Layer 3 stands at place 1, and so on.
fn place(layer: u32) -> Option<u16> {
    u16::try_from(layer / 3).ok()
}

fn layer(place: u16) -> Option<u32> {
    (place < 100).then_some(u32::from(place) * 3)
}

fn write(set: &Fallthrus) -> Vec<u8> {
    encode(set, WHAT, place).unwrap().to_vec()
}

fn read(record: &[u8]) -> Result<Fallthrus, RecordError> {
    decode(record, WHAT, 99, layer)
}

fn same(a: &Fallthrus, b: &Fallthrus) -> bool {
    let layers = |set: &Fallthrus| -> Vec<Vec<u32>> {
        (0..set.len()).map(|at| set.layers(at).collect()).collect()
    };
    a.iter().eq(b.iter()) && layers(a) == layers(b)
}

/// As the format wants it, whatever the body is.
fn checksummed(mut record: Vec<u8>) -> Vec<u8> {
    let body = record.len() - 8;
    let checksum = union_logic::hash::name(1, &record[..body]);
    record[body..].copy_from_slice(&checksum.0.to_le_bytes());
    record
}

proptest! {
    #![proptest_config(common::config(1000))]

    #[test]
    fn what_is_written_is_read(layers in common::layers()) {
        let set = set(&layers);
        let record = write(&set);
        prop_assert_eq!(Some(record.len()), size(&set));
        let again = read(&record).unwrap();
        prop_assert!(same(&set, &again));
        for (index, fallthru) in set.iter().enumerate() {
            prop_assert_eq!(again.find(fallthru.name), Some(index));
        }
    }

    #[test]
    fn a_damaged_record_is_refused(layers in common::layers(), at: usize, bit in 0..8u8, cut: usize) {
        let mut record = write(&set(&layers));
        prop_assert!(read(&record[..cut % record.len()]).is_err());
        let at = at % record.len();
        record[at] ^= 1 << bit;
        prop_assert!(read(&record).is_err());
    }

    /// A malicious one gives a set, or none, and does no harm.
    #[test]
    fn a_forged_record_does_no_harm(layers in common::layers(), changes: Vec<(usize, u8)>) {
        let mut record = write(&set(&layers));
        for (at, byte) in changes {
            let at = at % record.len();
            record[at] = byte;
        }
        if let Ok(set) = read(&checksummed(record)) {
            for index in 0..set.len() {
                let fallthru = set.get(index).unwrap();
                prop_assert!(!fallthru.name.is_empty() && !fallthru.name.contains(&b'/'));
                prop_assert!(set.find(fallthru.name).is_some());
                prop_assert!(set.layers(index).all(|layer| layer < 300));
            }
        }
    }

    #[test]
    fn anything_can_be_read(mut record in prop::collection::vec(any::<u8>(), 0..300), header: bool) {
        if header {
            record.splice(..0, *b"unionset\x01\0\0\0");
        }
        prop_assert!(read(&record).is_err());
    }

    #[test]
    fn without_memory_there_is_no_set(layers in common::layers(), n in 0usize..5) {
        let set = set(&layers);
        fail_after(Some(n));
        let written = encode(&set, WHAT, place).map(|record| record.to_vec());
        fail_after(Some(n));
        let again = written.as_deref().ok().map(read);
        fail_after(None);
        match again {
            None | Some(Err(RecordError::NoMemory)) => {}
            Some(again) => prop_assert!(same(&set, &again.unwrap())),
        }
    }
}

#[test]
fn of_other_directories_and_versions() {
    let mut merge = Merge::with_key(1);
    merge.add(0, b"name", 1, 8, Seen::Name).unwrap();
    let mut record = write(&merge.finish().unwrap());
    let other = decode(&record, WHAT.with(0), 1, layer);
    assert_eq!(other.err(), Some(RecordError::Other));
    record[8] = 2;
    assert_eq!(
        read(&checksummed(record)).err(),
        Some(RecordError::Version(2))
    );
}

#[test]
fn small_enough() {
    let mut merge = Merge::with_key(1);
    let mut names = 0;
    for number in 0..1000u32 {
        let name = format!("{number}");
        names += name.len();
        merge
            .add(
                number % 100,
                name.as_bytes(),
                u64::from(number),
                8,
                Seen::Name,
            )
            .unwrap();
    }
    let size = size(&merge.finish().unwrap()).unwrap();
    assert!(size - names < 1000 * 13, "{size} bytes, {names} of names");
}
