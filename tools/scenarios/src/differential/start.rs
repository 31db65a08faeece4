// SPDX-License-Identifier: GPL-2.0-only
//! The trees random runs start from: few names, the same in every layer, so that layers and operations concern the same
//! ones. There are only a few variants, because the host makes read-only images of them. Intended differences of a
//! union are left out: hard links of lower files, whose names become separate files at copy-up.

use std::collections::BTreeMap;

use crate::acl;
use crate::random::{Dice, pattern};
use crate::shape::{Fs, SHAPES, Shape, Twist};
use crate::tree::{Builder, Entry, Kind, OLD, Place};

/// The names of everything.
pub const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// How many different trees there are for each shape: those of small files, then those of large ones.
pub const VARIANTS: usize = SMALL + LARGE;
const SMALL: usize = 4;
const LARGE: usize = 2;

/// How large the files of a tree are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// Most are copied up as a whole.
    Small,
    /// Most are large enough that a union copies up the pieces that are written to.
    Large,
}

impl Files {
    /// Those of a variant.
    pub fn of(variant: usize) -> Self {
        match variant {
            ..SMALL => Self::Small,
            _ => Self::Large,
        }
    }

    /// Of the seeds, every other one has large files, so that half of the operations are done with each.
    pub fn of_seed(seed: u64) -> Self {
        match seed % 2 {
            0 => Self::Small,
            _ => Self::Large,
        }
    }

    /// One of the variants with such files.
    pub fn variant(self, dice: &mut Dice) -> usize {
        match self {
            Self::Small => dice.roll(SMALL),
            Self::Large => SMALL + dice.roll(LARGE),
        }
    }

    /// Sizes: with large files below a granule of a copy in pieces (64 KiB), at its end, and of several.
    fn sizes(self) -> [usize; 8] {
        match self {
            Self::Small => [0, 1, 10, 100, 4096, 5000, 20_000, 70_000],
            Self::Large => [10, 5000, 65_537, 70_000, 131_072, 140_000, 200_000, 300_000],
        }
    }
}

/// How many layers have contents; the others, if the shape has more, have directories or nothing.
const FILLED: usize = 3;

/// The shapes of random runs; the actions of other shapes between steps are operations here.
pub fn shapes() -> Vec<&'static Shape> {
    let fits = |shape: &&Shape| {
        // Hundreds of layers would take most of the time for mounting, and test nothing more than ten.
        let has_no_action = matches!(
            shape.twist,
            Twist::None | Twist::Nested(_) | Twist::Bind | Twist::Whole
        );
        has_no_action && shape.lowers <= 10
    };
    SHAPES.iter().filter(fits).collect()
}

/// The name of the layers of a variant in an image.
pub fn image_name(variant: usize) -> String {
    format!("random{variant}")
}

/// A variant of the tree for a shape.
pub fn tree(variant: usize, shape: &Shape) -> Builder {
    let mut dice = Dice::new(variant as u64 + 1);
    let files = Files::of(variant);
    let mut tree = Builder::default();
    let filled = shape.lowers.min(FILLED);
    for layer in 0..filled {
        // The topmost, the bottom one, and one between.
        let place = layer * (shape.lowers - 1) / (filled - 1).max(1);
        fill(tree.lower(place), &mut dice, shape, files, 30);
    }
    fill(tree.upper(), &mut dice, shape, files, 10);
    let entries = tree.entries().iter();
    let kept = entries.filter(|entry| {
        // overlayfs lists the whiteouts of a directory that only one layer has.
        entry.kind != Kind::Whiteout || is_merged(&tree, entry)
    });
    let kept: Vec<Entry> = kept.cloned().collect();
    rebuild(&kept, shape)
}

