// SPDX-License-Identifier: GPL-2.0-only

//! Redirects against a model that knows no paths in layers: an absolute redirect leads to what the
//! layers beneath, as a union of their own, show at that place.

mod common;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;
use union_logic::entry::{Entry, Kind};
use union_logic::lookup::{Outcome, Resolver};
use union_logic::redirect::{Ask, Course, Refused, Way, LONGEST};
use union_logic::value::{self, Redirect};

#[derive(Clone, Debug, Default)]
struct Dir {
    opaque: bool,
    redirect: Option<String>,
    entries: BTreeMap<String, Node>,
}

#[derive(Clone, Debug)]
enum Node {
    Whiteout,
    Leaf,
    Dir(Dir),
}

/// A directory's parts: the layer, and the directory there.
type Stack<'a> = Vec<(usize, &'a Dir)>;

fn redirect_of(dir: &Dir) -> Option<Redirect<'_>> {
    let to = dir.redirect.as_ref()?;
    Some(value::redirect(to.as_bytes()).expect("a good redirect"))
}

/// The model: what the layers from `first` on show at `path`, the parts of a directory.
fn parts<'a>(layers: &'a [Dir], first: usize, path: &[&str]) -> Stack<'a> {
    let Some((name, parents)) = path.split_last() else {
        return layers.iter().enumerate().skip(first).collect();
    };
    let mut name = name.to_string();
    let mut taken = Stack::new();
    for (layer, parent) in parts(layers, first, parents) {
        let dir = match parent.entries.get(&name) {
            None => continue,
            Some(Node::Whiteout | Node::Leaf) => break,
            Some(Node::Dir(dir)) => dir,
        };
        taken.push((layer, dir));
        if dir.opaque {
            break;
        }
        match dir.redirect.as_deref() {
            None => {}
            Some(to) => match to.strip_prefix('/') {
                Some(path) => {
                    let path: Vec<&str> = path.split('/').collect();
                    taken.extend(parts(layers, layer + 1, &path));
                    break;
                }
                None => name = to.to_string(),
            },
        }
    }
    taken
}

fn entry_of(node: Option<&Node>) -> Entry {
    match node {
        None => Entry::Absent,
        Some(Node::Whiteout) => Entry::Whiteout,
        Some(Node::Leaf) => Entry::of(Kind::Regular, false),
        Some(Node::Dir(dir)) => Entry::of(Kind::Directory, dir.opaque),
    }
}

fn name(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("names of the test")
}

/// Walks one layer along the path of the course.
fn follow<'a>(course: &mut Course, root: &'a Dir) -> Option<&'a Node> {
    let mut dir = root;
    let mut left = course.enter();
    let mut steps = 0;
    while let Some(component) = course.component(left) {
        steps += 1;
        assert!(steps <= LONGEST, "no end");
        let node = dir.entries.get(name(component.name));
        if component.is_last {
            return node;
        }
        let redirect = match node {
            Some(Node::Dir(dir)) => redirect_of(dir),
            _ => None,
        };
        match course.pass(&mut left, entry_of(node), redirect) {
            Ok(Way::Into) => match node {
                Some(Node::Dir(into)) => dir = into,
                other => panic!("into {other:?}"),
            },
            Ok(Way::Out) => return None,
            Err(refused) => panic!("{refused:?}"),
        }
    }
    panic!("a path without an end");
}

/// Looks a name up as the file system does: layer by layer, each asked once.
fn lookup<'a>(layers: &'a [Dir], parent: &Stack<'a>, looked_up: &str) -> Stack<'a> {
    let mut resolver = Resolver::new();
    let mut course = Course::new();
    let mut taken = Stack::new();
    let mut next = 0;
    while next < layers.len() && !course.has_ended() {
        let node = match course.ask() {
            Ask::Path => follow(&mut course, &layers[next]),
            ask => {
                let Some(&(layer, dir)) = parent.iter().find(|(layer, _)| *layer >= next) else {
                    break;
                };
                next = layer;
                match ask {
                    Ask::Other(other) => dir.entries.get(name(other)),
                    _ => dir.entries.get(looked_up),
                }
            }
        };
        let step = resolver.feed(entry_of(node));
        if let (true, Some(Node::Dir(dir))) = (step.taken(), node) {
            taken.push((next, dir));
            if let Some(to) = redirect_of(dir).filter(|_| step.more()) {
                course.turn(to).expect("a short redirect");
            }
        }
        if !step.more() {
            break;
        }
        next += 1;
    }
    match resolver.outcome() {
        Outcome::Directory => taken,
        _ => Stack::new(),
    }
}

