// SPDX-License-Identifier: GPL-2.0-only
//! The tree as a user sees it, and its changes by each operation: names and attributes, not contents.

use std::collections::BTreeMap;

use super::op::{Op, Sync};

/// Number of an object, the same from its creation to its deletion, whatever its names.
pub type Ino = usize;

/// The root, whose path is the empty string.
pub const ROOT: Ino = 0;

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory; one that is not new has a part in a lower layer.
    Dir { new: bool },
    /// A symbolic link.
    Symlink(String),
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inode {
    /// What it is.
    pub kind: Kind,
    /// Its permission bits.
    pub mode: u32,
    /// The value of its attribute `user.crash`.
    pub xattr: Option<String>,
}

/// Names and attributes of an object in one line.
pub fn describe(kind: &Kind, mode: u32, links: usize, xattr: Option<&str>) -> String {
    let mut line = match kind {
        Kind::File => format!("file {mode:04o} links={links}"),
        Kind::Dir { .. } => format!("dir {mode:04o}"),
        Kind::Symlink(target) => format!("symlink links={links} -> {target}"),
    };
    if let Some(value) = xattr {
        line += &format!(" user.crash={value}");
    }
    line
}

/// Names and objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    names: BTreeMap<String, Ino>,
    inodes: BTreeMap<Ino, Inode>,
    next: Ino,
}

/// The changes of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The file the operation is about.
    pub file: Option<Ino>,
    /// The objects whose own metadata, or whose entries, it changed.
    pub changed: Vec<Ino>,
}

