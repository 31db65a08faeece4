// SPDX-License-Identifier: GPL-2.0-only

//! Name resolution against the model, over whole trees.

mod common;

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use union_logic::entry::LayerEntry;
use union_logic::fallthru::Fallthrus;
use union_logic::mode::Kind;
use union_logic::resolve::{self, Astray, DataFrom, Hint, Layers, Redirection, Resolved, Rules};
use union_model::layer::{Dir, Node};
use union_model::tree::{Seen, Tree};

const RULES: Rules = Rules {
    redirection: Redirection::Follow,
    data: DataFrom::Beneath,
};

fn entry_of(node: Option<&Node>) -> LayerEntry {
    match node {
        None => LayerEntry::Absent,
        Some(Node::Whiteout) => LayerEntry::Whiteout,
        Some(Node::Leaf(_)) => LayerEntry::of(Kind::Regular, false),
        Some(Node::Dir(dir)) => LayerEntry::of(Kind::Directory, dir.opaque),
    }
}

/// A directory's parts in the layers, the first of which is the upper one, and those that are taken.
struct Stack<'a> {
    dirs: &'a [&'a Dir],
    name: &'a str,
    hint_was_wrong: bool,
    /// The parts that were asked.
    asked: Vec<usize>,
    taken: Vec<&'a Node>,
}

impl<'a> Stack<'a> {
    fn ask(&mut self, index: usize) -> Option<&'a Node> {
        assert!(
            !self.asked.contains(&index) || self.hint_was_wrong,
            "asked twice"
        );
        self.asked.push(index);
        self.dirs.get(index)?.entries.get(self.name)
    }
}

impl<'a> Layers for Stack<'a> {
    type Error = Infallible;
    type Found = &'a Node;

    fn entry(&self, found: &&'a Node) -> LayerEntry {
        entry_of(Some(found))
    }

    fn redirect<'f>(&self, _found: &'f &'a Node) -> Option<&'f [u8]> {
        None
    }

    fn ask_upper(&mut self) -> Result<Option<&'a Node>, Infallible> {
        Ok(self.ask(0))
    }

    fn parent_layer(&self, index: usize) -> Option<u32> {
        (index + 1 < self.dirs.len()).then_some(index as u32)
    }

    fn parent_from(&self, layer: u32) -> usize {
        layer as usize
    }

    fn ask_lower(
        &mut self,
        index: usize,
        name: Option<&[u8]>,
    ) -> Result<Option<&'a Node>, Infallible> {
        assert_eq!(name, None);
        Ok(self.ask(index + 1))
    }

    fn root_from(&self, _layer: u32) -> Option<u32> {
        panic!("there are no redirects")
    }

    fn ask_path(
        &mut self,
        _layer: u32,
        _at: Option<&&'a Node>,
        _name: &[u8],
    ) -> Result<Option<&'a Node>, Infallible> {
        panic!("there are no redirects")
    }

    fn take_upper(&mut self, found: &'a Node) -> Result<(), Infallible> {
        self.taken.push(found);
        Ok(())
    }

    fn take_lower(&mut self, _layer: u32, found: &'a Node) -> Result<(), Infallible> {
        self.taken.push(found);
        Ok(())
    }

    fn data_at(&mut self, _path: &[u8]) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn hint_was_wrong(&mut self) {
        self.hint_was_wrong = true;
    }

    fn astray(&self, why: Astray<'_>) -> Infallible {
        panic!("{why:?}")
    }
}

/// Resolves `name` in the union stack; returns what it shows.
fn resolve(dirs: &[&Dir], name: &str) -> Option<Seen> {
    let mut stack = Stack {
        dirs,
        name,
        hint_was_wrong: false,
        asked: Vec::new(),
        taken: Vec::new(),
    };
    let Ok(resolved) = resolve::resolve(&mut stack, Hint::Unknown::<&Fallthrus>, RULES);
    match (resolved, &stack.taken[..]) {
        (Resolved::Absent, []) => None,
        (Resolved::InPlace, [Node::Leaf(id)]) => Some(Seen::Leaf(*id)),
        (Resolved::InPlace, dirs) => {
            let dirs = dirs.iter().map(|node| match node {
                Node::Dir(dir) => dir,
                node => panic!("{node:?} in the union stack of a directory"),
            });
            Some(Seen::Dir(walk(&dirs.collect::<Vec<_>>())))
        }
        other => panic!("{other:?}"),
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

/// A hint leaves layers out and changes nothing else; a wrong one is noticed where it can be.
mod hints {
    use super::*;
    use union_logic::merge::{Merge, Seen as In};

    /// What is known of the lower layers of a stack.
    fn set(lowers: &[&Dir]) -> Fallthrus {
        let mut merge = Merge::with_key(1);
        for (layer, dir) in (0..).zip(lowers) {
            for (name, node) in &dir.entries {
                let (dt, seen) = match node {
                    Node::Dir(_) => (4, In::Name),
                    Node::Leaf(_) => (8, In::Name),
                    Node::Whiteout => (2, In::Whiteout),
                };
                merge.add(layer, name.as_bytes(), 1, dt, seen).unwrap();
            }
        }
        merge.finish().unwrap()
    }

    fn resolve_by<'a>(
        dirs: &'a [&'a Dir],
        name: &'a str,
        hint: Hint<&Fallthrus>,
    ) -> (Resolved, Stack<'a>) {
        let mut stack = Stack {
            dirs,
            name,
            hint_was_wrong: false,
            asked: Vec::new(),
            taken: Vec::new(),
        };
        let Ok(resolved) = resolve::resolve(&mut stack, hint, RULES);
        (resolved, stack)
    }

    proptest! {
        #![proptest_config(common::config(2000))]

        #[test]
        fn a_hint_changes_only_who_is_asked(layers in common::layers()) {
            let dirs: Vec<&Dir> = layers.iter().collect();
            let set = set(&dirs[1..]);
            for name in common::NAMES {
                let hint = match set.find(name.as_bytes()) {
                    Some(index) => Hint::Lower(&set, index),
                    None => Hint::Upper,
                };
                let (shown, plain) = resolve_by(&dirs, name, Hint::Unknown::<&Fallthrus>);
                let (hinted, with) = resolve_by(&dirs, name, hint);
                prop_assert_eq!((shown, &plain.taken), (hinted, &with.taken));
                prop_assert!(!with.hint_was_wrong);
                prop_assert!(with.asked.iter().all(|index| plain.asked.contains(index)));
            }
        }

        /// Another directory has come to be the first lower one.
        #[test]
        fn a_layer_that_has_lost_a_name_is_noticed(layers in common::layers()) {
            let dirs: Vec<&Dir> = layers.iter().collect();
            let set = set(&dirs[1..]);
            let empty = Dir::default();
            for name in common::NAMES {
                let Some(index) = set.find(name.as_bytes()) else { continue };
                let Some(first) = set.layers(index).next() else { continue };
                let mut dirs = dirs.clone();
                dirs[first as usize + 1] = &empty;
                let (shown, plain) = resolve_by(&dirs, name, Hint::Unknown::<&Fallthrus>);
                let (hinted, with) = resolve_by(&dirs, name, Hint::Lower(&set, index));
                prop_assert_eq!((shown, &plain.taken), (hinted, &with.taken));
                let was_asked = with.asked.contains(&(first as usize + 1));
                prop_assert_eq!(with.hint_was_wrong, was_asked);
            }
        }
    }
}
