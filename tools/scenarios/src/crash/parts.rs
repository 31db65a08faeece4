// SPDX-License-Identifier: GPL-2.0-only
//! Workloads on large files that come to the upper layer in parts: what is written to them, and what makes them whole.

use super::generate::Maker;
use super::history::History;
use super::op::{BLOCK, By, Op, Sync};
use super::start;
use super::tree::Kind;

/// The usual number of operations; a sequence that has begun is completed.
pub const OPERATIONS: usize = 70;

/// Cells of a file that is large enough.
const LARGE: usize = 1024;

/// What programs do to large files.
const SEQUENCES: &[fn(&mut Maker)] = &[
    sync_one_piece,
    cut_and_extend,
    append_and_sync,
    move_a_piece,
    commit_pages,
    fill_up,
];

/// The workload of a seed. Every third has more of the operations that bring the rest of a file, and the first one has
/// every sequence.
pub fn workload(seed: u64, operations: usize) -> History {
    let mut maker = Maker::new(start::LARGE, seed);
    if seed < 2 {
        for sequence in SEQUENCES {
            sequence(&mut maker);
        }
    }
    let whole = if seed.is_multiple_of(3) { 6 } else { 30 };
    while maker.history.len() < operations {
        match maker.dice.roll(12) {
            0 => maker.anything(),
            1 | 2 => SEQUENCES[maker.dice.roll(SEQUENCES.len())](&mut maker),
            _ if maker.dice.roll(whole) == 0 => maker.rest(),
            _ => maker.part(),
        }
    }
    maker.history
}

/// The workload of a virtual machine on the image of its disk: some blocks, mostly near others, then a flush.
pub fn image(seed: u64, operations: usize) -> History {
    let mut maker = Maker::new(start::IMAGE, seed);
    let path = "image".to_owned();
    let length = maker.history.length(&path);
    while maker.history.len() < operations {
        // 4 to 64 KiB.
        let cells = BLOCK * (1 + maker.dice.roll(16));
        let island = length / 8 * maker.dice.roll(8);
        let at = match maker.dice.roll(3) {
            0 => maker.dice.roll(length - cells),
            1 => island + maker.dice.roll(200 * BLOCK),
            _ => island.saturating_sub(maker.dice.roll(40 * BLOCK)) / BLOCK * BLOCK,
        };
        let by = match at.is_multiple_of(BLOCK) && maker.dice.roll(2) == 0 {
            true => By::Direct,
            false => By::Call,
        };
        let sync = [Sync::No, Sync::No, Sync::OpenData][maker.dice.roll(3)];
        maker.add(Op::Write {
            path: path.clone(),
            at,
            cells,
            by,
            sync,
        });
        if maker.dice.roll(3) == 0 {
            let sync = [Sync::Data, Sync::Full][maker.dice.roll(2)];
            maker.bring(&path, sync);
        }
    }
    maker.history
}

impl Maker {
    /// A large file.
    fn large(&mut self) -> String {
        let history = &self.history;
        let paths: Vec<String> = history
            .last()
            .entries()
            .filter(|(path, _, inode)| inode.kind == Kind::File && history.length(path) > LARGE)
            .map(|(path, ..)| path.to_owned())
            .collect();
        match paths.len() {
            0 => self.file(),
            count => paths[self.dice.roll(count)].clone(),
        }
    }

    /// Where a write begins: anywhere, around the end, or near the beginning, where others are likely to be.
    fn place(&mut self, length: usize) -> usize {
        match self.dice.roll(8) {
            0 => length.saturating_sub(self.dice.roll(2 * BLOCK)),
            1 => length + self.dice.roll(2 * BLOCK),
            2..=4 => self.dice.roll(length.clamp(1, 8 * BLOCK)),
            _ => self.dice.roll(length.max(1)),
        }
    }

    /// How much is written: part of a block, some blocks, or many.
    fn amount(&mut self) -> usize {
        1 + match self.dice.roll(6) {
            0..=2 => self.dice.roll(BLOCK),
            3 | 4 => self.dice.roll(6 * BLOCK),
            _ => self.dice.roll(40 * BLOCK),
        }
    }

    /// Cells are written to a large file, by a call.
    fn put(&mut self, path: &str, at: usize, cells: usize, sync: Sync) -> bool {
        self.add(Op::Write {
            path: path.to_owned(),
            at,
            cells,
            by: By::Call,
            sync,
        })
    }

    fn bring(&mut self, path: &str, sync: Sync) -> bool {
        let path = path.to_owned();
        self.add(Op::Sync { path, sync })
    }

    fn cut(&mut self, path: &str, cells: usize) -> bool {
        let path = path.to_owned();
        self.add(Op::Truncate { path, cells })
    }