/// The path of the directory a name is in.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn is_below(path: &str, dir: &str) -> bool {
    match path.strip_prefix(dir) {
        Some(rest) => dir.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

impl Default for Tree {
    fn default() -> Self {
        let root = Inode {
            kind: Kind::Dir { new: false },
            mode: 0o755,
            xattr: None,
        };
        Self {
            names: [(String::new(), ROOT)].into(),
            inodes: [(ROOT, root)].into(),
            next: ROOT + 1,
        }
    }
}

impl Tree {
    /// Every path with its object, parents first.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Ino, &Inode)> {
        self.names
            .iter()
            .map(|(path, ino)| (path.as_str(), *ino, &self.inodes[ino]))
    }

    /// The attributes of each path.
    pub fn lines(&self) -> BTreeMap<String, String> {
        let line = |ino, inode: &Inode| {
            let links = self.links(ino);
            describe(&inode.kind, inode.mode, links, inode.xattr.as_deref())
        };
        self.entries()
            .map(|(path, ino, inode)| (path.to_owned(), line(ino, inode)))
            .collect()
    }

    /// The object of a path.
    pub fn find(&self, path: &str) -> Option<(Ino, &Inode)> {
        let ino = *self.names.get(path)?;
        Some((ino, &self.inodes[&ino]))
    }

    /// How many names an object has.
    pub fn links(&self, ino: Ino) -> usize {
        self.names.values().filter(|named| **named == ino).count()
    }

    /// Puts an object of a lower layer into the tree.
    pub fn place(&mut self, path: &str, kind: Kind, mode: u32) -> Ino {
        let ino = self.next;
        self.next += 1;
        let inode = Inode {
            kind,
            mode,
            xattr: None,
        };
        self.inodes.insert(ino, inode);
        self.names.insert(path.to_owned(), ino);
        ino
    }

    /// Carries out an operation; nothing is changed when it cannot be.
    pub fn apply(&mut self, op: &Op) -> Option<Change> {
        match op {
            Op::Create { path, .. } | Op::CreateUnnamed { path, .. } => {
                let change = self.make(path, Kind::File, 0o644)?;
                Some(change)
            }
            Op::Mkdir { path } => self.make(path, Kind::Dir { new: true }, 0o755),
            Op::Symlink { path, target } => self.make(path, Kind::Symlink(target.clone()), 0o777),
            Op::Write { path, .. }
            | Op::Rewrite { path, .. }
            | Op::Truncate { path, .. }
            | Op::Punch { path, .. }
            | Op::Settle { path } => Some(Change {
                file: Some(self.file(path)?),
                changed: Vec::new(),
            }),
            Op::Chmod { path, mode } => self.set(path, |inode| {
                std::mem::replace(&mut inode.mode, *mode) != *mode
            }),
            Op::SetXattr { path, value } => self.set(path, |inode| {
                inode.xattr.replace(value.clone()).as_ref() != Some(value)
            }),
            Op::Link { old, new } => self.link(old, new),
            Op::Rename { old, new } => self.rename(old, new),
            Op::Exchange { old, new } => self.exchange(old, new),
            Op::Unlink { path } => self.remove(path, false),
            Op::Rmdir { path } => self.remove(path, true),
            Op::Sync { path, sync } => {
                let (ino, inode) = self.find(path)?;
                let syncs = matches!(sync, Sync::Full | Sync::Data);
                let opens = !matches!(inode.kind, Kind::Symlink(_));
                (syncs && opens).then(|| Change {
                    file: Some(ino),
                    changed: Vec::new(),
                })
            }
            Op::SyncAll | Op::SyncWorld | Op::Remount | Op::Transact => Some(Change::default()),
        }
    }

    fn dir(&self, path: &str) -> Option<Ino> {
        let (ino, inode) = self.find(path)?;
        matches!(inode.kind, Kind::Dir { .. }).then_some(ino)
    }

    fn file(&self, path: &str) -> Option<Ino> {
        let (ino, inode) = self.find(path)?;
        (inode.kind == Kind::File).then_some(ino)
    }

    fn is_empty(&self, dir: &str) -> bool {
        !self
            .names
            .keys()
            .any(|path| path != dir && is_below(path, dir))
    }

    fn make(&mut self, path: &str, kind: Kind, mode: u32) -> Option<Change> {
        let dir = self.dir(parent(path))?;
        if self.names.contains_key(path) {
            return None;
        }
        let ino = self.place(path, kind, mode);
        Some(Change {
            file: Some(ino),
            changed: vec![ino, dir],
        })
    }

    fn set(&mut self, path: &str, change: impl FnOnce(&mut Inode) -> bool) -> Option<Change> {
        let ino = *self.names.get(path)?;
        let inode = self.inodes.get_mut(&ino)?;
        if matches!(inode.kind, Kind::Symlink(_)) {
            return None;
        }
        // The file system may leave out a call that sets the present value.
        let changed = if change(inode) { vec![ino] } else { Vec::new() };
        Some(Change {
            file: Some(ino),
            changed,
        })
    }

    fn link(&mut self, old: &str, new: &str) -> Option<Change> {
        let ino = self.file(old)?;
        let dir = self.dir(parent(new))?;
        if self.names.contains_key(new) {
            return None;
        }
        self.names.insert(new.to_owned(), ino);
        Some(Change {
            file: Some(ino),
            changed: vec![ino, dir],
        })
    }

    fn is_dir(&self, ino: Ino) -> bool {
        matches!(self.inodes[&ino].kind, Kind::Dir { .. })
    }

    fn rename(&mut self, old: &str, new: &str) -> Option<Change> {
        let (ino, _) = self.find(old).filter(|_| !old.is_empty())?;
        let dirs = [self.dir(parent(old))?, self.dir(parent(new))?];
        if old == new || is_below(new, old) {
            return None;
        }
        let mut changed = vec![ino, dirs[0], dirs[1]];
        if let Some((replaced, inode)) = self.find(new) {
            let both = matches!(inode.kind, Kind::Dir { .. }) == self.is_dir(ino);
            if replaced == ino || !both || (self.is_dir(ino) && !self.is_empty(new)) {
                return None;
            }
            changed.push(replaced);
            self.names.remove(new);
            self.forget(replaced);
        }
        self.relabel(old, new);
        Some(Change {
            file: Some(ino),
            changed,
        })
    }

    fn exchange(&mut self, old: &str, new: &str) -> Option<Change> {
        let inos = [self.find(old)?.0, self.find(new)?.0];
        let dirs = [self.dir(parent(old))?, self.dir(parent(new))?];
        if inos[0] == inos[1] || is_below(old, new) || is_below(new, old) {
            return None;
        }
        // No path has such a component.
        const ASIDE: &str = "\0";
        self.relabel(old, ASIDE);
        self.relabel(new, old);
        self.relabel(ASIDE, new);
        Some(Change {
            file: Some(inos[0]),
            changed: [inos, dirs].concat(),
        })
    }

    fn remove(&mut self, path: &str, dir: bool) -> Option<Change> {
        let ino = *self.names.get(path)?;
        if path.is_empty() || self.is_dir(ino) != dir || (dir && !self.is_empty(path)) {
            return None;
        }
        let above = self.dir(parent(path))?;
        self.names.remove(path);
        self.forget(ino);
        Some(Change {
            file: Some(ino),
            changed: vec![ino, above],
        })
    }

    /// Moves a name and all below it.
    fn relabel(&mut self, old: &str, new: &str) {
        let moved: Vec<(String, Ino)> = self
            .names
            .iter()
            .filter(|(path, _)| *path == old || is_below(path, old))
            .map(|(path, ino)| (path.clone(), *ino))
            .collect();
        for (path, ino) in moved {
            self.names.remove(&path);
            self.names
                .insert(format!("{new}{}", &path[old.len()..]), ino);
        }
    }

    /// Drops an object that has no name any more.
    fn forget(&mut self, ino: Ino) {
        if self.links(ino) == 0 {
            self.inodes.remove(&ino);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.place("a", Kind::Dir { new: false }, 0o755);
        tree.place("a/f", Kind::File, 0o644);
        tree
    }

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.entries().map(|(path, ..)| path).collect()
    }

    fn name(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn a_directory_moves_with_all_below() {
        let mut tree = tree();
        for op in [
            Op::Mkdir { path: name("n") },
            Op::Mkdir { path: name("n/m") },
            Op::Rename {
                old: name("a/f"),
                new: name("n/m/f"),
            },
            Op::Rename {
                old: name("n"),
                new: name("a/o"),
            },
        ] {
            assert!(tree.apply(&op).is_some(), "{op}");
        }
        assert_eq!(paths(&tree), ["", "a", "a/o", "a/o/m", "a/o/m/f"]);
    }

    #[test]
    fn what_is_impossible_is_refused() {
        let before = tree();
        let mut tree = tree();
        for op in [
            Op::Rename {
                old: name("a"),
                new: name("a/b"),
            },
            Op::Rmdir { path: name("a") },
            Op::Unlink { path: name("a") },
            Op::Mkdir {
                path: name("a/f/x"),
            },
            Op::Create {
                path: name("a/f"),
                cells: 1,
            },
            Op::Exchange {
                old: name("a"),
                new: name("a/f"),
            },
            Op::Rmdir {
                path: String::new(),
            },
        ] {
            assert_eq!(tree.apply(&op), None, "{op}");
        }
        assert_eq!(tree, before);
    }

    #[test]
    fn links_count_and_the_last_one_ends_the_object() {
        let mut tree = tree();
        let ino = tree.find("a/f").unwrap().0;
        tree.apply(&Op::Link {
            old: name("a/f"),
            new: name("g"),
        })
        .unwrap();
        assert_eq!(tree.links(ino), 2);
        tree.apply(&Op::Unlink { path: name("a/f") }).unwrap();
        tree.apply(&Op::Unlink { path: name("g") }).unwrap();
        assert_eq!(paths(&tree), ["", "a"]);
        tree.apply(&Op::Rmdir { path: name("a") }).unwrap();
    }

    #[test]
    fn an_exchange_is_of_all_below() {
        let mut tree = tree();
        tree.apply(&Op::Mkdir { path: name("n") }).unwrap();
        tree.apply(&Op::Create {
            path: name("n/x"),
            cells: 0,
        })
        .unwrap();
        tree.apply(&Op::Exchange {
            old: name("n"),
            new: name("a/f"),
        })
        .unwrap();
        assert_eq!(paths(&tree), ["", "a", "a/f", "a/f/x", "n"]);
    }
}
