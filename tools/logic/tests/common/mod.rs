// SPDX-License-Identifier: GPL-2.0-only

//! Random layers for the property tests.

#![allow(dead_code)]

pub(crate) mod host;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use union_model::layer::{Dir, Node, Upper};
use union_model::Union;

/// So few names that the layers meet in most of them.
pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];
/// How deep the trees are.
pub(crate) const DEPTH: u32 = 3;

pub(crate) fn name() -> impl Strategy<Value = String> {
    prop::sample::select(&NAMES[..]).prop_map(str::to_string)
}

/// `cases` random cases; those that fail are printed, not kept in files.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_global_rejects: cases * 10,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A directory of a layer.
pub(crate) fn dir() -> impl Strategy<Value = Dir> {
    dir_with(Just(None))
}

/// One with redirects: of every directory that was moved, and of those whose lower parts are gone since.
pub(crate) fn moved_dir() -> impl Strategy<Value = Dir> {
    let absolute = vec(name(), 1..=2).prop_map(|path| format!("/{}", path.join("/")));
    dir_with(prop_oneof![
        3 => Just(None),
        1 => name().prop_map(Some),
        1 => absolute.prop_map(Some),
    ])
}

fn dir_with(
    redirect: impl Strategy<Value = Option<String>> + Clone + 'static,
) -> impl Strategy<Value = Dir> {
    let node = prop_oneof![Just(Node::Whiteout), any::<u32>().prop_map(Node::Leaf)];
    let entry = node.prop_recursive(DEPTH - 1, 12, 3, move |node| {
        let entries = btree_map(name(), node, 0..=3);
        prop_oneof![
            1 => Just(Node::Whiteout),
            1 => any::<u32>().prop_map(Node::Leaf),
            4 => (prop::bool::weighted(0.25), redirect.clone(), entries).prop_map(
                |(opaque, redirect, entries)| {
                    Node::Dir(Dir { opaque, redirect, entries, ..Dir::default() })
                }
            ),
        ]
    });
    btree_map(name(), entry, 0..=3).prop_map(|entries| Dir {
        entries,
        ..Dir::default()
    })
}

/// A stack of layers, topmost first.
pub(crate) fn layers() -> impl Strategy<Value = Vec<Dir>> {
    vec(dir(), 1..=4)
}

/// A union with nothing in its work directory.
pub(crate) fn union() -> impl Strategy<Value = Union> {
    union_over(dir())
}

fn union_over(root: impl Strategy<Value = Dir>) -> impl Strategy<Value = Union> {
    (root, vec(dir(), 1..=3)).prop_map(|(root, lowers)| Union {
        upper: Upper {
            root,
            ..Upper::default()
        },
        lowers,
    })
}

/// A union, and `N` paths in directories that it shows; their last names may or may not be there.
pub(crate) fn union_and_paths<const N: usize>() -> impl Strategy<Value = (Union, [Vec<String>; N])>
{
    with_paths(union())
}

/// The same, with [redirects](moved_dir) in the upper layer.
pub(crate) fn moved_union_and_paths<const N: usize>(
) -> impl Strategy<Value = (Union, [Vec<String>; N])> {
    with_paths(union_over(moved_dir()))
}

fn with_paths<const N: usize>(
    union: impl Strategy<Value = Union>,
) -> impl Strategy<Value = (Union, [Vec<String>; N])> {
    let choice = (any::<Index>(), name());
    (union, vec(choice, N)).prop_map(|(union, choices)| {
        let dirs = union.visible().dirs();
        let paths = choices.into_iter().map(|(dir, name)| {
            let mut path = dir.get(&dirs).clone();
            path.push(name);
            path
        });
        let paths: Vec<_> = paths.collect();
        (union, paths.try_into().unwrap())
    })
}