    /// Some operation on a large file that leaves it partial.
    fn part(&mut self) {
        let path = self.large();
        let length = self.history.length(&path);
        let sync = self.some_sync();
        let op = match self.dice.roll(24) {
            0..=8 => Op::Write {
                at: self.place(length),
                cells: self.amount(),
                by: By::Call,
                path,
                sync,
            },
            9 | 10 => Op::Write {
                at: length,
                cells: self.amount(),
                by: By::Append,
                path,
                sync,
            },
            11 | 12 => Op::Write {
                at: self.place(length) / BLOCK * BLOCK,
                cells: BLOCK * (1 + self.dice.roll(4)),
                by: By::Direct,
                path,
                sync,
            },
            13 => Op::Truncate {
                cells: self.dice.roll(length.max(1)),
                path,
            },
            14 => Op::Truncate {
                cells: length + self.dice.roll(40 * BLOCK),
                path,
            },
            15..=17 => Op::Sync {
                sync: [Sync::Full, Sync::Data][self.dice.roll(2)],
                path,
            },
            18 => Op::Chmod {
                mode: 0o600 + self.dice.roll(64) as u32,
                path,
            },
            19 => Op::Rename {
                new: self.path(),
                old: path,
            },
            20 => Op::Link {
                new: self.path(),
                old: path,
            },
            21 if self.dice.roll(2) == 0 => Op::Unlink { path },
            22 => [Op::SyncAll, Op::SyncWorld, Op::Remount][self.dice.roll(3)].clone(),
            _ => return,
        };
        self.add(op);
    }

    /// Some operation that brings the rest of a large file.
    fn rest(&mut self) {
        let path = self.large();
        let length = self.history.length(&path);
        let at = self.dice.roll(length.max(1));
        let cells = self.amount().min(length - at.min(length));
        let op = match self.dice.roll(5) {
            0 => Op::Punch { path, at, cells },
            1 => Op::Settle { path },
            other => Op::Write {
                path,
                at,
                cells,
                by: [By::Stores, By::Splice, By::Copy][other - 2],
                sync: [Sync::No, Sync::Data][self.dice.roll(2)],
            },
        };
        self.add(op);
    }
}

/// A few bytes, and fdatasync: all that is written to the disk, and it must be there.
fn sync_one_piece(m: &mut Maker) {
    let path = m.large();
    let at = m.place(m.history.length(&path));
    m.put(&path, at, 2, Sync::No);
    m.bring(&path, Sync::Data);
    m.put(&path, at + 1, 2, Sync::OpenData);
    m.put(&path, at + 5, BLOCK, Sync::No);
}

/// What was cut must not come back, be it from the lower file or from an older upper one.
fn cut_and_extend(m: &mut Maker) {
    let path = m.large();
    let length = m.history.length(&path);
    let cut = m.dice.roll(length.max(1));
    m.put(&path, cut, 3, Sync::No);
    m.cut(&path, cut + 1);
    m.cut(&path, length);
    m.bring(&path, Sync::Full);
    m.put(&path, length + 7, 9, Sync::No);
    m.cut(&path, cut / 2);
    m.put(&path, cut, 5, Sync::OpenData);
}

/// A log.
fn append_and_sync(m: &mut Maker) {
    let path = m.large();
    for sync in [Sync::No, Sync::Data, Sync::OpenData] {
        m.add(Op::Write {
            at: m.history.length(&path),
            cells: 5,
            by: By::Append,
            path: path.clone(),
            sync,
        });
    }
}

/// A partial file gets another name, and is written to under it.
fn move_a_piece(m: &mut Maker) {
    let path = m.large();
    let new = m.free();
    m.put(&path, 3, 70, Sync::No);
    let (old, to) = (path, new.clone());
    m.add(Op::Rename { old, new: to });
    m.put(&new, 300, 10, Sync::Data);
    m.bring(&new, Sync::Full);
}

/// A database: pages here and there, synced at once.
fn commit_pages(m: &mut Maker) {
    let path = m.large();
    for _ in 0..2 {
        for _ in 0..4 {
            let page = m.place(m.history.length(&path)) / BLOCK * BLOCK;
            m.put(&path, page, BLOCK, Sync::No);
        }
        m.bring(&path, Sync::Data);
    }
}

/// Every byte of a file is written, so that nothing of the lower one is left.
fn fill_up(m: &mut Maker) {
    let path = m.large();
    let length = m.history.length(&path);
    if length > 6000 {
        return;
    }
    let half = length / 2 + 1;
    m.put(&path, half, length - half, Sync::No);
    m.put(&path, 0, half, Sync::No);
    m.bring(&path, Sync::Data);
    m.put(&path, half, 2, Sync::No);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::op::Sync;
    use std::collections::BTreeSet;

    #[test]
    fn workloads_write_to_large_files_in_many_ways() {
        let (mut kinds, mut ways) = (BTreeSet::new(), BTreeSet::new());
        for seed in 0..30 {
            let history = workload(seed, OPERATIONS);
            let again = workload(seed, OPERATIONS);
            for number in 1..=history.len() {
                let op = history.op(number);
                assert_eq!(op, again.op(number));
                let text = op.to_string();
                kinds.insert(text.split(' ').next().unwrap_or_default().to_owned());
                if let Op::Write { by, sync, .. } = op {
                    ways.insert(format!("{by:?} {}", *sync != Sync::No));
                }
            }
        }
        assert_eq!(ways.len(), 12, "{ways:?}");
        let wanted = [
            "Punch",
            "Settle",
            "SyncAll",
            "SyncWorld",
            "Remount",
            "Truncate",
            "Link",
            "Unlink",
        ];
        assert!(wanted.iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
    }
}
