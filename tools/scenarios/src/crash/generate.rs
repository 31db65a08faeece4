// SPDX-License-Identifier: GPL-2.0-only
//! Workloads from seeds.

use super::database;
use super::history::History;
use super::op::{BLOCK, By, Op, Sync};
use super::parts;
use super::sequences;
use super::start::{self, Start};
use super::tree::{Ino, Inode, Kind};
use crate::random::Dice;

/// The usual number of operations of a workload; a sequence that has begun is completed.
pub const OPERATIONS: usize = 90;

const DIRS: [&str; 8] = ["", "a", "a/c", "b", "e", "e/d", "n0", "b/n1"];
const NAMES: [&str; 9] = ["f0", "f1", "f2", "f3", "f4", "f5", "n0", "n1", "d"];
const LENGTHS: [usize; 8] = [0, 1, 3, 8, 63, 64, 65, 200];

/// What a workload is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Names, and files that are copied up as a whole.
    Tree,
    /// Large files that come to the upper layer in parts.
    Partial,
    /// The image of a disk: a sparse file that is larger than the memory.
    Image,
    /// A database.
    Database,
}

impl Theme {
    /// The lower layers.
    pub fn start(self) -> Start {
        match self {
            Self::Tree => start::START,
            Self::Partial => start::LARGE,
            Self::Image => start::IMAGE,
            Self::Database => start::EMPTY,
        }
    }

    /// How many states are looked at where others have so many: some take longer.
    pub fn states(self, size: usize) -> usize {
        match self {
            Self::Tree | Self::Partial => size,
            Self::Image => (size / 4).max(1),
            Self::Database => (size / 10).max(1),
        }
    }

    /// The workload of a seed.
    pub fn workload(self, seed: u64) -> History {
        match self {
            Self::Tree => workload(seed, OPERATIONS),
            Self::Partial => parts::workload(seed, parts::OPERATIONS),
            Self::Image => parts::image(seed, parts::OPERATIONS),
            Self::Database => database::workload(),
        }
    }
}

/// The first operations of the workload of a seed. Those of the seeds 0 and 2 begin with every sequence, one after the
/// other: on seed 0 the upper layer commits each change of a name at once, which hides what is not synced, on seed 2 not.
pub fn workload(seed: u64, operations: usize) -> History {
    let mut maker = Maker::new(start::START, seed);
    if matches!(seed, 0 | 2) {
        for sequence in sequences::ALL {
            sequence(&mut maker);
        }
    }
    while maker.history.len() < operations {
        if maker.dice.roll(6) == 0 {
            let sequence = sequences::ALL[maker.dice.roll(sequences::ALL.len())];
            sequence(&mut maker);
        } else {
            maker.anything();
        }
    }
    maker.history
}

/// A workload in the making.
pub struct Maker {
    /// The operations so far.
    pub history: History,
    /// The random choices.
    pub dice: Dice,
}

impl Maker {
    /// Nothing is done yet.
    pub fn new(start: Start, seed: u64) -> Self {
        Self {
            history: History::new(start::tree(start)),
            dice: Dice::new(seed),
        }
    }

    /// Appends an operation if it can be carried out.
    pub fn add(&mut self, op: Op) -> bool {
        self.history.push(op)
    }

    /// A path that may or may not exist.
    pub fn path(&mut self) -> String {
        let dir = DIRS[self.dice.roll(DIRS.len())];
        join(dir, NAMES[self.dice.roll(NAMES.len())])
    }

    /// An existing path, of an object that `wanted` accepts.
    pub fn existing(&mut self, wanted: impl Fn(&Kind) -> bool) -> Option<String> {
        self.existing_object(|_, _, inode| wanted(&inode.kind))
    }

    fn existing_object(
        &mut self,
        wanted: impl Fn(&History, Ino, &Inode) -> bool,
    ) -> Option<String> {
        let paths: Vec<&str> = self
            .history
            .last()
            .entries()
            .filter(|(_, ino, inode)| wanted(&self.history, *ino, inode))
            .map(|(path, ..)| path)
            .collect();
        if paths.is_empty() {
            return None;
        }
        Some(paths[self.dice.roll(paths.len())].to_owned())
    }

    /// A file that is in a lower layer alone, if there is still one.
    pub fn lower_file(&mut self) -> String {
        self.existing_object(|history, ino, inode| {
            inode.kind == Kind::File && history.is_untouched(ino)
        })
        .unwrap_or_else(|| self.file())
    }

    /// A file.
    pub fn file(&mut self) -> String {
        self.existing(|kind| *kind == Kind::File)
            .unwrap_or_else(|| "f1".into())
    }

