// SPDX-License-Identifier: GPL-2.0-only

//! The merge of lower directories against the model, and what it does without memory.

mod common;

use proptest::prelude::*;
use std::collections::BTreeMap;
use union_logic::alloc::{fail_after, AllocError};
use union_logic::fallthru::Fallthrus;
use union_logic::merge::{Merge, Seen};
use union_model::layer::{Dir, Node};

const DT_DIR: u8 = 4;
const DT_CHR: u8 = 2;
const DT_REG: u8 = 8;

/// Feeds the layers; `doubt` makes every leaf and whiteout a character device that may be a
/// whiteout. A refusal of memory is answered by trying the same entry once more with memory.
fn merge(layers: &[Dir], doubt: bool) -> (Fallthrus, usize) {
    let mut merge = Merge::with_key(layers.len() as u64);
    let mut failures = 0;
    for (layer, dir) in (0u32..).zip(layers) {
        for (ino, (name, node)) in (1u64..).zip(&dir.entries) {
            let (dt, seen) = match node {
                Node::Dir(_) => (DT_DIR, Seen::Name),
                _ if doubt => (DT_CHR, Seen::MaybeWhiteout),
                Node::Leaf(_) => (DT_REG, Seen::Name),
                Node::Whiteout => (DT_CHR, Seen::Whiteout),
            };
            if let Err(AllocError) = merge.add(layer, name.as_bytes(), ino, dt, seen) {
                failures += 1;
                fail_after(None);
                merge.add(layer, name.as_bytes(), ino, dt, seen).unwrap();
            }
            // A layer that mentions a name twice does not confuse.
            let again = merge.add(layer, name.as_bytes(), 99, DT_REG, Seen::Name);
            failures += usize::from(again.is_err());
        }
        let mut from = 0;
        while let Some((index, name)) = merge.next_candidate(from) {
            let node = &dir.entries[std::str::from_utf8(name).unwrap()];
            let seen = match node {
                Node::Whiteout => Seen::Whiteout,
                _ => Seen::Name,
            };
            merge.settle(index, seen);
            from = index + 1;
        }
    }
    match merge.finish() {
        Ok(set) => (set, failures),
        Err(AllocError) => {
            fail_after(None);
            (self::merge(layers, doubt).0, failures + 1)
        }
    }
}

/// The names shown, each with the topmost layer that mentions it.
fn expected(layers: &[Dir]) -> BTreeMap<String, u32> {
    let shown = union_model::visible(layers.iter());
    let topmost = |name: &String| {
        let layer = layers.iter().position(|dir| dir.entries.contains_key(name));
        layer.unwrap() as u32
    };
    shown
        .entries
        .keys()
        .map(|name| (name.clone(), topmost(name)))
        .collect()
}

fn names(listing: &Fallthrus) -> BTreeMap<String, u32> {
    listing
        .iter()
        .map(|entry| (String::from_utf8(entry.name.to_vec()).unwrap(), entry.layer))
        .collect()
}

proptest! {
    #![proptest_config(common::config(2000))]

    #[test]
    fn shows_what_the_model_shows(layers in common::layers(), doubt: bool) {
        let (listing, _) = merge(&layers, doubt);
        prop_assert_eq!(names(&listing), expected(&layers));
        prop_assert_eq!(listing.len(), listing.iter().count());
        prop_assert_eq!(listing.is_empty(), listing.get(0).is_none());

        // Upper layers first, and never a name twice.
        let order: Vec<u32> = listing.iter().map(|entry| entry.layer).collect();
        prop_assert!(order.is_sorted());
        prop_assert_eq!(names(&listing).len(), listing.len());
        for (index, entry) in listing.iter().enumerate() {
            prop_assert_eq!(listing.find(entry.name), Some(index));
        }
        prop_assert_eq!(listing.get(listing.len()), None);
        for name in layers.iter().flat_map(|dir| dir.entries.keys()) {
            let shown = names(&listing).contains_key(name);
            prop_assert_eq!(listing.find(name.as_bytes()).is_some(), shown);
        }
        prop_assert_eq!(listing.find(b"never there"), None);

        // Where to look for a leaf is known, and where parts of a directory may be.
        for (index, entry) in listing.iter().enumerate() {
            let name = std::str::from_utf8(entry.name).unwrap();
            let mentions = (0u32..).zip(&layers).filter(|(_, dir)| dir.entries.contains_key(name));
            let mut mentions: Vec<u32> = mentions.map(|(layer, _)| layer).collect();
            if entry.dt != DT_DIR {
                mentions.truncate(1);
            }
            prop_assert_eq!(listing.layers(index).collect::<Vec<_>>(), mentions);
        }
    }

    #[test]
    fn loses_nothing_without_memory(layers in common::layers(), n in 0usize..6, doubt: bool) {
        let (whole, _) = merge(&layers, doubt);
        fail_after(Some(n));
        let (failed, _) = merge(&layers, doubt);
        fail_after(None);
        prop_assert!(whole.iter().eq(failed.iter()));
    }
}

