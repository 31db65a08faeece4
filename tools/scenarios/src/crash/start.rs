// SPDX-License-Identifier: GPL-2.0-only
//! The lower layers with which every workload begins.

use std::collections::BTreeMap;
use std::ops::Range;

use super::tree::{Ino, Kind, Tree};

/// The object of a name of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A directory.
    Dir,
    /// A file of so many cells.
    File(usize),
    /// A file of so many cells, with a hole in it ([`hole`]).
    Holed(usize),
    /// A file of so many cells, which are a hole but for some ([`islands`]).
    Sparse(usize),
    /// A symbolic link.
    Symlink(&'static str),
    /// A whiteout.
    Whiteout,
}

/// What there is in the layers.
pub type Start = &'static [(usize, &'static str, What)];

/// How many lower layers there are.
pub const LAYERS: usize = 2;

/// Layer (0 is the topmost), path, object; parents come before their children. Lengths are chosen around the ends of
/// cells, sectors, blocks and the data that a file system keeps within an inode.
pub const START: Start = &[
    (1, "a", What::Dir),
    (1, "a/c", What::Dir),
    (1, "a/c/f1", What::File(1)),
    (1, "a/c/f2", What::File(70)),
    (1, "a/f0", What::File(0)),
    (1, "a/f1", What::File(2)),
    (1, "a/f2", What::File(100)),
    (1, "a/f4", What::Symlink("f1")),
    (1, "b", What::Dir),
    (1, "b/f1", What::File(64)),
    (1, "b/f2", What::File(7)),
    (1, "b/f3", What::File(700)),
    (1, "b/f5", What::File(9)),
    (1, "e", What::Dir),
    (1, "e/d", What::Dir),
    (1, "e/d/f1", What::File(4)),
    (1, "e/f1", What::File(3)),
    (1, "e/f2", What::File(65)),
    (1, "f0", What::File(0)),
    (1, "f1", What::File(130)),
    (1, "f2", What::File(12)),
    (1, "f3", What::File(5)),
    (1, "f4", What::Symlink("a/f1")),
    (0, "a", What::Dir),
    (0, "a/f1", What::File(5)),
    (0, "a/f3", What::File(33)),
    (0, "b", What::Dir),
    (0, "b/f2", What::Whiteout),
    (0, "e", What::Dir),
    (0, "e/f5", What::File(0)),
    (0, "f3", What::Whiteout),
    (0, "f5", What::File(1100)),
];

/// Layers of files that come to the upper layer in parts, which are those of more than 64 KiB. Lengths are chosen around
/// the ends of cells, blocks, and pages of memory that are read ahead.
pub const LARGE: Start = &[
    (1, "a", What::Dir),
    (1, "a/f0", What::File(0)),
    (1, "a/f1", What::File(2)),
    (1, "a/f2", What::File(1025)),
    (1, "a/f3", What::File(4096)),
    (1, "b", What::Dir),
    (1, "b/f1", What::File(16_387)),
    (1, "b/f2", What::File(6000)),
    (1, "b/f4", What::Holed(9000)),
    (1, "e", What::Dir),
    (1, "e/f1", What::File(3)),
    (1, "f1", What::File(5001)),
    (1, "f2", What::File(12)),
    (0, "a", What::Dir),
    (0, "a/f1", What::File(1100)),
    (0, "e", What::Dir),
    (0, "e/f5", What::File(7777)),
    (0, "f5", What::Holed(20_000)),
];

/// The image of a disk: 2 GiB.
pub const IMAGE: Start = &[(1, "image", What::Sparse(1 << 25))];

/// Nothing but what a program makes.
pub const EMPTY: Start = &[];

/// The cells of a sparse file that are none of its hole, in the order of the file.
pub fn islands(cells: usize) -> impl Iterator<Item = Range<usize>> {
    const ISLAND: usize = 1000;
    (0..8).map(move |number| cells / 8 * number..cells / 8 * number + ISLAND)
}

/// The cells of a hole in a file of so many: the middle, from within one block to within another.
pub fn hole(cells: usize) -> Range<usize> {
    cells / 3..cells * 2 / 3
}

/// A tree, with the lengths of its files and of their holes.
pub struct Shown {
    /// The tree.
    pub tree: Tree,
    /// The length of each file.
    pub lengths: BTreeMap<Ino, usize>,
    /// The hole of those that have one.
    pub holes: BTreeMap<Ino, Range<usize>>,
    /// The length of those that are sparse.
    pub sparse: BTreeMap<Ino, usize>,
}

/// The tree of the layers as the union shows it.
pub fn tree(start: Start) -> Shown {
    let mut shown: BTreeMap<&str, What> = BTreeMap::new();
    // From the bottom upwards, so that upper layers win.
    for number in (0..LAYERS).rev() {
        for (_, path, what) in start.iter().filter(|(layer, ..)| *layer == number) {
            match what {
                What::Whiteout => drop(shown.remove(path)),
                what => drop(shown.insert(path, *what)),
            }
        }
    }
    let (mut tree, mut lengths) = (Tree::default(), BTreeMap::new());
    let (mut holes, mut sparse) = (BTreeMap::new(), BTreeMap::new());
    for (path, what) in shown {
        match what {
            What::Dir => drop(tree.place(path, Kind::Dir { new: false }, 0o755)),
            What::Symlink(target) => drop(tree.place(path, Kind::Symlink(target.into()), 0o777)),
            What::File(cells) => drop(lengths.insert(tree.place(path, Kind::File, 0o644), cells)),
            What::Holed(cells) => {
                let ino = tree.place(path, Kind::File, 0o644);
                lengths.insert(ino, cells);
                holes.insert(ino, hole(cells));
            }
            What::Sparse(cells) => {
                sparse.insert(tree.place(path, Kind::File, 0o644), cells);
            }
            What::Whiteout => {}
        }
    }
    Shown {
        tree,
        lengths,
        holes,
        sparse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topmost_layer_decides() {
        let Shown { tree, lengths, .. } = tree(START);
        assert_eq!(tree.find("f3"), None);
        let (ino, _) = tree.find("a/f1").unwrap();
        assert_eq!(lengths[&ino], 5);
        assert!(tree.find("a/c/f2").is_some());
    }
}