/// Whether the directory of an entry also has a part in a layer below.
fn is_merged(tree: &Builder, entry: &Entry) -> bool {
    let Some((dir, _)) = entry.path.rsplit_once('/') else {
        return true;
    };
    let depth = |place| match place {
        Place::Lower(layer) => layer + 1,
        _ => 0,
    };
    // The entries at the directory and at those above it, layer by layer.
    let on_the_way = |other: &&Entry| format!("{dir}/").starts_with(&format!("{}/", other.path));
    let mut way: Vec<&Entry> = tree.entries().iter().filter(on_the_way).collect();
    way.retain(|other| depth(other.place) >= depth(entry.place));
    way.sort_by_key(|other| (depth(other.place), other.path.len()));
    for other in way {
        let below = depth(other.place) > depth(entry.place);
        match other.kind {
            Kind::Dir { opaque: false } if below && other.path == dir => return true,
            Kind::Dir { opaque: false } => {}
            // It hides everything beneath; a part that hides more is still a part.
            Kind::Dir { opaque: true } => return below && other.path == dir,
            _ => return false,
        }
    }
    false
}

/// A tree of some of the entries of [`tree`].
pub fn rebuild(entries: &[Entry], shape: &Shape) -> Builder {
    let mut tree = Builder::default();
    for entry in entries {
        match entry.place {
            Place::Lower(layer) => tree.lower(layer),
            _ => tree.upper(),
        };
        tree.push(entry.clone());
    }
    if shape.whole_seconds() {
        tree = tree.in_whole_seconds();
    }
    tree
}

/// Puts `count` entries into the current layer of the builder.
fn fill(b: &mut Builder, dice: &mut Dice, shape: &Shape, files: Files, count: usize) {
    let mut layer: BTreeMap<String, bool> = BTreeMap::new();
    // Some names are in use, and some types are not possible.
    for _ in 0..4 * count {
        if layer.len() == count {
            break;
        }
        let dirs: Vec<&String> = layer
            .iter()
            .filter(|(_, is_dir)| **is_dir)
            .map(|(path, _)| path)
            .collect();
        let name = NAMES[dice.roll(NAMES.len())];
        let parent = match dice.roll(dirs.len() + 2).checked_sub(2) {
            Some(index) if dirs[index].matches('/').count() < 2 => Some(dirs[index].clone()),
            _ => None,
        };
        let path = parent.map_or(name.to_owned(), |dir| format!("{dir}/{name}"));
        if layer.contains_key(&path) {
            continue;
        }
        let is_dir = entry(b, dice, shape, files, &path);
        if let Some(is_dir) = is_dir {
            layer.insert(path, is_dir);
        }
    }
}

/// Describes one entry, if the layers of the shape can hold it; returns whether it is a directory.
fn entry(
    b: &mut Builder,
    dice: &mut Dice,
    shape: &Shape,
    files: Files,
    path: &str,
) -> Option<bool> {
    let sizes = files.sizes();
    let mut one = Builder::default();
    one.lower(0);
    // Another type than a directory at the root hides everything that the other layers have there.
    let roots = if path.contains('/') { 0 } else { 60 };
    let more_files = match files {
        Files::Small => 0,
        Files::Large => 20,
    };
    match dice.roll(20 + roots + more_files) {
        rolled if (8..=13).contains(&rolled) || rolled >= 20 + roots => {
            let tag = dice.roll(256) as u8;
            one.file(path, pattern(tag, sizes[dice.roll(sizes.len())]));
        }
        0..=6 | 20.. => drop(one.dir(path)),
        7 => drop(one.opaque(path)),
        14 => {
            let (size, far) = match files {
                Files::Small => (40_000, 30_000),
                Files::Large => (240_000, 170_000),
            };
            one.sparse(path, size, &[(9000, &pattern(5, 3000)), (far, b"x")]);
        }
        15 | 16 => drop(one.symlink(path, &target(dice))),
        17 => drop(one.fifo(path)),
        18 => drop(one.char_device(path, 1, 3)),
        _ => one.whiteout(path),
    }
    let mut made = one.entries()[0].clone();
    let is_dir = matches!(made.kind, Kind::Dir { .. });
    if !matches!(made.kind, Kind::Whiteout | Kind::Symlink(_)) {
        const DIRS: [u32; 4] = [0o755, 0o777, 0o2775, 0o1777];
        const FILES: [u32; 7] = [0o644, 0o600, 0o666, 0o755, 0o777, 0o4755, 0o2775];
        made.mode(match is_dir {
            true => DIRS[dice.roll(DIRS.len())],
            false => FILES[dice.roll(FILES.len())],
        });
    }
    if made.kind != Kind::Whiteout {
        let owner = [0, 0, 1000, 1001][dice.roll(4)];
        made.owner(owner, [0, 500][dice.roll(2)]);
        made.mtime(OLD.0 + dice.roll(1000) as i64, OLD.1);
    }
    let attributes = matches!(made.kind, Kind::File { .. } | Kind::Dir { opaque: false });
    if attributes && dice.roll(4) == 0 && !shape.lower.contains(&Fs::Iso9660) {
        made.xattr("user.a", b"lower");
        if dice.roll(2) == 0 {
            made.xattr("trusted.b", &pattern(1, 30));
        }
        if dice.roll(3) == 0 && !shape.lower.contains(&Fs::Squashfs) {
            let mode = made.mode;
            made.mode(mode | 0o070)
                .xattr(acl::ACCESS, &acl::encode(&acl_of(mode)));
        }
    }
    let refuses = |fs: &Fs| fs.refuses(&made).is_some();
    if shape.lower.iter().any(refuses) {
        if !is_dir {
            return None;
        }
        made.kind = Kind::Dir { opaque: false };
    }
    b.push(made);
    Some(is_dir)
}

