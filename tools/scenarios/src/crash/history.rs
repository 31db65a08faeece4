// SPDX-License-Identifier: GPL-2.0-only
//! A workload with its promises: the tree after each operation, its writes, and the data that it brought to the disk.

use std::collections::BTreeMap;

use super::cell::{self, Cell};
use super::op::{BLOCK, By, Op, Sync};
use super::tree::{Ino, Tree};

/// A change of the contents of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// These cells were written; and if so, they are on the disk when the call has ended.
    Write {
        at: usize,
        cells: usize,
        through: bool,
    },
    /// The file was cut or extended to this length.
    Truncate { cells: usize },
}

/// The promises of an operation that hold from its end on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Promise {
    /// Names and attributes are at least as after this operation.
    names: usize,
    /// Contents on the disk.
    contents: Contents,
}

/// Contents that an operation brought to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contents {
    Nothing,
    Of(Ino),
    OfAll,
}

fn write(at: usize, cells: usize) -> Event {
    Event::Write {
        at,
        cells,
        through: false,
    }
}

/// A workload: operation 0 made the lower layers, the others are numbered from 1.
#[derive(Clone, Debug)]
pub struct History {
    ops: Vec<Op>,
    /// The tree after each.
    trees: Vec<Tree>,
    /// Its names and attributes, to be compared with what is found.
    lines: Vec<BTreeMap<String, String>>,
    events: BTreeMap<Ino, Vec<(usize, Event)>>,
    promises: BTreeMap<usize, Promise>,
    /// The last operation that changed the metadata or the entries of an object.
    changed: BTreeMap<Ino, usize>,
    /// The operation that made an object.
    made: BTreeMap<Ino, usize>,
}

