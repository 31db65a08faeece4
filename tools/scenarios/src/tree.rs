// SPDX-License-Identifier: GPL-2.0-only
//! The tree a scenario starts from, described as data.
//!
//! The same description becomes one plain directory (the oracle's), directories of several layers (the union's), or
//! an archive from which the host makes a read-only image.

use std::collections::BTreeMap;
use std::path::Path;

use crate::sys::Time;

/// The default modification time: long ago and not a whole second, so that a transcript distinguishes "kept" from
/// "changed now" and shows a lost nanosecond.
pub const OLD: Time = (1_000_000_000, 123_456_789);

/// The object of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file of `size` bytes, zero outside the pieces.
    File {
        /// Length in bytes.
        size: u64,
        /// Data by offset.
        pieces: Vec<(u64, Vec<u8>)>,
    },
    /// A directory; an opaque one hides the entries of lower layers.
    Dir {
        /// Carries the opaque mark.
        opaque: bool,
    },
    /// A symbolic link to the given target.
    Symlink(String),
    /// A named pipe.
    Fifo,
    /// A socket without a listener.
    Socket,
    /// A character device.
    Char(u32, u32),
    /// A block device.
    Block(u32, u32),
    /// Another name of the file described earlier under the given path.
    Link(String),
    /// Hides the entries of lower layers under its name.
    Whiteout,
}

impl Kind {
    /// Whether it is a file with holes.
    pub fn is_sparse(&self) -> bool {
        match self {
            Self::File { size, pieces } => {
                let data: usize = pieces.iter().map(|(_, data)| data.len()).sum();
                (data as u64) < *size
            }
            _ => false,
        }
    }
}

/// The layer of an entry when the tree is spread over layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A lower layer that the shape chooses.
    Any,
    /// In this lower layer, 0 being the topmost.
    Lower(usize),
    /// In the upper layer, before the union is mounted.
    Upper,
}

/// One name of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path below the root, without a leading slash.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, set-id and sticky bits included.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time.
    pub mtime: Time,
    /// Extended attributes, ACLs included, in the order given.
    pub xattrs: Vec<(String, Vec<u8>)>,
    /// Which layer it belongs to.
    pub place: Place,
}

impl Entry {
    /// Sets the permission bits.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = mode;
        self
    }

    /// Sets owner and group.
    pub fn owner(&mut self, uid: u32, gid: u32) -> &mut Self {
        self.uid = uid;
        self.gid = gid;
        self
    }

    /// Sets the modification time.
    pub fn mtime(&mut self, seconds: i64, nanoseconds: i64) -> &mut Self {
        self.mtime = (seconds, nanoseconds);
        self
    }

    /// Adds an extended attribute.
    pub fn xattr(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.xattrs.push((name.to_owned(), value.to_vec()));
        self
    }
}

/// Collects the entries of a tree.
///
/// Parents that are not described are directories of mode 0755 owned by root.
#[derive(Clone, Debug)]
pub struct Builder {
    entries: Vec<Entry>,
    place: Place,
    whole_seconds: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            place: Place::Any,
            whole_seconds: false,
        }
    }
}