    /// A place for a new name.
    pub fn free(&mut self) -> String {
        loop {
            let path = self.path();
            let tree = self.history.last();
            let above = tree.find(super::tree::parent(&path));
            let is_dir = above.is_some_and(|(_, inode)| matches!(inode.kind, Kind::Dir { .. }));
            if is_dir && tree.find(&path).is_none() {
                return path;
            }
            // Makes room, so that this ends.
            self.add(Op::Unlink { path });
        }
    }

    /// A length of a file.
    pub fn length(&mut self) -> usize {
        LENGTHS[self.dice.roll(LENGTHS.len())]
    }

    /// How a write is synced; mostly not at all.
    pub fn some_sync(&mut self) -> Sync {
        match self.dice.roll(14) {
            0 => Sync::Full,
            1 | 2 => Sync::Data,
            3 => Sync::Open,
            4 => Sync::OpenData,
            _ => Sync::No,
        }
    }

    /// Appends one operation of any kind.
    pub fn anything(&mut self) {
        let path = self.file();
        let op = match self.dice.roll(30) {
            0..=2 => Op::Create {
                path: self.path(),
                cells: self.length(),
            },
            3 => Op::CreateUnnamed {
                path: self.path(),
                cells: self.length(),
            },
            4..=8 => self.some_write(path),
            9 => Op::Rewrite {
                path,
                cells: self.length(),
            },
            10 => Op::Truncate {
                path,
                cells: self.length(),
            },
            11..=13 => Op::Chmod {
                path: self.of_any_kind(),
                mode: 0o600 + self.dice.roll(64) as u32,
            },
            14 => Op::SetXattr {
                path: self.of_any_kind(),
                value: format!("value-{}", self.history.len()),
            },
            15 => Op::Mkdir { path: self.path() },
            16 => Op::Symlink {
                path: self.path(),
                target: format!("target-{}", self.history.len()),
            },
            17 => Op::Link {
                old: path,
                new: self.path(),
            },
            18..=21 => Op::Rename {
                old: self.of_any_kind(),
                new: self.path(),
            },
            22 => Op::Exchange {
                old: self.of_any_kind(),
                new: self.of_any_kind(),
            },
            23..=25 => Op::Unlink {
                path: self.of_any_kind(),
            },
            26 => Op::Rmdir {
                path: self.of_any_kind(),
            },
            27 => Op::Sync {
                path: self.of_any_kind(),
                sync: [Sync::Full, Sync::Data][self.dice.roll(2)],
            },
            28 => Op::Sync {
                path: self
                    .existing(|kind| matches!(kind, Kind::Dir { .. }))
                    .unwrap_or_default(),
                sync: Sync::Full,
            },
            _ if self.dice.roll(3) == 0 => Op::SyncAll,
            _ => return,
        };
        self.add(op);
    }

    /// Cells of a file.
    fn some_write(&mut self, path: String) -> Op {
        let (at, cells) = (self.dice.roll(80), 1 + self.dice.roll(90));
        match self.dice.roll(6) {
            0 => Op::Write {
                path,
                at: at / BLOCK * BLOCK,
                cells: BLOCK,
                by: By::Direct,
                sync: self.some_sync(),
            },
            1 => {
                let length = self.history.length(&path);
                let at = at % length.max(1);
                Op::Write {
                    path,
                    at,
                    cells: cells.min(length - at.min(length)),
                    by: By::Stores,
                    sync: [Sync::No, Sync::Data][self.dice.roll(2)],
                }
            }
            other => Op::Write {
                path,
                at,
                cells,
                by: match other {
                    2 => By::Splice,
                    3 => By::Copy,
                    _ => By::Call,
                },
                sync: self.some_sync(),
            },
        }
    }

    /// An existing path.
    pub fn of_any_kind(&mut self) -> String {
        self.existing(|_| true).unwrap_or_default()
    }
}

/// A path in a directory, the root being the empty one.
pub fn join(dir: &str, name: &str) -> String {
    match dir {
        "" => name.to_owned(),
        dir => format!("{dir}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_gives_one_workload_of_many_kinds() {
        let mut kinds = BTreeSet::new();
        for seed in 0..40 {
            let history = workload(seed, OPERATIONS);
            assert!(history.len() >= OPERATIONS);
            let again = workload(seed, OPERATIONS);
            for number in 1..=history.len() {
                assert_eq!(history.op(number), again.op(number));
                let text = history.op(number).to_string();
                kinds.insert(text.split(' ').next().unwrap_or_default().to_owned());
            }
        }
        assert_eq!(kinds.len(), 16, "{kinds:?}");
    }
}