/// Every allocation of a big merge fails once; the failures are reported and nothing is lost.
#[test]
fn each_allocation_can_fail() {
    let big = |from: u32| Dir {
        entries: (from..from + 300)
            .map(|i| (format!("n{i}"), Node::Leaf(i)))
            .collect(),
        ..Dir::default()
    };
    let layers = [big(0), big(150)];
    let mut n = 0;
    loop {
        fail_after(Some(n));
        let (listing, failures) = merge(&layers, n % 2 == 0);
        fail_after(None);
        assert_eq!(names(&listing), expected(&layers));
        if failures == 0 {
            break;
        }
        n += 1;
    }
    assert!(n > 10, "only {n} allocations");
}

#[test]
fn a_million_names() {
    let mut merge = Merge::with_key(12345);
    for layer in 0..2u32 {
        for i in 0..600_000u32 {
            let name = format!("{}", i + layer * 400_000);
            merge
                .add(layer, name.as_bytes(), u64::from(i) + 1, DT_REG, Seen::Name)
                .unwrap();
        }
    }
    let listing = merge.finish().unwrap();
    assert_eq!(listing.len(), 1_000_000);
    assert_eq!(listing.get(600_000).unwrap().name, b"600000");
    assert_eq!(listing.get(999_999).unwrap().name, b"999999");
}

#[test]
fn a_name_that_is_too_long_is_an_error() {
    let mut merge = Merge::with_key(0);
    let long = vec![b'x'; 70_000];
    assert!(merge.add(0, &long, 1, DT_REG, Seen::Name).is_err());
    assert!(merge.finish().unwrap().is_empty());
}

#[test]
fn what_a_layer_only_lists_hides_nothing() {
    let mut merge = Merge::with_key(0);
    for name in [&b"gone"[..], b"below", b"doubt"] {
        merge.add(0, name, 1, DT_CHR, Seen::MaybeWhiteout).unwrap();
    }
    for index in 0..3 {
        merge.settle(index, Seen::Absent);
    }
    assert!(merge.next_candidate(0).is_none());
    merge.add(1, b"below", 2, DT_REG, Seen::Name).unwrap();
    merge
        .add(1, b"doubt", 3, DT_CHR, Seen::MaybeWhiteout)
        .unwrap();
    let (index, name) = merge.next_candidate(0).unwrap();
    assert_eq!(name, b"doubt");
    merge.settle(index, Seen::Whiteout);
    merge.add(2, b"doubt", 4, DT_REG, Seen::Name).unwrap();
    let listing = merge.finish().unwrap();
    let entry = listing.get(0).unwrap();
    assert_eq!((listing.len(), entry.name), (1, &b"below"[..]));
    assert_eq!((entry.ino, entry.layer), (2, 1));
}

#[test]
fn an_unsettled_entry_is_an_object() {
    let mut merge = Merge::with_key(0);
    merge
        .add(0, b"null", 5, DT_CHR, Seen::MaybeWhiteout)
        .unwrap();
    merge.add(1, b"null", 6, DT_REG, Seen::Name).unwrap();
    let listing = merge.finish().unwrap();
    let entry = listing.get(0).unwrap();
    assert_eq!(
        (entry.name, entry.ino, entry.dt, entry.layer),
        (&b"null"[..], 5, DT_CHR, 0)
    );
    assert_eq!(listing.len(), 1);
}
