// SPDX-License-Identifier: GPL-2.0-only

//! A naive union of trees in memory.
//!
//! It is the oracle of the tests of `rust/logic`, so it must be right at first sight, and it works
//! in another way: the logic asks the layers from the top down until it knows enough, the model
//! starts with an empty tree and lays one layer after the other over it, from the bottom up.
//!
//! * [`layer`]: what a layer stores, and the upper layer with a file system's rules for changing it.
//! * [`tree`]: what is seen, as a plain file system would have it, and the plain operations.
//! * [`Union`]: from the one to the other.
//! * [`bare`]: layers with files that have no data of their own, and with redirects.
//! * [`disk`]: one file on a file system that loses power.

pub mod bare;
pub mod disk;
pub mod layer;
pub mod tree;

use layer::{Dir, Node, Upper};
use tree::{Seen, Tree};

/// A path from the root, one name after the other.
pub type Path = [String];

/// An upper layer over any number of lower ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Union {
    pub upper: Upper,
    /// Topmost first.
    pub lowers: Vec<Dir>,
}

/// What a stack of layers shows; topmost layer first.
pub fn visible<'a>(layers: impl DoubleEndedIterator<Item = &'a Dir>) -> Tree {
    let mut tree = Tree::default();
    for layer in layers.rev() {
        let beneath = tree.clone();
        lay_over(&mut tree, layer, &beneath, Some(&[]));
    }
    tree
}

/// The place of the lower parts of a directory; `at` is that of its own directory.
fn place(at: Option<&Path>, name: &str, dir: &Dir) -> Option<Vec<String>> {
    match dir.redirect.as_deref() {
        _ if dir.opaque => None,
        Some(path) if path.starts_with('/') => {
            Some(path.split('/').skip(1).map(str::to_string).collect())
        }
        other => {
            let name = other.unwrap_or(name).to_string();
            Some([at?, &[name]].concat())
        }
    }
}

/// `beneath`: what the layers beneath show, of which the directory `layer` has what is `at` this place.
fn lay_over(tree: &mut Tree, layer: &Dir, beneath: &Tree, at: Option<&Path>) {
    for (name, node) in &layer.entries {
        match node {
            Node::Whiteout => {
                tree.entries.remove(name);
            }
            Node::Leaf(id) => {
                tree.entries.insert(name.clone(), Seen::Leaf(*id));
            }
            Node::Dir(dir) => {
                let at = place(at, name, dir);
                let mut below = match at.as_deref().and_then(|at| beneath.get(at)) {
                    Some(Seen::Dir(below)) => below.clone(),
                    _ => Tree::default(),
                };
                lay_over(&mut below, dir, beneath, at.as_deref());
                tree.entries.insert(name.clone(), Seen::Dir(below));
            }
        }
    }
}

impl Union {
    /// What the union shows.
    pub fn visible(&self) -> Tree {
        visible(std::iter::once(&self.upper.root).chain(&self.lowers))
    }

    /// What the lower layers would show at `path` if the upper layer held nothing there.
    pub fn below(&self, path: &Path) -> Option<Seen> {
        let mut without = self.clone();
        without.upper.root.take(path);
        without.visible().get(path).cloned()
    }

    /// What the lower layers hold for the directory at `path`, which the union shows; none if they hold nothing.
    pub fn lower_part(&self, path: &Path) -> Option<Tree> {
        let mut at = Some(Vec::new());
        for len in 1..=path.len() {
            let name = &path[len - 1];
            at = match self.upper.root.get(&path[..len]) {
                Some(Node::Dir(dir)) => place(at.as_deref(), name, dir),
                _ => at.map(|at| [&at[..], std::slice::from_ref(name)].concat()),
            };
        }
        match visible(self.lowers.iter()).get(&at?) {
            Some(Seen::Dir(tree)) => Some(tree.clone()),
            _ => None,
        }
    }

    /// Makes the parents of `path`, which the union shows, exist in the upper layer.
    pub fn copy_up_parents(&mut self, path: &Path) {
        for len in 1..path.len() {
            if self.upper.root.get(&path[..len]).is_none() {
                self.upper.root.put(&path[..len], Node::Dir(Dir::default()));
            }
        }
    }

    /// Makes the leaf at `path`, which the union shows, exist in the upper layer.
    pub fn copy_up(&mut self, path: &Path) {
        let Some(&Seen::Leaf(id)) = self.visible().get(path) else {
            panic!("{path:?}: no leaf to copy up");
        };
        self.upper.root.put(path, Node::Leaf(id));
        self.upper.copies.insert(id);
        match path.split_last() {
            None | Some((_, [])) => self.upper.root.impure = true,
            Some((_, parent)) => self.upper.root.dir_mut(parent).impure = true,
        }
    }

    /// Panics if an inode number of a lower object is in an unexpected place: in a directory that
    /// is not marked impure, or on an object that has moved and has not reserved it.
    pub fn check_numbers(&self) {
        self.check_numbers_in(&self.upper.root, &mut Vec::new());
    }

    fn check_numbers_in(&self, dir: &Dir, path: &mut Vec<String>) {
        for (name, node) in &dir.entries {
            path.push(name.clone());
            match node {
                Node::Whiteout => {}
                Node::Dir(dir) => self.check_numbers_in(dir, path),
                Node::Leaf(id) if self.upper.copies.contains(id) => {
                    assert!(dir.impure, "{path:?}: in a directory that is not impure");
                    let is_home = self.below(path) == Some(Seen::Leaf(*id));
                    let is_reserved = self.upper.reserved.contains(id);
                    assert!(
                        is_home || is_reserved,
                        "{path:?}: its number is not its own"
                    );
                }
                Node::Leaf(_) => {}
            }
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir<const N: usize>(entries: [(&str, Node); N]) -> Dir {
        let entries = entries.map(|(name, node)| (name.to_string(), node));
        Dir {
            entries: entries.into(),
            ..Dir::default()
        }
    }

    fn tree<const N: usize>(entries: [(&str, Seen); N]) -> Tree {
        Tree {
            entries: entries.map(|(name, seen)| (name.to_string(), seen)).into(),
        }
    }

    #[test]
    fn upper_entries_win_and_directories_merge() {
        let lower = dir([
            (
                "etc",
                Node::Dir(dir([("a", Node::Leaf(1)), ("b", Node::Leaf(2))])),
            ),
            ("f", Node::Leaf(3)),
            ("gone", Node::Leaf(4)),
        ]);
        let upper = dir([
            ("etc", Node::Dir(dir([("b", Node::Leaf(5))]))),
            ("f", Node::Dir(dir([]))),
            ("gone", Node::Whiteout),
        ]);
        let etc = tree([("a", Seen::Leaf(1)), ("b", Seen::Leaf(5))]);
        let expected = tree([("etc", Seen::Dir(etc)), ("f", Seen::Dir(tree([])))]);
        assert_eq!(visible([&upper, &lower].into_iter()), expected);
    }

    #[test]
    fn an_opaque_directory_starts_afresh() {
        let lower = dir([("d", Node::Dir(dir([("a", Node::Leaf(1))])))]);
        let mut opaque = dir([("b", Node::Leaf(2))]);
        opaque.opaque = true;
        let upper = dir([("d", Node::Dir(opaque))]);
        let d = tree([("b", Seen::Leaf(2))]);
        let expected = tree([("d", Seen::Dir(d))]);
        assert_eq!(visible([&upper, &lower].into_iter()), expected);
    }
}
