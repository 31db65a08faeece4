// SPDX-License-Identifier: GPL-2.0-only

//! A plain file system: what is seen, and what the calls do to it.

use super::{Dir, Layer, Node};
use crate::Path;
use std::collections::BTreeMap;

/// A directory as it is seen.
pub type Tree = BTreeMap<String, Seen>;

/// What is seen under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Neither a file nor a directory.
    Special,
    File {
        attributes: u32,
        /// None: opening it is an error.
        data: Option<u32>,
    },
    Dir(Tree),
}

/// What is at `path`.
pub fn seen<'t>(tree: &'t Tree, path: &Path) -> Option<&'t Seen> {
    let (name, parents) = path.split_last()?;
    parents
        .iter()
        .try_fold(tree, |tree, name| match tree.get(name)? {
            Seen::Dir(tree) => Some(tree),
            _ => None,
        })?
        .get(name)
}

/// The paths of all directories, from the root on.
pub fn dirs(tree: &Tree) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    for (name, seen) in tree {
        if let Seen::Dir(dir) = seen {
            let below = dirs(dir).into_iter();
            found.extend(below.map(|path| [vec![name.clone()], path].concat()));
        }
    }
    found
}

/// The paths of all objects.
pub fn paths(tree: &Tree) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (name, seen) in tree {
        found.push(vec![name.clone()]);
        if let Seen::Dir(dir) = seen {
            let below = paths(dir).into_iter();
            found.extend(below.map(|path| [vec![name.clone()], path].concat()));
        }
    }
    found
}

/// Lays a layer without bare files and redirects over what is seen.
pub fn lay_over(tree: &mut Tree, layer: &Layer) {
    lay_dir_over(tree, layer, &layer.root);
}

fn lay_dir_over(tree: &mut Tree, layer: &Layer, dir: &Dir) {
    for (name, node) in &dir.entries {
        let below = tree.remove(name);
        let seen = match node {
            Node::Whiteout => continue,
            Node::Special => Seen::Special,
            Node::File(file) => Seen::File {
                attributes: layer.files[*file].attributes,
                data: layer.files[*file].data,
            },
            Node::Dir(dir) => {
                let mut tree = match below {
                    Some(Seen::Dir(below)) if !dir.opaque => below,
                    _ => Tree::new(),
                };
                lay_dir_over(&mut tree, layer, dir);
                Seen::Dir(tree)
            }
        };
        tree.insert(name.clone(), seen);
    }
}

/// The same with files, which may have several names.
#[derive(Clone, Debug)]
pub struct Plain {
    root: BTreeMap<String, Object>,
    files: Vec<(u32, Option<u32>)>,
}

#[derive(Clone, Debug)]
enum Object {
    Special,
    File(usize),
    Dir(BTreeMap<String, Object>),
}

impl Plain {
    /// A file system that shows `tree`, where each file has one name.
    pub fn of(tree: &Tree) -> Self {
        let mut files = Vec::new();
        let root = objects(tree, &mut files);
        Plain { root, files }
    }

    /// What is seen.
    pub fn tree(&self) -> Tree {
        self.dir(&self.root)
    }

    fn dir(&self, objects: &BTreeMap<String, Object>) -> Tree {
        let seen = |object: &Object| match object {
            Object::Special => Seen::Special,
            Object::File(file) => Seen::File {
                attributes: self.files[*file].0,
                data: self.files[*file].1,
            },
            Object::Dir(dir) => Seen::Dir(self.dir(dir)),
        };
        objects
            .iter()
            .map(|(name, object)| (name.clone(), seen(object)))
            .collect()
    }

    fn names(&mut self, parents: &Path) -> &mut BTreeMap<String, Object> {
        let mut names = &mut self.root;
        for name in parents {
            names = match names.get_mut(name) {
                Some(Object::Dir(names)) => names,
                other => panic!("{parents:?}: a directory is needed, not {other:?}"),
            };
        }
        names
    }

    fn put(&mut self, path: &Path, object: Option<Object>) -> Option<Object> {
        let (name, parents) = path.split_last().expect("not the root");
        let names = self.names(parents);
        match object {
            Some(object) => names.insert(name.clone(), object),
            None => names.remove(name),
        }
    }

    fn file(&mut self, path: &Path) -> &mut (u32, Option<u32>) {
        let (name, parents) = path.split_last().expect("not the root");
        match self.names(parents).get(name) {
            Some(Object::File(file)) => {
                let file = *file;
                &mut self.files[file]
            }
            other => panic!("{path:?}: a file is needed, not {other:?}"),
        }
    }

    /// open(O_CREAT | O_EXCL) and write.
    pub fn create(&mut self, path: &Path, attributes: u32, data: u32) {
        self.files.push((attributes, Some(data)));
        let file = Object::File(self.files.len() - 1);
        assert!(self.put(path, Some(file)).is_none());
    }

    /// mkdir.
    pub fn mkdir(&mut self, path: &Path) {
        assert!(self.put(path, Some(Object::Dir(BTreeMap::new()))).is_none());
    }

    /// unlink.
    pub fn unlink(&mut self, path: &Path) {
        assert!(self.put(path, None).is_some());
    }

    /// chmod.
    pub fn change(&mut self, path: &Path, attributes: u32) {
        self.file(path).0 = attributes;
    }

    /// write.
    pub fn write(&mut self, path: &Path, data: u32) {
        self.file(path).1 = Some(data);
    }

    /// link; the new name is not there.
    pub fn link(&mut self, old: &Path, new: &Path) {
        let object = self.put(old, None).expect("a file");
        self.put(old, Some(object.clone()));
        assert!(self.put(new, Some(object)).is_none());
    }

    /// rename; neither path leads through the other.
    pub fn rename(&mut self, old: &Path, new: &Path) {
        let object = self.put(old, None);
        self.put(new, object);
    }

    /// rename with RENAME_EXCHANGE; neither path leads through the other.
    pub fn exchange(&mut self, old: &Path, new: &Path) {
        let one = self.put(old, None);
        let other = self.put(new, one);
        self.put(old, other);
    }
}

fn objects(tree: &Tree, files: &mut Vec<(u32, Option<u32>)>) -> BTreeMap<String, Object> {
    let mut object = |seen: &Seen| match seen {
        Seen::Special => Object::Special,
        Seen::File { attributes, data } => {
            files.push((*attributes, *data));
            Object::File(files.len() - 1)
        }
        Seen::Dir(tree) => Object::Dir(objects(tree, files)),
    };
    tree.iter()
        .map(|(name, seen)| (name.clone(), object(seen)))
        .collect()
}
