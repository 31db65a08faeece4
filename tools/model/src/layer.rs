// SPDX-License-Identifier: GPL-2.0-only

//! What a layer stores, and the rules of the file system that stores the upper layer.

use crate::Path;
use std::collections::{BTreeMap, BTreeSet};

/// A directory of one layer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dir {
    pub opaque: bool,
    /// Entries may carry the inode number of a lower object.
    pub impure: bool,
    /// Where its lower parts are: a name in those of its directory, or a path from the root with a slash
    /// before each name.
    pub redirect: Option<String>,
    pub entries: BTreeMap<String, Node>,
}

/// What a layer stores under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    Whiteout,
    Leaf(u32),
    Dir(Dir),
}

impl Dir {
    fn parent(&self, path: &Path) -> Option<&Dir> {
        let (_, parents) = path.split_last()?;
        parents
            .iter()
            .try_fold(self, |dir, name| match dir.entries.get(name) {
                Some(Node::Dir(dir)) => Some(dir),
                _ => None,
            })
    }

    fn parent_mut(&mut self, path: &Path) -> Option<&mut Dir> {
        let (_, parents) = path.split_last()?;
        parents
            .iter()
            .try_fold(self, |dir, name| match dir.entries.get_mut(name) {
                Some(Node::Dir(dir)) => Some(dir),
                _ => None,
            })
    }

    pub fn get(&self, path: &Path) -> Option<&Node> {
        self.parent(path)?.entries.get(path.last()?)
    }

    /// The directory at `path`; panics if there is none.
    pub fn dir_mut(&mut self, path: &Path) -> &mut Dir {
        let name = path.last().expect("not the root");
        match self
            .parent_mut(path)
            .and_then(|dir| dir.entries.get_mut(name))
        {
            Some(Node::Dir(dir)) => dir,
            other => panic!("{path:?}: a directory is needed, not {other:?}"),
        }
    }

    /// Removes what is at `path`, with all in it, and returns it.
    pub fn take(&mut self, path: &Path) -> Option<Node> {
        self.parent_mut(path)?.entries.remove(path.last()?)
    }

    /// Puts `node` to `path`, in the place of what is there; panics without a parent directory.
    pub fn put(&mut self, path: &Path, node: Node) {
        let parent = self.parent_mut(path).expect("a parent directory");
        parent
            .entries
            .insert(path.last().expect("a name").clone(), node);
    }
}

/// A place in the file system of the upper layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'a> {
    /// A name in the work directory.
    Work(u32),
    /// A name in the upper layer.
    Upper(&'a Path),
}

/// How to rename.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flag {
    None,
    Exchange,
    Whiteout,
}

/// The upper layer and the work directory, on one file system. Its operations have the rules of any
/// file system, and panic where that would refuse: an operation must not get there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Upper {
    pub root: Dir,
    pub work: BTreeMap<u32, Node>,
    /// The leaves that carry the inode number of the lower object they were copied from.
    pub copies: BTreeSet<u32>,
    /// Of these, the ones whose number is reserved for them.
    pub reserved: BTreeSet<u32>,
}

impl Upper {
    pub fn get(&self, place: Place<'_>) -> Option<&Node> {
        match place {
            Place::Work(name) => self.work.get(&name),
            Place::Upper(path) => self.root.get(path),
        }
    }

    fn take(&mut self, place: Place<'_>) -> Option<Node> {
        match place {
            Place::Work(name) => self.work.remove(&name),
            Place::Upper(path) => self.root.take(path),
        }
    }

    fn put(&mut self, place: Place<'_>, node: Node) {
        match place {
            Place::Work(name) => {
                self.work.insert(name, node);
            }
            Place::Upper(path) => self.root.put(path, node),
        }
    }

    /// Makes an object where nothing is.
    pub fn make(&mut self, place: Place<'_>, node: Node) {
        assert_eq!(self.get(place), None, "{place:?}: exists");
        self.put(place, node);
    }

    /// Removes a leaf or a whiteout.
    pub fn unlink(&mut self, place: Place<'_>) {
        let node = self.take(place);
        assert!(
            matches!(node, Some(Node::Leaf(_) | Node::Whiteout)),
            "{place:?}: unlink of {node:?}"
        );
    }

    /// Removes a directory in which the layer stores nothing.
    pub fn rmdir(&mut self, place: Place<'_>) {
        let node = self.take(place);
        assert!(
            matches!(&node, Some(Node::Dir(dir)) if dir.entries.is_empty()),
            "{place:?}: rmdir of {node:?}"
        );
    }

    pub fn rename(&mut self, from: Place<'_>, to: Place<'_>, flag: Flag) {
        let moved = self
            .take(from)
            .unwrap_or_else(|| panic!("{from:?}: nothing to rename"));
        let target = self.take(to);
        match flag {
            Flag::Exchange => {
                let target = target.unwrap_or_else(|| panic!("{to:?}: nothing to exchange"));
                self.put(from, target);
            }
            Flag::None | Flag::Whiteout => {
                match (&moved, &target) {
                    (_, None) => (),
                    (Node::Dir(_), Some(Node::Dir(dir))) => {
                        assert!(dir.entries.is_empty(), "{to:?}: not empty: {dir:?}");
                    }
                    (Node::Dir(_), Some(_)) | (_, Some(Node::Dir(_))) => {
                        panic!("{to:?}: {moved:?} cannot replace {target:?}")
                    }
                    _ => (),
                }
                if flag == Flag::Whiteout {
                    self.put(from, Node::Whiteout);
                }
            }
        }
        self.put(to, moved);
    }
}