impl History {
    /// Begins with a tree of lower layers and the lengths of its files.
    pub fn new(start: Tree, lengths: &BTreeMap<Ino, usize>) -> Self {
        let events = lengths
            .iter()
            .map(|(ino, cells)| (*ino, vec![(0, write(0, *cells))]));
        Self {
            ops: Vec::new(),
            lines: vec![start.lines()],
            trees: vec![start],
            events: events.collect(),
            promises: BTreeMap::new(),
            changed: BTreeMap::new(),
            made: BTreeMap::new(),
        }
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// An operation by its number.
    pub fn op(&self, number: usize) -> &Op {
        &self.ops[number - 1]
    }

    /// The tree after an operation.
    pub fn tree(&self, number: usize) -> &Tree {
        &self.trees[number]
    }

    /// The attributes of each path after an operation.
    pub fn lines(&self, number: usize) -> &BTreeMap<String, String> {
        &self.lines[number]
    }

    /// The tree at the end.
    pub fn last(&self) -> &Tree {
        &self.trees[self.len()]
    }

    /// The file that an operation writes, by its number in the cells.
    pub fn file(&self, number: usize) -> Option<Ino> {
        let path = match self.op(number) {
            Op::Create { path, .. }
            | Op::CreateUnnamed { path, .. }
            | Op::Write { path, .. }
            | Op::Rewrite { path, .. } => path,
            _ => return None,
        };
        self.trees[number].find(path).map(|(ino, _)| ino)
    }

    /// Appends an operation; false, and nothing is changed, when it cannot be carried out.
    pub fn push(&mut self, op: Op) -> bool {
        if !self.fits(&op) {
            return false;
        }
        let mut tree = self.last().clone();
        let Some(change) = tree.apply(&op) else {
            return false;
        };
        let number = self.len() + 1;
        for ino in change.changed {
            self.changed.insert(ino, number);
            self.made.entry(ino).or_insert(number);
        }
        if let Some(ino) = change.file {
            self.record(number, &op, ino);
        }
        if op == Op::SyncAll {
            let promise = Promise {
                names: number,
                contents: Contents::OfAll,
            };
            self.promises.insert(number, promise);
        }
        self.ops.push(op);
        self.lines.push(tree.lines());
        self.trees.push(tree);
        true
    }

    /// Whether the cells lie where this way of writing can put them.
    fn fits(&self, op: &Op) -> bool {
        let Op::Write {
            path,
            at,
            cells,
            by,
            sync,
        } = op
        else {
            return true;
        };
        match by {
            By::Call | By::Splice | By::Copy => true,
            By::Direct => at % BLOCK == 0 && cells % BLOCK == 0,
            By::Stores => {
                let found = self.last().find(path);
                let length = found.map_or(0, |(ino, _)| self.contents(ino, self.len()).len());
                *cells > 0 && at + cells <= length && matches!(sync, Sync::No | Sync::Data)
            }
        }
    }

    fn record(&mut self, number: usize, op: &Op, ino: Ino) {
        let mut event = |event| self.events.entry(ino).or_default().push((number, event));
        let mut how = Sync::No;
        match *op {
            Op::Create { cells, .. } | Op::CreateUnnamed { cells, .. } => {
                event(write(0, cells));
            }
            Op::Write {
                at, cells, sync, ..
            } => {
                event(Event::Write {
                    at,
                    cells,
                    through: matches!(sync, Sync::Open | Sync::OpenData),
                });
                how = sync;
            }
            Op::Rewrite { cells, .. } => {
                event(Event::Truncate { cells: 0 });
                event(write(0, cells));
            }
            Op::Truncate { cells, .. } => event(Event::Truncate { cells }),
            Op::Sync { sync, .. } => how = sync,
            _ => {}
        }
        let last = |of: &BTreeMap<Ino, usize>| of.get(&ino).copied().unwrap_or(0);
        let names = match how {
            Sync::No => return,
            Sync::Full | Sync::Open => last(&self.changed),
            // A file must be found where it was made; nothing is promised about later renames.
            Sync::Data | Sync::OpenData => {
                if self.is_new(ino) {
                    last(&self.made)
                } else {
                    0
                }
            }
        };
        let contents = match how {
            Sync::Full | Sync::Data => Contents::Of(ino),
            // Earlier writes are not covered by it.
            Sync::No | Sync::Open | Sync::OpenData => Contents::Nothing,
        };
        self.promises.insert(number, Promise { names, contents });
    }

    /// Whether no operation has changed it yet.
    pub fn is_untouched(&self, ino: Ino) -> bool {
        let mut events = self.events.get(&ino).into_iter().flatten();
        events.all(|(number, _)| *number == 0) && !self.changed.contains_key(&ino)
    }

    /// Whether no lower layer has it.
    fn is_new(&self, ino: Ino) -> bool {
        !self.trees[0].entries().any(|(_, lower, _)| lower == ino)
    }

    /// The last operation whose names and attributes are on the disk when all up to `done` have ended.
    pub fn names_promised(&self, done: usize) -> usize {
        let promises = self.promises.range(..=done);
        promises
            .map(|(_, promise)| promise.names)
            .max()
            .unwrap_or(0)
    }

    /// The last operation among those up to `done` that brought all contents of a file to the disk.
    pub fn contents_promised(&self, ino: Ino, done: usize) -> usize {
        let mut promises = self.promises.range(..=done).rev();
        promises
            .find(|(_, promise)| [Contents::OfAll, Contents::Of(ino)].contains(&promise.contents))
            .map_or(0, |(number, _)| *number)
    }

    /// What happened to the contents of a file after operation `after` and up to `to`.
    pub fn events(
        &self,
        ino: Ino,
        after: usize,
        to: usize,
    ) -> impl Iterator<Item = (usize, Event)> {
        let events = self.events.get(&ino).map_or(&[][..], Vec::as_slice);
        events
            .iter()
            .copied()
            .filter(move |(number, _)| *number > after && *number <= to)
    }

    /// The contents of a file after operation `number`, as programs saw them.
    pub fn contents(&self, ino: Ino, number: usize) -> Vec<Cell> {
        let events = self.events.get(&ino).map_or(&[][..], Vec::as_slice);
        let mut cells = Vec::new();
        for (by, event) in events.iter().take_while(|(by, _)| *by <= number) {
            match *event {
                Event::Write {
                    at, cells: count, ..
                } => {
                    if count > 0 && cells.len() < at + count {
                        cells.resize(at + count, Cell::Zero);
                    }
                    cells[at..at + count].fill(Cell::Version(*by));
                }
                Event::Truncate { cells: length } => cells.resize(length, Cell::Zero),
            }
        }
        cells
    }

    /// The bytes that an operation writes, with their offset in the file.
    pub fn bytes(&self, number: usize) -> Option<(usize, Vec<u8>)> {
        let (at, cells) = match self.op(number) {
            Op::Create { cells, .. }
            | Op::CreateUnnamed { cells, .. }
            | Op::Rewrite { cells, .. } => (0, *cells),
            Op::Write { at, cells, .. } => (*at, *cells),
            _ => return None,
        };
        let ino = self.file(number)?;
        Some((at * cell::CELL, cell::encode_run(ino, number, at, cells)))
    }
}
