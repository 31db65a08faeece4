// SPDX-License-Identifier: GPL-2.0-only

//! Layers with *bare* files, whose data are in a layer beneath, and with redirects.
//!
//! * [`overlay`]: what overlayfs finds in them.
//! * [`plain`]: what is seen, and what calls do to it, on a plain file system.

pub mod overlay;
pub mod plain;

use crate::Path;
use plain::{Seen, Tree};
use std::collections::BTreeMap;

/// A layer. The names of a file have its number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layer {
    pub root: Dir,
    pub files: Vec<File>,
}

/// A directory of a layer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dir {
    pub opaque: bool,
    pub redirect: Option<String>,
    pub entries: BTreeMap<String, Node>,
}

/// What a layer has under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    Whiteout,
    /// Neither a file nor a directory.
    Special,
    File(usize),
    Dir(Dir),
}

/// A file of a layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    pub attributes: u32,
    /// None: it is bare.
    pub data: Option<u32>,
    pub redirect: Option<String>,
}

/// What is found under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found<'a> {
    Nothing,
    /// The parts of a directory, by their layer.
    Dir(Vec<(usize, &'a Dir)>),
    /// A file.
    File {
        /// Its layer and number.
        at: (usize, usize),
        data: Data,
    },
    /// Something else, in a layer.
    Special(usize),
}

/// Where the data of a file are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Data {
    /// In this file of a layer.
    In(usize, usize),
    /// At a path in the data-only layers.
    At(String),
    /// Nowhere.
    Missing,
}

impl Dir {
    /// What is at `path`.
    pub fn get(&self, path: &Path) -> Option<&Node> {
        let (name, parents) = path.split_last()?;
        parents
            .iter()
            .try_fold(self, |dir, name| match dir.entries.get(name)? {
                Node::Dir(dir) => Some(dir),
                _ => None,
            })?
            .entries
            .get(name)
    }

    /// The directory at `path`; panics if there is none.
    pub fn dir_mut(&mut self, path: &Path) -> &mut Dir {
        path.iter()
            .fold(self, |dir, name| match dir.entries.get_mut(name) {
                Some(Node::Dir(dir)) => dir,
                other => panic!("{path:?}: a directory is needed, not {other:?}"),
            })
    }

    /// Puts `node` to `path`, or nothing; returns what was there.
    pub fn put(&mut self, path: &Path, node: Option<Node>) -> Option<Node> {
        let (name, parents) = path.split_last().expect("not the root");
        let dir = self.dir_mut(parents);
        match node {
            Some(node) => dir.entries.insert(name.clone(), node),
            None => dir.entries.remove(name),
        }
    }

    /// How many names the file has.
    pub fn links(&self, file: usize) -> usize {
        let links = self.entries.values().map(|node| match node {
            Node::File(number) => usize::from(*number == file),
            Node::Dir(dir) => dir.links(file),
            Node::Whiteout | Node::Special => 0,
        });
        links.sum()
    }
}

/// What layers show, topmost first; `look_up` finds a name in a directory, of which it is given the
/// parts.
pub fn read<'a, L>(layers: &'a [Layer], look_up: &L) -> Tree
where
    L: Fn(&[(usize, &'a Dir)], &str) -> Found<'a>,
{
    let root: Vec<_> = layers.iter().map(|layer| &layer.root).enumerate().collect();
    read_dir(layers, &root, look_up)
}

fn read_dir<'a, L>(layers: &'a [Layer], parts: &[(usize, &'a Dir)], look_up: &L) -> Tree
where
    L: Fn(&[(usize, &'a Dir)], &str) -> Found<'a>,
{
    let mut tree = Tree::new();
    for name in parts.iter().flat_map(|(_, dir)| dir.entries.keys()) {
        if tree.contains_key(name) {
            continue;
        }
        let seen = match look_up(parts, name) {
            Found::Nothing => continue,
            Found::Dir(parts) => Seen::Dir(read_dir(layers, &parts, look_up)),
            Found::Special(_) => Seen::Special,
            Found::File { at, data } => Seen::File {
                attributes: layers[at.0].files[at.1].attributes,
                data: match data {
                    Data::In(layer, file) => layers[layer].files[file].data,
                    Data::At(_) | Data::Missing => None,
                },
            },
        };
        tree.insert(name.clone(), seen);
    }
    tree
}
