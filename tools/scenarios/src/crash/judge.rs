// SPDX-License-Identifier: GPL-2.0-only
//! Whether a tree found after a power cut is possible. Journalling file systems, ext4 and xfs among them, commit
//! operations on names and attributes in their order, each whole; a union promises the same, though it needs several of
//! them for one of its own. So names and attributes must be those after *some* operation: not one before an fsync that
//! promised later ones, not one after the last that had begun. Unsynced contents may exist or not, cell by cell, and
//! new space may be zeros. The contents of a lower layer are on the disk from the beginning, and so must be those of a
//! visible copy: a cell that was never written since can only be unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::cell::{CELL, Cell, decode};
use super::history::{Event, History};
use super::op::BLOCK;
use super::runs::Runs;
use super::tree::{Ino, Kind};

/// When the power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// All operations up to this one had ended.
    pub done: usize,
    /// This one had begun, none after it.
    pub begun: usize,
}

/// An object as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its type, permissions and attributes, in the form of [`super::tree::describe`].
    pub line: String,
    /// Contents of a file as bytes.
    pub data: Vec<u8>,
}

/// A tree as it was found, by path, the root being the empty one.
pub type Seen = BTreeMap<String, Found>;

/// How many differences are enough.
const ENOUGH: usize = 12;

/// How a file system brings names and attributes to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order of the operations.
    Kept,
    /// An object that is synced comes to the disk without what was done to others before: the log trees of btrfs.
    /// When a name is removed or replaced whose object was new and synced, the log forgets that object at once, but
    /// has what replaces it only when that, or its directory, is synced. If another object is, neither of them is seen
    /// after a cut (so without a union, 7.3.4): the name is as before the first.
    OfEach,
}

/// What a power cut may leave in the rest of the block in which a file was cut, when the file has grown since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Zeros: they are written with the length.
    Zeros,
    /// What was there before, until the file is synced: xfs leaves the zeros in the page cache, and a write with
    /// `O_DSYNC` behind them commits the length without them (seen without a union, 7.3.4).
    Old,
}

/// What a file system lets be seen after a power cut, of that which is not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    pub order: Order,
    pub rest: Rest,
}

impl Habits {
    /// Those of most file systems.
    pub const STRICT: Self = Self {
        order: Order::Kept,
        rest: Rest::Zeros,
    };

    /// Those of a type of file system that keeps the order of operations.
    pub fn of(fstype: &str) -> Self {
        match fstype {
            "xfs" => Self {
                rest: Rest::Old,
                ..Self::STRICT
            },
            _ => Self::STRICT,
        }
    }
}

/// A workload that was cut: what a tree is compared with.
#[derive(Clone, Copy)]
struct Past<'a> {
    history: &'a History,
    cut: Cut,
    rest: Rest,
    /// Whether it kept what was synced.
    kept: Kept,
}

/// Whether contents are on the disk that were synced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Synced,
    /// The log has forgotten the object.
    Nothing,
}

/// Judges a tree; returns the operation it is the tree after, or its faults.
pub fn judge(
    history: &History,
    cut: Cut,
    habits: Habits,
    seen: &Seen,
) -> Result<usize, Vec<String>> {
    let past = Past {
        history,
        cut,
        rest: habits.rest,
        kept: Kept::Synced,
    };
    if habits.order == Order::OfEach {
        return judge_each(past, seen);
    }
    let first = history.names_promised(cut.done);
    // Of the operations only those that change the length of a file make a difference to what it may hold.
    let mut known = BTreeMap::new();
    for number in first..=cut.begun {
        let files = files(history, number);
        if is_named(history.lines(number), seen)
            && files.into_iter().all(|(path, ino)| {
                let data = seen.get(path).map_or(&[][..], |found| &found.data);
                let key = (path, ino, history.resized(ino, number));
                *known
                    .entry(key)
                    .or_insert_with(|| contents(past, number, ino, data).is_none())
            })
        {
            return Ok(number);
        }
    }
    Err(explain(past, first, seen))
}

