// SPDX-License-Identifier: GPL-2.0-only

//! Name resolution against the model, over whole trees.

mod common;

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use union_logic::entry::{Entry, Kind};
use union_logic::lookup::{Outcome, Resolver};
use union_model::layer::{Dir, Node};
use union_model::tree::{Seen, Tree};

fn entry_of(node: Option<&Node>) -> Entry {
    match node {
        None => Entry::Absent,
        Some(Node::Whiteout) => Entry::Whiteout,
        Some(Node::Leaf(_)) => Entry::of(Kind::Regular, false),
        Some(Node::Dir(dir)) => Entry::of(Kind::Directory, dir.opaque),
    }
}

/// Resolves `name` in the union stack; returns what it shows, asking no more layers than needed.
fn resolve(stack: &[&Dir], name: &str) -> Option<Seen> {
    let mut resolver = Resolver::new();
    let mut taken = Vec::new();
    for dir in stack {
        let node = dir.entries.get(name);
        let step = resolver.feed(entry_of(node));
        if step.taken() {
            taken.push(node.unwrap());
        }
        if !step.more() {
            break;
        }
    }
    match resolver.outcome() {
        Outcome::Absent(_) => {
            assert!(taken.is_empty());
            None
        }
        Outcome::Leaf(Kind::Regular) => match taken[..] {
            [&Node::Leaf(id)] => Some(Seen::Leaf(id)),
            _ => panic!("a leaf is shown, but taken is {taken:?}"),
        },
        Outcome::Leaf(kind) => panic!("there are no {kind:?}"),
        Outcome::Directory => {
            let dirs = taken.into_iter().map(|node| match node {
                Node::Dir(dir) => dir,
                node => panic!("{node:?} in the union stack of a directory"),
            });
            Some(Seen::Dir(walk(&dirs.collect::<Vec<_>>())))
        }
    }
}

/// Resolves every name of every layer of the union stack, and so on below.
fn walk(stack: &[&Dir]) -> Tree {
    let names: BTreeSet<&String> = stack.iter().flat_map(|dir| dir.entries.keys()).collect();
    let entries: BTreeMap<_, _> = names
        .into_iter()
        .filter_map(|name| Some((name.clone(), resolve(stack, name)?)))
        .collect();
    Tree { entries }
}

proptest! {
    #![proptest_config(common::config(2000))]

    #[test]
    fn top_down_and_bottom_up_show_the_same(layers in common::layers()) {
        let stack: Vec<&Dir> = layers.iter().collect();
        prop_assert_eq!(walk(&stack), union_model::visible(layers.iter()));
    }
}
