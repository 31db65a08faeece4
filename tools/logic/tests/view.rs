// SPDX-License-Identifier: GPL-2.0-only

//! Ordered names and the view of a directory, against maps of the standard library.

mod common;

use proptest::prelude::*;
use std::collections::BTreeMap;
use union_logic::alloc::fail_after;
use union_logic::fallthru::Fallthrus;
use union_logic::hash::{self, NameHash};
use union_logic::merge::{Merge, Seen};
use union_logic::ordered::Ordered;
use union_logic::view::{View, ViewEntry, Width};

const DT_REG: u8 = 8;

/// The hash of a name that shares it with others: names collide all the time.
fn few(name: &[u8]) -> NameHash {
    NameHash(hash::name(0, name).0 & 0xe000_0000_0000_0003)
}

#[derive(Clone, Debug)]
enum Change {
    Put(u8, u64),
    Whiteout(u8),
    Remove(u8),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => (any::<u8>(), any::<u64>()).prop_map(|(name, ino)| Change::Put(name, ino)),
        1 => any::<u8>().prop_map(Change::Whiteout),
        2 => any::<u8>().prop_map(Change::Remove),
    ];
    prop::collection::vec(change, 0..400)
}

fn name(number: u8) -> Vec<u8> {
    format!("name of {number}").into_bytes()
}

/// A set of the even names below 64.
fn set(key: u64) -> Fallthrus {
    let mut merge = Merge::with_key(key);
    for number in (0..64u8).step_by(2) {
        merge
            .add(0, &name(number), u64::from(number), DT_REG, Seen::Name)
            .unwrap();
    }
    merge.finish().unwrap()
}

fn change(view: &mut View, set: &Fallthrus, change: &Change) -> bool {
    match *change {
        Change::Put(number, ino) => {
            let entry = ViewEntry::Object { ino, dt: DT_REG };
            view.put(set, &name(number), entry).is_ok()
        }
        Change::Whiteout(number) => view.put(set, &name(number), ViewEntry::Whiteout).is_ok(),
        Change::Remove(number) => {
            view.remove(set, &name(number));
            true
        }
    }
}

/// What is shown after the changes, and the whiteouts.
fn model(set: &Fallthrus, changes: &[Change]) -> (BTreeMap<Vec<u8>, u64>, Vec<Vec<u8>>) {
    let mut entries = BTreeMap::new();
    for change in changes {
        match *change {
            Change::Put(number, ino) => drop(entries.insert(name(number), Some(ino))),
            Change::Whiteout(number) => drop(entries.insert(name(number), None)),
            Change::Remove(number) => drop(entries.remove(&name(number))),
        }
    }
    let mut shown: BTreeMap<_, _> = set.iter().map(|f| (f.name.to_vec(), f.ino)).collect();
    let mut whiteouts = Vec::new();
    for (name, entry) in entries {
        match entry {
            Some(ino) => drop(shown.insert(name, ino)),
            None => {
                shown.remove(&name);
                whiteouts.push(name);
            }
        }
    }
    (shown, whiteouts)
}

const WIDTHS: [Width; 2] = [Width::Long, Width::Short];

fn positions(view: &View, set: &Fallthrus, from: u64, width: Width) -> Vec<(u64, Vec<u8>)> {
    view.list(set, from, width)
        .map(|(pos, shown)| (pos, shown.name.to_vec()))
        .collect()
}