impl Builder {
    fn add(&mut self, path: &str, kind: Kind, mode: u32) -> &mut Entry {
        assert!(!path.is_empty() && !path.starts_with('/') && !path.ends_with('/'));
        self.entries.push(Entry {
            path: path.to_owned(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime: OLD,
            xattrs: Vec::new(),
            place: self.place,
        });
        self.entries.last_mut().expect("just added")
    }

    /// Puts the following entries into lower layer `layer`, 0 being the topmost.
    pub fn lower(&mut self, layer: usize) -> &mut Self {
        self.place = Place::Lower(layer);
        self
    }

    /// Puts the following entries into the upper layer, before the union is mounted.
    pub fn upper(&mut self) -> &mut Self {
        self.place = Place::Upper;
        self
    }

    /// Leaves the layer of the following entries to the shape, as at the start.
    pub fn anywhere(&mut self) -> &mut Self {
        self.place = Place::Any;
        self
    }

    /// A regular file.
    pub fn file(&mut self, path: &str, data: impl AsRef<[u8]>) -> &mut Entry {
        let data = data.as_ref().to_vec();
        let kind = Kind::File {
            size: data.len() as u64,
            pieces: vec![(0, data)],
        };
        self.add(path, kind, 0o644)
    }

    /// A regular file with holes wherever there is no piece.
    pub fn sparse(&mut self, path: &str, size: u64, pieces: &[(u64, &[u8])]) -> &mut Entry {
        let pieces = pieces.iter().map(|(at, data)| (*at, data.to_vec()));
        let kind = Kind::File {
            size,
            pieces: pieces.collect(),
        };
        self.add(path, kind, 0o644)
    }

    /// A directory.
    pub fn dir(&mut self, path: &str) -> &mut Entry {
        self.add(path, Kind::Dir { opaque: false }, 0o755)
    }

    /// A directory that hides what the layers below have under its name.
    pub fn opaque(&mut self, path: &str) -> &mut Entry {
        self.add(path, Kind::Dir { opaque: true }, 0o755)
    }

    /// A symbolic link.
    pub fn symlink(&mut self, path: &str, target: &str) -> &mut Entry {
        self.add(path, Kind::Symlink(target.to_owned()), 0o777)
    }

    /// A named pipe.
    pub fn fifo(&mut self, path: &str) -> &mut Entry {
        self.add(path, Kind::Fifo, 0o644)
    }

    /// A socket without a listener.
    pub fn socket(&mut self, path: &str) -> &mut Entry {
        self.add(path, Kind::Socket, 0o755)
    }

    /// A character device.
    pub fn char_device(&mut self, path: &str, major: u32, minor: u32) -> &mut Entry {
        self.add(path, Kind::Char(major, minor), 0o644)
    }

    /// A block device.
    pub fn block_device(&mut self, path: &str, major: u32, minor: u32) -> &mut Entry {
        self.add(path, Kind::Block(major, minor), 0o644)
    }

    /// Another name of a file described before, in the same layer as that.
    pub fn link(&mut self, path: &str, target: &str) -> &mut Entry {
        let target = self
            .entries
            .iter()
            .rfind(|entry| entry.path == target)
            .expect("the target of a hard link is described before it")
            .clone();
        let path = path.to_owned();
        self.entries.push(Entry {
            kind: Kind::Link(target.path.clone()),
            path,
            ..target
        });
        self.entries.last_mut().expect("just added")
    }

    /// Hides what the layers below have under this name.
    pub fn whiteout(&mut self, path: &str) {
        assert_ne!(self.place, Place::Any, "a whiteout is of one layer");
        self.add(path, Kind::Whiteout, 0);
    }

    /// An entry described elsewhere, put into the current layer.
    pub fn push(&mut self, entry: Entry) {
        let place = self.place;
        self.entries.push(Entry { place, ..entry });
    }

    /// The entries in the order they were described.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Clears the nanoseconds of all times, for layers that cannot store them.
    pub fn in_whole_seconds(mut self) -> Self {
        self.whole_seconds = true;
        for entry in &mut self.entries {
            entry.mtime.1 = 0;
        }
        self
    }
}

/// The tree of each layer: entries to make, parents first.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// Entries of the upper layer.
    pub upper: Vec<Entry>,
    /// Entries of the lower layers, the topmost first.
    pub lowers: Vec<Vec<Entry>>,
}