/// Judges each path of a tree by itself; returns the last operation that any of them is seen after.
fn judge_each(past: Past, seen: &Seen) -> Result<usize, Vec<String>> {
    let Past { history, cut, .. } = past;
    let numbers = 0..=cut.begun;
    let known = numbers.flat_map(|number| history.lines(number).keys());
    let paths: BTreeSet<&String> = known.chain(seen.keys()).collect();
    let (mut last, mut wrong) = (0, Vec::new());
    for path in paths {
        let promised = history.path_promised(path, cut.done);
        let (first, kept) = match history.removed(path, cut.begun) > promised {
            true => (0, Kept::Nothing),
            false => (promised, Kept::Synced),
        };
        let past = Past { kept, ..past };
        let mut why = Vec::new();
        let after = (first..=cut.begun).find(|number| {
            let fault = fault_of(past, *number, path, seen.get(path));
            let is_right = fault.is_none();
            why.extend(fault);
            is_right
        });
        match after {
            Some(number) => last = last.max(number),
            None => {
                why.dedup();
                wrong.push(format!(
                    "{path:?} is not as after any of the operations {first} to {} (all up to {} had ended)",
                    cut.begun, cut.done
                ));
                wrong.extend(why.into_iter().rev().take(ENOUGH / 2));
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(last),
        false => Err(wrong),
    }
}

/// What is wrong with a path if it is to be as after an operation.
fn fault_of(past: Past, number: usize, path: &str, found: Option<&Found>) -> Option<String> {
    let history = past.history;
    let line = history.lines(number).get(path);
    match (line, found) {
        (None, None) => None,
        (Some(line), None) => Some(format!("name {path:?} is gone; it was: {line}")),
        (None, Some(found)) => Some(format!("name {path:?} must not be there: {}", found.line)),
        (Some(line), Some(found)) if *line != found.line => {
            Some(format!("name {path:?} is: {}; it was: {line}", found.line))
        }
        (Some(_), Some(found)) => {
            let (ino, inode) = history.tree(number).find(path)?;
            if inode.kind != Kind::File {
                return None;
            }
            let why = contents(past, number, ino, &found.data)?;
            Some(format!("contents of {path:?}: {why}"))
        }
    }
}

/// The files of the tree after an operation.
fn files(history: &History, number: usize) -> Vec<(&str, Ino)> {
    let entries = history.tree(number).entries();
    let files = entries.filter(|(_, _, inode)| inode.kind == Kind::File);
    files.map(|(path, ino, _)| (path, ino)).collect()
}

/// Whether names and attributes are these.
fn is_named(expected: &BTreeMap<String, String>, seen: &Seen) -> bool {
    let found = seen.iter().map(|(path, found)| (path, &found.line));
    expected.len() == seen.len() && expected.iter().eq(found)
}

/// Describes the faults of an impossible tree.
fn explain(past: Past, first: usize, seen: &Seen) -> Vec<String> {
    let Past { history, cut, .. } = past;
    let mut closest: Option<(usize, Vec<String>)> = None;
    for number in first..=cut.begun {
        let mut wrong = names(history.lines(number), seen);
        let of_names = !wrong.is_empty();
        if !of_names {
            wrong = all_contents(past, number, seen);
        }
        // Wrong contents under the right names are more useful than wrong names.
        let rank = |wrong: &Vec<String>, of_names: bool| (of_names, wrong.len());
        let better = closest.as_ref().is_none_or(|(_, best)| {
            let best_of_names = best.iter().any(|line| line.starts_with("name "));
            rank(&wrong, of_names) <= rank(best, best_of_names)
        });
        if better {
            closest = Some((number, wrong));
        }
    }
    let mut lines = vec![format!(
        "the tree is not that after any of the operations {first} to {} (all up to {} had ended)",
        cut.begun, cut.done
    )];
    if let Some((number, mut wrong)) = closest {
        let last = match number {
            0 => "the beginning".to_owned(),
            _ => format!("operation {number}, {}", history.op(number)),
        };
        lines.push(format!("closest is the one after {last}:"));
        let more = wrong.len().saturating_sub(ENOUGH);
        wrong.truncate(ENOUGH);
        lines.append(&mut wrong);
        if more > 0 {
            lines.push(format!("... and {more} more"));
        }
    }
    lines
}

/// Compares names and attributes.
fn names(expected: &BTreeMap<String, String>, seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, line) in expected {
        match seen.get(path) {
            None => wrong.push(format!("name {path:?} is gone; it was: {line}")),
            Some(found) if found.line != *line => {
                wrong.push(format!("name {path:?} is: {}; it was: {line}", found.line));
            }
            Some(_) => {}
        }
    }
    for (path, found) in seen {
        if !expected.contains_key(path) {
            wrong.push(format!("name {path:?} must not be there: {}", found.line));
        }
    }
    wrong
}

fn all_contents(past: Past, number: usize, seen: &Seen) -> Vec<String> {
    let files = files(past.history, number).into_iter();
    files
        .filter_map(|(path, ino)| {
            let why = contents(past, number, ino, &seen.get(path)?.data)?;
            Some(format!("contents of {path:?}: {why}"))
        })
        .collect()
}

/// The possible states of one cell of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct May {
    /// Beyond the end.
    absent: bool,
    cells: Vec<Cell>,
}