fn places(stack: &Stack<'_>) -> Vec<(usize, *const Dir)> {
    let place = |&(layer, dir): &(usize, &Dir)| (layer, std::ptr::from_ref(dir));
    stack.iter().map(place).collect()
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        common::name(),
        vec(common::name(), 1..=3).prop_map(|path| format!("/{}", path.join("/"))),
    ]
}

fn dir() -> impl Strategy<Value = Dir> {
    let node = prop_oneof![1 => Just(Node::Whiteout), 1 => Just(Node::Leaf)];
    let entry = node.prop_recursive(3, 24, 3, |node| {
        let dir = (
            prop::bool::weighted(0.2),
            prop::option::weighted(0.4, target()),
            btree_map(common::name(), node, 0..=3),
        );
        dir.prop_map(|(opaque, redirect, entries)| {
            Node::Dir(Dir {
                opaque,
                redirect,
                entries,
            })
        })
    });
    btree_map(common::name(), entry, 1..=3).prop_map(|entries| Dir {
        entries,
        ..Dir::default()
    })
}

proptest! {
    #![proptest_config(common::config(3000))]

    #[test]
    fn a_course_leads_where_the_union_beneath_leads(layers in vec(dir(), 1..=5)) {
        let root: Stack<'_> = layers.iter().enumerate().collect();
        let mut dirs = vec![(Vec::new(), root)];
        while let Some((path, stack)) = dirs.pop() {
            if path.len() > 3 {
                continue;
            }
            for name in common::NAMES {
                let mut path = path.clone();
                path.push(name);
                let found = lookup(&layers, &stack, name);
                prop_assert_eq!(
                    places(&found),
                    places(&parts(&layers, 0, &path)),
                    "{:?}",
                    path
                );
                if !found.is_empty() {
                    dirs.push((path, found));
                }
            }
        }
    }
}

/// A directory with these entries.
fn of<const N: usize>(entries: [(&str, Node); N]) -> Dir {
    let entries = entries.map(|(name, node)| (name.to_string(), node));
    Dir {
        entries: entries.into(),
        ..Dir::default()
    }
}

fn to(redirect: &str, dir: Dir) -> Node {
    Node::Dir(Dir {
        redirect: Some(redirect.to_string()),
        ..dir
    })
}

/// The layers in which the parts of `/x` are, where the topmost layer has it with a redirect to `/a/b`.
fn layers_of_x(lowers: &[Dir]) -> Vec<usize> {
    let layers = [&[of([("x", to("/a/b", of([])))])], lowers].concat();
    let root = layers.iter().enumerate().collect();
    let found = lookup(&layers, &root, "x");
    found.into_iter().map(|(layer, _)| layer).collect()
}

#[test]
fn what_stands_in_the_way_counts() {
    let b = || of([("b", Node::Dir(of([])))]);
    let plain = of([("a", Node::Dir(b()))]);
    let opaque = of([(
        "a",
        Node::Dir(Dir {
            opaque: true,
            ..b()
        }),
    )]);
    let whiteout = of([("a", Node::Whiteout)]);
    let file = of([("a", Node::Leaf)]);
    assert_eq!(layers_of_x(&[plain.clone(), plain.clone()]), [0, 1, 2]);
    assert_eq!(layers_of_x(&[opaque, plain.clone()]), [0, 1]);
    assert_eq!(layers_of_x(&[whiteout, plain.clone()]), [0]);
    assert_eq!(layers_of_x(&[file, plain.clone()]), [0]);
    let moved = of([("a", to("/old", b()))]);
    let old = of([("old", Node::Dir(b()))]);
    assert_eq!(layers_of_x(&[moved.clone(), old]), [0, 1, 2]);
    assert_eq!(layers_of_x(&[moved, plain]), [0, 1]);
    // An absolute redirect below an opaque directory leads out of it.
    let again = to("/old", of([]));
    let opaque = Dir {
        opaque: true,
        ..of([("b", again)])
    };
    let opaque = of([("a", Node::Dir(opaque))]);
    let old = of([("old", Node::Dir(of([])))]);
    assert_eq!(layers_of_x(&[opaque, old]), [0, 1, 2]);
}

#[test]
fn a_path_does_not_grow_for_ever() {
    let long = format!("/{}", "d/".repeat(LONGEST / 2 - 2) + "e");
    let mut course = Course::new();
    let redirect = value::redirect(long.as_bytes()).unwrap();
    assert_eq!(course.turn(redirect), Ok(()));
    let mut left = course.enter();
    let dir = Entry::Directory { opaque: false };
    // The first component is replaced by a longer one again and again: each time a layer.
    let wide = "w".repeat(255);
    let redirect = value::redirect(wide.as_bytes()).unwrap();
    let refused = course.pass(&mut left, dir, Some(redirect));
    assert_eq!(refused, Err(Refused::TooLong));
}