proptest! {
    #![proptest_config(common::config(500))]

    #[test]
    fn ordered_is_a_map(changes in changes(), collide: bool) {
        let hash = |name: &[u8]| if collide { few(name) } else { hash::name(9, name) };
        let mut ordered = Ordered::new();
        let mut model = BTreeMap::new();
        for change in &changes {
            match *change {
                Change::Put(number, value) => {
                    let name = name(number);
                    let before = ordered.insert(hash(&name), &name, value).unwrap();
                    prop_assert_eq!(before, model.insert((hash(&name), name), value));
                }
                Change::Whiteout(number) | Change::Remove(number) => {
                    let name = name(number);
                    let before = ordered.remove(hash(&name), &name);
                    prop_assert_eq!(before, model.remove(&(hash(&name), name)));
                }
            }
        }
        prop_assert_eq!(ordered.len(), model.len());
        prop_assert_eq!(ordered.is_empty(), model.is_empty());
        for number in 0..=255 {
            let name = name(number);
            let value = ordered.get(hash(&name), &name).copied();
            prop_assert_eq!(value, model.get(&(hash(&name), name)).copied());
        }
        let starts = model.keys().map(|(hash, _)| *hash).chain([0, 1 << 63, u64::MAX].map(NameHash));
        for from in starts.collect::<Vec<_>>() {
            let expected = model.range((from, Vec::new())..);
            let expected = expected.map(|((hash, name), value)| (*hash, name.as_slice(), value));
            prop_assert!(ordered.range(from).eq(expected));
        }
    }

    #[test]
    fn shows_what_the_model_shows(changes in changes(), key: u64) {
        let set = set(key);
        let mut view = View::new(&set);
        for it in &changes {
            change(&mut view, &set, it);
        }
        let (shown, whiteouts) = model(&set, &changes);
        let listed = view.list(&set, 0, Width::Long).map(|(_, shown)| (shown.name.to_vec(), shown.ino));
        prop_assert_eq!(listed.collect::<BTreeMap<_, _>>(), shown.clone());
        prop_assert_eq!(view.len(&set), shown.len());
        prop_assert_eq!(view.is_empty(&set), shown.is_empty());
        let mut hidden: Vec<_> = view.whiteouts().map(<[u8]>::to_vec).collect();
        hidden.sort();
        prop_assert_eq!(hidden, whiteouts);

        // Positions rise; from each of them and between them the rest follows.
        for width in WIDTHS {
            let all = positions(&view, &set, 0, width);
            prop_assert_eq!(all.len(), shown.len());
            prop_assert!(all.is_sorted_by(|a, b| a.0 < b.0));
            prop_assert!(all.iter().all(|(pos, _)| (2..width.end()).contains(pos)));
            for (at, (pos, _)) in all.iter().enumerate() {
                prop_assert_eq!(positions(&view, &set, *pos, width), all[at..].to_vec());
                prop_assert_eq!(positions(&view, &set, pos + 1, width), all[at + 1..].to_vec());
            }
            prop_assert!(positions(&view, &set, width.end(), width).is_empty());
        }
        prop_assert!(positions(&view, &set, Width::Long.end(), Width::Short).is_empty());
    }

    #[test]
    fn a_position_is_the_name_s_own(before in changes(), after in changes(), short: bool) {
        let width = WIDTHS[usize::from(short)];
        let set = set(3);
        let mut view = View::new(&set);
        for it in &before {
            change(&mut view, &set, it);
        }
        let old: BTreeMap<_, _> =
            positions(&view, &set, 0, width).into_iter().map(|(p, n)| (n, p)).collect();
        for it in &after {
            change(&mut view, &set, it);
        }
        for (pos, name) in positions(&view, &set, 0, width) {
            prop_assert!(old.get(&name).is_none_or(|before| *before == pos));
        }
    }

    #[test]
    fn without_memory_nothing_changes(changes in changes(), n in 0usize..6) {
        let set = set(3);
        let mut view = View::new(&set);
        let mut done = Vec::new();
        fail_after(Some(n));
        for it in &changes {
            if change(&mut view, &set, it) {
                done.push(it.clone());
            }
        }
        fail_after(None);
        let (shown, _) = model(&set, &done);
        let listed = view.list(&set, 0, Width::Long).map(|(_, shown)| (shown.name.to_vec(), shown.ino));
        prop_assert_eq!(listed.collect::<BTreeMap<_, _>>(), shown.clone());
        prop_assert_eq!(view.len(&set), shown.len());
    }
}

/// Names that come and go do not gather as waste.
#[test]
fn memory_is_used_again() {
    let mut ordered = Ordered::new();
    for round in 0..100_000u32 {
        let name = format!("a name that is there for one round: {round}").into_bytes();
        let hash = hash::name(1, &name);
        ordered.insert(hash, &name, round).unwrap();
        assert_eq!(ordered.remove(hash, &name), Some(round));
    }
    assert!(ordered.memory() < 20_000, "{} bytes", ordered.memory());
}

#[test]
fn a_million_names_of_the_upper_layer() {
    let set = Fallthrus::empty(77);
    let mut view = View::new(&set);
    for number in 0..1_000_000u64 {
        let entry = ViewEntry::Object {
            ino: number,
            dt: DT_REG,
        };
        view.put(&set, number.to_string().as_bytes(), entry)
            .unwrap();
    }
    for width in WIDTHS {
        let positions: Vec<_> = view.list(&set, 0, width).map(|(pos, _)| pos).collect();
        assert!(positions.is_sorted_by(|a, b| a < b));
        assert_eq!(positions.len(), 1_000_000);
        assert!(positions.iter().all(|pos| *pos < width.end()));
    }
    assert!(view.memory() < 70_000_000, "{} bytes", view.memory());
}