impl May {
    fn absent() -> Self {
        Self {
            absent: true,
            cells: Vec::new(),
        }
    }

    fn only(cell: Cell) -> Self {
        Self {
            absent: false,
            cells: vec![cell],
        }
    }

    fn or(&mut self, cell: Cell) {
        if !self.cells.contains(&cell) {
            self.cells.push(cell);
        }
    }

    /// The file may have been extended over it.
    fn or_extended(&mut self) {
        if self.absent {
            self.or(Cell::Zero);
        }
    }
}

/// The possible states of the cells of a file when names and attributes are those after operation `number`.
fn may(past: Past, number: usize, ino: Ino) -> Runs<May> {
    let Past {
        history, cut, rest, ..
    } = past;
    let safe = match past.kept {
        Kept::Synced => history.contents_promised(ino, cut.done),
        Kept::Nothing => 0,
    };
    let mut may = history.runs(ino, safe).map(May::only);
    // What was in the rest of the block of the last cut.
    let mut old: Vec<(Range<usize>, Vec<Cell>)> = Vec::new();
    for (by, event) in history.events(ino, safe, cut.begun) {
        match event {
            Event::Write { cells: 0, .. } => {}
            Event::Write { at, cells, through } => {
                let sure = through && by <= cut.done && past.kept == Kept::Synced;
                if may.len() < at + cells {
                    may.resize(at + cells, May::absent());
                }
                may.change(0..at + cells, |cell| {
                    cell.or_extended();
                    cell.absent &= !sure;
                });
                for (range, was) in &old {
                    may.change(range.clone(), |cell| {
                        was.iter().for_each(|was| cell.or(*was))
                    });
                }
                may.change(at..at + cells, |cell| match sure {
                    true => *cell = May::only(Cell::Version(by)),
                    false => cell.or(Cell::Version(by)),
                });
            }
            // As if zeros were written, but the length stays.
            Event::Punch { at, cells } => may.change(at..at + cells, |cell| cell.or(Cell::Zero)),
            // Lengths are metadata, and keep the order: this one has not happened yet. But the rest of the block that
            // it cuts may be zeros already: they are data, which file systems write first. The same holds for the rest
            // of the block in which the extended file ended; xfs commits that length after writing it.
            Event::Truncate { cells } if by > number => {
                may.change(cells..cells.next_multiple_of(BLOCK), |cell| {
                    cell.or(Cell::Zero)
                });
                let end = may.len().next_multiple_of(BLOCK).min(cells);
                if may.len() < end {
                    let mut cell = May::absent();
                    cell.or(Cell::Zero);
                    may.resize(end, cell);
                }
            }
            Event::Truncate { cells } => {
                old = match rest {
                    Rest::Zeros => Vec::new(),
                    Rest::Old => within(&may, cells..cells.next_multiple_of(BLOCK)),
                };
                may.truncate(cells);
                may.change(0..cells, |cell| {
                    cell.or_extended();
                    cell.absent = false;
                });
                may.resize(cells, May::only(Cell::Zero));
            }
        }
    }
    may
}

