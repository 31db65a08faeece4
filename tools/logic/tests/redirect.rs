// SPDX-License-Identifier: GPL-2.0-only

//! Redirects against a model that knows no paths in layers: an absolute redirect leads to what the
//! layers beneath, as a union of their own, show at that place.

mod common;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;
use union_logic::entry::LayerEntry;
use union_logic::fallthru::Fallthrus;
use union_logic::mode::Kind;
use union_logic::resolve::{
    self, Astray, Course, CourseError, DataFrom, Hint, Layers, Redirection, Rules, MAX_PATH,
};
use union_logic::value;

const RULES: Rules = Rules {
    redirection: Redirection::Follow,
    data: DataFrom::Beneath,
};

/// The same layers, mounted with `redirect_dir=nofollow`.
const NOFOLLOW: Rules = Rules {
    redirection: Redirection::Forbid,
    ..RULES
};

/// A redirect is not followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Forbidden;

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

fn entry_of(node: Option<&Node>) -> LayerEntry {
    match node {
        None => LayerEntry::Absent,
        Some(Node::Whiteout) => LayerEntry::Whiteout,
        Some(Node::Leaf) => LayerEntry::of(Kind::Regular, false),
        Some(Node::Dir(dir)) => LayerEntry::of(Kind::Directory, dir.opaque),
    }
}

fn name(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("names of the test")
}

/// The layers, and the parts of a directory that are taken.
struct Walk<'w, 'a> {
    layers: &'a [Dir],
    parent: &'w Stack<'a>,
    looked_up: &'w str,
    taken: Vec<(usize, &'a Node)>,
    /// Names that were asked for along paths.
    steps: usize,
}

impl<'a> Layers for Walk<'_, 'a> {
    type Error = Forbidden;
    type Found = &'a Node;

    fn entry(&self, found: &&'a Node) -> LayerEntry {
        entry_of(Some(found))
    }

    fn redirect<'f>(&self, found: &'f &'a Node) -> Option<&'f [u8]> {
        match found {
            Node::Dir(dir) => dir.redirect.as_deref().map(str::as_bytes),
            Node::Whiteout | Node::Leaf => None,
        }
    }

    /// All layers are lower ones here.
    fn ask_upper(&mut self) -> Result<Option<&'a Node>, Forbidden> {
        Ok(None)
    }

    fn parent_layer(&self, index: usize) -> Option<u32> {
        self.parent.get(index).map(|(layer, _)| *layer as u32)
    }

    fn parent_from(&self, layer: u32) -> usize {
        let before = |(of, _): &&(usize, &Dir)| *of < layer as usize;
        self.parent.iter().take_while(before).count()
    }

    fn ask_lower(
        &mut self,
        index: usize,
        other: Option<&[u8]>,
    ) -> Result<Option<&'a Node>, Forbidden> {
        let name = other.map_or(self.looked_up, name);
        Ok(self.parent[index].1.entries.get(name))
    }

    fn root_from(&self, layer: u32) -> Option<u32> {
        ((layer as usize) < self.layers.len()).then_some(layer)
    }

    fn ask_path(
        &mut self,
        layer: u32,
        at: Option<&&'a Node>,
        component: &[u8],
    ) -> Result<Option<&'a Node>, Forbidden> {
        self.steps += 1;
        assert!(self.steps <= MAX_PATH, "no end");
        let dir = match at {
            None => &self.layers[layer as usize],
            Some(Node::Dir(dir)) => dir,
            Some(other) => panic!("into {other:?}"),
        };
        Ok(dir.entries.get(name(component)))
    }

    fn take_upper(&mut self, _found: &'a Node) -> Result<(), Forbidden> {
        panic!("there is none")
    }

    fn take_lower(&mut self, layer: u32, found: &'a Node) -> Result<(), Forbidden> {
        self.taken.push((layer as usize, found));
        Ok(())
    }

    fn data_at(&mut self, _path: &[u8]) -> Result<bool, Forbidden> {
        Ok(false)
    }

    fn hint_was_wrong(&mut self) {
        panic!("there are no hints")
    }

    fn astray(&self, why: Astray<'_>) -> Forbidden {
        match why {
            Astray::Forbidden(_) => Forbidden,
            other => panic!("{other:?}"),
        }
    }
}

/// Looks a name up: the parts of the directory that it shows.
fn lookup<'a>(layers: &'a [Dir], parent: &Stack<'a>, looked_up: &str) -> Stack<'a> {
    lookup_by(RULES, layers, parent, looked_up).expect("redirects are followed")
}

fn lookup_by<'a>(
    rules: Rules,
    layers: &'a [Dir],
    parent: &Stack<'a>,
    looked_up: &str,
) -> Result<Stack<'a>, Forbidden> {
    let mut walk = Walk {
        layers,
        parent,
        looked_up,
        taken: Vec::new(),
        steps: 0,
    };
    resolve::resolve(&mut walk, Hint::Unknown::<&Fallthrus>, rules)?;
    let dirs = walk
        .taken
        .into_iter()
        .filter_map(|(layer, node)| match node {
            Node::Dir(dir) => Some((layer, dir)),
            Node::Whiteout | Node::Leaf => None,
        });
    Ok(dirs.collect())
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

proptest! {
    #![proptest_config(common::config(3000))]

    /// A directory never looks as if what a redirect leads to were not there.
    #[test]
    fn what_is_not_followed_is_refused(layers in vec(dir(), 1..=5)) {
        let root: Stack<'_> = layers.iter().enumerate().collect();
        let mut dirs = vec![(Vec::new(), root)];
        while let Some((path, stack)) = dirs.pop() {
            if path.len() > 3 {
                continue;
            }
            for name in common::NAMES {
                let mut path = path.clone();
                path.push(name);
                let Ok(found) = lookup_by(NOFOLLOW, &layers, &stack, name) else {
                    continue;
                };
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
    let long = format!("/{}", "d/".repeat(MAX_PATH / 2 - 2) + "e");
    let mut course = Course::new();
    let redirect = value::redirect(long.as_bytes()).unwrap();
    assert_eq!(course.turn(redirect), Ok(()));
    let mut left = course.enter();
    let dir = LayerEntry::Directory { opaque: false };
    // The first component is replaced by a longer one again and again: each time a layer.
    let wide = "w".repeat(255);
    let redirect = value::redirect(wide.as_bytes()).unwrap();
    let refused = course.pass(&mut left, dir, Some(redirect));
    assert_eq!(refused, Err(CourseError::TooLong));
}
