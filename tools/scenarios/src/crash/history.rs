// SPDX-License-Identifier: GPL-2.0-only
//! A workload with its promises: the tree after each operation, its writes, and the data that it brought to the disk.

use std::collections::BTreeMap;

use super::cell::{self, Cell};
use super::op::{BLOCK, By, Op, Sync};
use super::runs::Runs;
use super::start::{self, Shown};
use super::tree::{Ino, Tree, parent};

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
    /// These cells became a hole, as far as they were below the end.
    Punch { at: usize, cells: usize },
}

/// The promises of an operation that hold from its end on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Promise {
    /// The object that was synced; all of them if none.
    of: Option<Ino>,
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
    /// The bytes of the files of the lower layers.
    below: BTreeMap<Ino, Vec<u8>>,
}

impl History {
    /// Begins with the lower layers.
    pub fn new(start: Shown) -> Self {
        let Shown {
            tree,
            lengths,
            holes,
            sparse,
        } = start;
        let mut events: BTreeMap<Ino, Vec<(usize, Event)>> = BTreeMap::new();
        let mut below = BTreeMap::new();
        for (ino, cells) in lengths {
            let mut bytes = cell::encode_run(ino, 0, 0, cells);
            let mut of = vec![(0, write(0, cells))];
            if let Some(hole) = holes.get(&ino) {
                bytes[hole.start * cell::CELL..hole.end * cell::CELL].fill(0);
                let (at, cells) = (hole.start, hole.len());
                of.push((0, Event::Punch { at, cells }));
            }
            events.insert(ino, of);
            below.insert(ino, bytes);
        }
        for (ino, cells) in sparse {
            let islands = start::islands(cells).map(|at| (0, write(at.start, at.len())));
            let all = [(0, Event::Truncate { cells })].into_iter().chain(islands);
            events.insert(ino, all.collect());
        }
        Self {
            ops: Vec::new(),
            lines: vec![tree.lines()],
            trees: vec![tree],
            events,
            promises: BTreeMap::new(),
            changed: BTreeMap::new(),
            made: BTreeMap::new(),
            below,
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
        if op.syncs_all() {
            let promise = Promise {
                of: None,
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
        let (path, at, cells, by, sync) = match op {
            Op::Write {
                path,
                at,
                cells,
                by,
                sync,
            } => (path, at, cells, by, sync),
            Op::Punch { path, at, cells } => return *cells > 0 && at + cells <= self.length(path),
            _ => return true,
        };
        match by {
            By::Call | By::Splice | By::Copy => true,
            By::Append => *at == self.length(path),
            By::Direct => at % BLOCK == 0 && cells % BLOCK == 0,
            By::Stores => {
                *cells > 0
                    && at + cells <= self.length(path)
                    && matches!(sync, Sync::No | Sync::Data)
            }
        }
    }

    /// The length of a file, 0 if there is none.
    pub fn length(&self, path: &str) -> usize {
        let found = self.last().find(path);
        found.map_or(0, |(ino, _)| self.runs(ino, self.len()).len())
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
            Op::Punch { at, cells, .. } => event(Event::Punch { at, cells }),
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
        let of = Some(ino);
        let promise = Promise {
            of,
            names,
            contents,
        };
        self.promises.insert(number, promise);
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

    /// The same for one path, on a file system that brings each object to the disk by itself.
    pub fn path_promised(&self, path: &str, done: usize) -> usize {
        let promises = self.promises.range(..=done);
        let about = promises.filter(|(number, promise)| {
            let tree = &self.trees[**number];
            let is = |path: &str| tree.find(path).map(|(ino, _)| ino) == promise.of;
            promise.of.is_none() || is(path) || (!path.is_empty() && is(parent(path)))
        });
        about.map(|(_, promise)| promise.names).max().unwrap_or(0)
    }

    /// The last operation up to `number` after which a path no longer names the object that it named before.
    pub fn removed(&self, path: &str, number: usize) -> usize {
        let ino = |number: usize| self.trees[number].find(path).map(|(ino, _)| ino);
        let mut numbers = (1..=number).rev();
        numbers
            .find(|number| ino(number - 1).is_some_and(|before| ino(*number) != Some(before)))
            .unwrap_or(0)
    }

    /// The last operation up to `number` that cut or extended a file.
    pub fn resized(&self, ino: Ino, number: usize) -> usize {
        let events = self.events(ino, 0, number);
        let resizes = events.filter(|(_, event)| matches!(event, Event::Truncate { .. }));
        resizes.map(|(by, _)| by).last().unwrap_or(0)
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
        let runs = self.runs(ino, number);
        let cells = runs.iter().map(|(range, cell)| vec![*cell; range.len()]);
        cells.flatten().collect()
    }

    /// The same, in runs.
    pub fn runs(&self, ino: Ino, number: usize) -> Runs<Cell> {
        let events = self.events.get(&ino).map_or(&[][..], Vec::as_slice);
        let mut cells = Runs::of(0, Cell::Zero);
        for (by, event) in events.iter().take_while(|(by, _)| *by <= number) {
            match *event {
                Event::Write {
                    at, cells: count, ..
                } => {
                    if count > 0 && cells.len() < at + count {
                        cells.resize(at + count, Cell::Zero);
                    }
                    cells.change(at..at + count, |cell| *cell = Cell::Version(*by));
                }
                Event::Truncate { cells: length } => cells.resize(length, Cell::Zero),
                Event::Punch { at, cells: count } => {
                    cells.change(at..at + count, |cell| *cell = Cell::Zero);
                }
            }
        }
        cells
    }

    /// The bytes of a file in the lower layers, none if it is not there.
    pub fn below(&self, ino: Ino) -> &[u8] {
        self.below.get(&ino).map_or(&[], Vec::as_slice)
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