/// What some cells may be, as far as there are any.
fn within(may: &Runs<May>, cells: Range<usize>) -> Vec<(Range<usize>, Vec<Cell>)> {
    let runs = may.iter().map(|(range, may)| {
        let part = range.start.max(cells.start)..range.end.min(cells.end);
        (part, may.cells.clone())
    });
    runs.filter(|(part, _)| !part.is_empty()).collect()
}

/// Judges the contents of one file.
fn contents(past: Past, number: usize, ino: Ino, data: &[u8]) -> Option<String> {
    let history = past.history;
    let may = may(past, number, ino);
    if !data.len().is_multiple_of(CELL) {
        return Some(format!("a length of {} bytes that nobody made", data.len()));
    }
    let (length, below) = (data.len() / CELL, history.below(ino));
    let beyond = (may.len()..length, &May::absent());
    for (range, may) in may.iter().chain([beyond]) {
        let allowed = &may.cells;
        let (mut at, end) = (range.start, range.end.min(length));
        while at < end {
            // Most of a large file is as it was in the lower layer: whole blocks are compared at once.
            let block = at * CELL..(at + BLOCK).min(end) * CELL;
            let of = (allowed.contains(&Cell::Version(0))).then(|| below.get(block.clone()));
            if of.flatten() == Some(&data[block.clone()]) {
                at += block.len() / CELL;
                continue;
            }
            if let Some(why) = wrong_cell(ino, at, &data[block.clone()], allowed) {
                return Some(format!("of {length} cells, {why}"));
            }
            at += block.len() / CELL;
        }
        let lost = range.start.max(length);
        if lost < range.end && !may.absent {
            return Some(format!(
                "it ends after {length} cells; cell {lost} must be there: {allowed:?}"
            ));
        }
    }
    None
}

/// The first of some cells, the first of which is `at`, that is none of the allowed.
fn wrong_cell(ino: Ino, at: usize, bytes: &[u8], allowed: &[Cell]) -> Option<String> {
    let cells = (at..).zip(bytes.chunks(CELL));
    cells
        .map(|(index, bytes)| (index, bytes, decode(ino, index, bytes)))
        .find(|(_, _, found)| !allowed.contains(found))
        .map(|(index, bytes, found)| {
            let is = show(found, bytes);
            format!("cell {index} is {is}; it may be {allowed:?}")
        })
}

/// A file that is mostly a hole.
pub trait Sparse {
    /// Its length in bytes.
    fn length(&self) -> Result<usize, String>;
    /// Where it has data, in bytes.
    fn data(&self) -> Result<Vec<Range<usize>>, String>;
    /// Its bytes in a range.
    fn read(&self, range: Range<usize>) -> Result<Vec<u8>, String>;
}

/// Judges such a file, of which no operation changes the length; returns its faults.
pub fn judge_sparse(
    history: &History,
    cut: Cut,
    ino: Ino,
    file: &impl Sparse,
) -> Result<Vec<String>, String> {
    let past = Past {
        history,
        cut,
        rest: Habits::STRICT.rest,
        kept: Kept::Synced,
    };
    let may = may(past, cut.begun, ino);
    if file.length()? != may.len() * CELL {
        let length = file.length()?;
        return Ok(vec![format!("a length of {length} bytes that nobody made")]);
    }
    let data = file.data()?;
    let mut wrong = Vec::new();
    for (range, may) in may.iter() {
        let range = range.start * CELL..range.end * CELL;
        // What is a hole need not be read.
        let within = data.iter().map(|data| {
            let start = data.start.max(range.start);
            start / CELL * CELL..data.end.min(range.end)
        });
        let read: Vec<_> = match may.cells[..] == [Cell::Zero] {
            true => within.filter(|range| !range.is_empty()).collect(),
            false => vec![range.clone()],
        };
        for range in read {
            let bytes = file.read(range.clone())?;
            wrong.extend(wrong_cell(ino, range.start / CELL, &bytes, &may.cells));
        }
    }
    wrong.truncate(ENOUGH);
    Ok(wrong)
}

fn show(cell: Cell, bytes: &[u8]) -> String {
    match cell {
        Cell::Zero => "zeros".to_owned(),
        Cell::Version(number) => format!("as operation {number} wrote it"),
        Cell::Foreign => format!("\"{}\"", bytes.escape_ascii()),
    }
}
