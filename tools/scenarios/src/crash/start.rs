// SPDX-License-Identifier: GPL-2.0-only
//! The lower layers with which every workload begins.

use std::collections::BTreeMap;

use super::tree::{Ino, Kind, Tree};

/// The object of a name of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A directory.
    Dir,
    /// A file of so many cells.
    File(usize),
    /// A symbolic link.
    Symlink(&'static str),
    /// A whiteout.
    Whiteout,
}

/// How many lower layers there are.
pub const LAYERS: usize = 2;

/// Layer (0 is the topmost), path, object; parents come before their children. Lengths are chosen around the ends of
/// cells, sectors, blocks and the data that a file system keeps within an inode.
pub const START: &[(usize, &str, What)] = &[
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

/// The tree of the layers as the union shows it, with the lengths of its files.
pub fn tree() -> (Tree, BTreeMap<Ino, usize>) {
    let mut shown: BTreeMap<&str, What> = BTreeMap::new();
    // From the bottom upwards, so that upper layers win.
    for number in (0..LAYERS).rev() {
        for (_, path, what) in START.iter().filter(|(layer, ..)| *layer == number) {
            match what {
                What::Whiteout => drop(shown.remove(path)),
                what => drop(shown.insert(path, *what)),
            }
        }
    }
    let (mut tree, mut lengths) = (Tree::default(), BTreeMap::new());
    for (path, what) in shown {
        match what {
            What::Dir => drop(tree.place(path, Kind::Dir { movable: false }, 0o755)),
            What::Symlink(target) => drop(tree.place(path, Kind::Symlink(target.into()), 0o777)),
            What::File(cells) => drop(lengths.insert(tree.place(path, Kind::File, 0o644), cells)),
            What::Whiteout => {}
        }
    }
    (tree, lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topmost_layer_decides() {
        let (tree, lengths) = tree();
        assert_eq!(tree.find("f3"), None);
        let (ino, _) = tree.find("a/f1").unwrap();
        assert_eq!(lengths[&ino], 5);
        assert!(tree.find("a/c/f2").is_some());
    }
}