/// An ACL for a mode with all rights for the group, the mask.
fn acl_of(mode: u32) -> String {
    format!("u:{},user:1001:5,g:4,m:7,o:{}", mode >> 6 & 7, mode & 7)
}

/// The target of a symbolic link: below its own directory, so that no path leaves the tree.
pub fn target(dice: &mut Dice) -> String {
    let mut name = || NAMES[dice.roll(NAMES.len())];
    let one = name();
    let two = name();
    if one < two {
        one.to_owned()
    } else {
        format!("{one}/{two}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::make;
    use crate::tree::{merge, spread};

    #[test]
    fn every_layer_can_be_made_and_differs() {
        for shape in shapes() {
            let mut plain = Vec::new();
            for variant in 0..VARIANTS {
                let spread = spread(&tree(variant, shape), shape.lowers);
                assert_eq!(spread.lowers.len(), shape.lowers, "{}", shape.name);
                for layer in spread.lowers.iter().chain([&spread.upper]) {
                    let dir = tempfile::tempdir().unwrap();
                    // Objects that only root can make are left to the machines.
                    let mut layer = layer.clone();
                    layer.retain(|entry| !matches!(entry.kind, Kind::Whiteout | Kind::Char(..)));
                    for entry in &mut layer {
                        entry.xattrs.clear();
                        if let Kind::Dir { opaque } = &mut entry.kind {
                            *opaque = false;
                        }
                        // SAFETY-free: the ids of this process are those of its directory.
                        (entry.uid, entry.gid) = owner(dir.path());
                    }
                    make::make(dir.path(), &layer).unwrap();
                }
                plain.push(merge(&spread));
            }
            assert!(
                plain.iter().all(|tree| tree.len() > 15),
                "{}: {:?}",
                shape.name,
                plain.iter().map(Vec::len).collect::<Vec<_>>()
            );
            assert_ne!(plain[0], plain[1]);
        }
    }

    fn owner(path: &std::path::Path) -> (u32, u32) {
        let stat = crate::sys::stat(path, 0).unwrap();
        (stat.st_uid, stat.st_gid)
    }

    #[test]
    fn whiteouts_are_in_merged_directories() {
        let mut b = Builder::default();
        b.lower(0).dir("a");
        b.opaque("b");
        b.lower(1).dir("a");
        b.file("b", "x");
        b.dir("c");
        b.lower(2).dir("a").mode(0o700);
        let merged = |place: usize, path: &str| {
            let mut one = b.clone();
            one.lower(place).whiteout(path);
            is_merged(&b, one.entries().last().unwrap())
        };
        assert!(merged(0, "x") && merged(2, "x"), "the root");
        assert!(merged(0, "a/x") && merged(1, "a/x") && !merged(2, "a/x"));
        assert!(!merged(0, "b/x") && !merged(1, "c/x"));
    }

    #[test]
    fn layers_meet() {
        let shape = shapes()[1];
        let spread = spread(&tree(0, shape), shape.lowers);
        let [one, two] = &spread.lowers[..] else {
            panic!("two layers")
        };
        let twice = one
            .iter()
            .filter(|entry| two.iter().any(|other| other.path == entry.path));
        assert!(twice.count() > 4);
    }
}