/// Spreads a tree over `lowers` lower layers; entries without a layer go round robin. A directory needed in several
/// layers has the same owner, mode, attributes and time in each. More layers are made if the tree names them.
pub fn spread(tree: &Builder, lowers: usize) -> Spread {
    let named = tree.entries().iter().filter_map(|entry| match entry.place {
        Place::Lower(layer) => Some(layer + 1),
        _ => None,
    });
    let lowers = named.max().unwrap_or(1).max(lowers).max(1);
    let mut spread = Spread {
        upper: Vec::new(),
        lowers: vec![Vec::new(); lowers],
    };
    let mut placed: BTreeMap<&str, Place> = BTreeMap::new();
    for (index, entry) in tree.entries().iter().enumerate() {
        let place = match (&entry.kind, entry.place) {
            (Kind::Link(target), _) => placed[target.as_str()],
            (_, Place::Any) => Place::Lower(index % lowers),
            (_, place) => place,
        };
        placed.insert(&entry.path, place);
        let layer = match place {
            Place::Upper => &mut spread.upper,
            Place::Lower(layer) => &mut spread.lowers[layer],
            Place::Any => unreachable!("resolved above"),
        };
        add_parents(tree, layer, &entry.path);
        // A directory may already exist as the parent of an earlier entry.
        if !layer.iter().any(|there| there.path == entry.path) {
            layer.push(entry.clone());
        }
    }
    spread
}

/// Adds the parents of `path` that `layer` lacks, as the tree describes them.
fn add_parents(tree: &Builder, layer: &mut Vec<Entry>, path: &str) {
    let mut parents: Vec<&Path> = Path::new(path).ancestors().skip(1).collect();
    parents.reverse();
    for parent in parents {
        let parent = parent.to_str().expect("paths of scenarios are text");
        if parent.is_empty() || layer.iter().any(|entry| entry.path == parent) {
            continue;
        }
        let described = tree.entries().iter().find(|entry| {
            entry.path == parent && matches!(entry.kind, Kind::Dir { opaque: false })
        });
        layer.push(described.cloned().unwrap_or_else(|| {
            let mut implied = Builder::default();
            let mut implied = implied.dir(parent).clone();
            if tree.whole_seconds {
                implied.mtime.1 = 0;
            }
            implied
        }));
    }
}

/// The one plain tree that equals a union of these layers, parents first.
pub fn merge(spread: &Spread) -> Vec<Entry> {
    let mut seen: BTreeMap<String, Entry> = BTreeMap::new();
    let layers = spread.lowers.iter().rev().chain([&spread.upper]);
    for layer in layers {
        for entry in layer {
            let merges = matches!(entry.kind, Kind::Dir { opaque: false })
                && matches!(
                    seen.get(&entry.path),
                    Some(Entry {
                        kind: Kind::Dir { .. },
                        ..
                    })
                );
            if !merges {
                let below = format!("{}/", entry.path);
                seen.retain(|path, _| *path != entry.path && !path.starts_with(&below));
            }
            if entry.kind != Kind::Whiteout {
                let mut entry = entry.clone();
                if entry.kind == (Kind::Dir { opaque: true }) {
                    entry.kind = Kind::Dir { opaque: false };
                }
                seen.insert(entry.path.clone(), entry);
            }
        }
    }
    // Links come after their targets, which may be sorted anywhere.
    let (links, others): (Vec<_>, Vec<_>) = seen
        .into_values()
        .partition(|entry| matches!(entry.kind, Kind::Link(_)));
    others.into_iter().chain(links).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn parents_are_repeated_in_every_layer() {
        let mut b = Builder::default();
        b.dir("d").mode(0o700);
        b.file("d/a", "a");
        b.file("d/b", "b");
        let spread = spread(&b, 3);
        assert_eq!(paths(&spread.lowers[0]), ["d"]);
        assert_eq!(paths(&spread.lowers[1]), ["d", "d/a"]);
        assert_eq!(paths(&spread.lowers[2]), ["d", "d/b"]);
        assert_eq!(spread.lowers[2][0].mode, 0o700);
    }

    #[test]
    fn the_plain_tree_obeys_whiteouts_and_opaque_directories() {
        let mut b = Builder::default();
        b.lower(1).file("gone", "x");
        b.file("d/hidden", "x");
        b.file("e/seen", "x");
        b.lower(0).whiteout("gone");
        b.opaque("d");
        b.dir("e");
        b.upper().file("d/new", "x");
        let merged = merge(&spread(&b, 1));
        assert_eq!(paths(&merged), ["d", "d/new", "e", "e/seen"]);
    }
}
