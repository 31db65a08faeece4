// SPDX-License-Identifier: GPL-2.0-only
//! Whether a tree found after a power cut is possible. Journalling file systems, ext4 and xfs among them, commit
//! operations on names and attributes in their order, each whole; a union promises the same, though it needs several of
//! them for one of its own. So names and attributes must be those after *some* operation: not one before an fsync that
//! promised later ones, not one after the last that had begun. Unsynced contents may exist or not, cell by cell, and
//! new space may be zeros. The contents of a lower layer are on the disk from the beginning, and so must be those of a
//! visible copy: a cell that was never written since can only be unchanged.

use std::collections::BTreeMap;

use super::cell::Cell;
use super::history::{Event, History};
use super::op::BLOCK;
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

/// Judges a tree; returns the operation it is the tree after, or its faults.
pub fn judge(history: &History, cut: Cut, seen: &Seen) -> Result<usize, Vec<String>> {
    let first = history.names_promised(cut.done);
    for number in first..=cut.begun {
        if is_named(history.lines(number), seen)
            && all_contents(history, cut, number, seen).is_empty()
        {
            return Ok(number);
        }
    }
    Err(explain(history, cut, first, seen))
}

/// Whether names and attributes are these.
fn is_named(expected: &BTreeMap<String, String>, seen: &Seen) -> bool {
    let found = seen.iter().map(|(path, found)| (path, &found.line));
    expected.len() == seen.len() && expected.iter().eq(found)
}

/// Describes the faults of an impossible tree.
fn explain(history: &History, cut: Cut, first: usize, seen: &Seen) -> Vec<String> {
    let mut closest: Option<(usize, Vec<String>)> = None;
    for number in first..=cut.begun {
        let mut wrong = names(history.lines(number), seen);
        let of_names = !wrong.is_empty();
        if !of_names {
            wrong = all_contents(history, cut, number, seen);
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

fn all_contents(history: &History, cut: Cut, number: usize, seen: &Seen) -> Vec<String> {
    let files = history.tree(number).entries();
    files
        .filter(|(_, _, inode)| inode.kind == Kind::File)
        .filter_map(|(path, ino, _)| {
            let why = contents(history, cut, number, ino, &seen.get(path)?.data)?;
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
fn may(history: &History, cut: Cut, number: usize, ino: Ino) -> Vec<May> {
    let safe = history.contents_promised(ino, cut.done);
    let mut may: Vec<May> = history
        .contents(ino, safe)
        .into_iter()
        .map(May::only)
        .collect();
    for (by, event) in history.events(ino, safe, cut.begun) {
        match event {
            Event::Write { cells: 0, .. } => {}
            Event::Write { at, cells, through } => {
                let sure = through && by <= cut.done;
                if may.len() < at + cells {
                    may.resize(at + cells, May::absent());
                }
                for (index, cell) in may[..at + cells].iter_mut().enumerate() {
                    cell.or_extended();
                    cell.absent &= !sure;
                    if index >= at && sure {
                        *cell = May::only(Cell::Version(by));
                    } else if index >= at {
                        cell.or(Cell::Version(by));
                    }
                }
            }
            // Lengths are metadata, and keep the order: this one has not happened yet. But the rest of the block that
            // it cuts may be zeros already: they are data, which file systems write first. The same holds for the rest
            // of the block in which the extended file ended; xfs commits that length after writing it.
            Event::Truncate { cells } if by > number => {
                let end = may.len().min(cells.next_multiple_of(BLOCK));
                for cell in may.get_mut(cells..end).unwrap_or_default() {
                    cell.or(Cell::Zero);
                }
                let end = may.len().next_multiple_of(BLOCK).min(cells);
                while may.len() < end {
                    let mut cell = May::absent();
                    cell.or(Cell::Zero);
                    may.push(cell);
                }
            }
            Event::Truncate { cells } => {
                may.truncate(cells);
                for cell in &mut may {
                    cell.or_extended();
                    cell.absent = false;
                }
                may.resize(cells, May::only(Cell::Zero));
            }
        }
    }
    may
}

/// Judges the contents of one file.
fn contents(history: &History, cut: Cut, number: usize, ino: Ino, data: &[u8]) -> Option<String> {
    use super::cell::{CELL, decode};

    let may = may(history, cut, number, ino);
    if !data.len().is_multiple_of(CELL) {
        return Some(format!("a length of {} bytes that nobody made", data.len()));
    }
    let length = data.len() / CELL;
    for (index, bytes) in data.chunks_exact(CELL).enumerate() {
        let found = decode(ino, index, bytes);
        let allowed = may.get(index).map_or(&[][..], |may| &may.cells);
        if !allowed.contains(&found) {
            return Some(format!(
                "cell {index} of {length} is {}; it may be {allowed:?}",
                show(found, bytes)
            ));
        }
    }
    if let Some(lost) = may.iter().skip(length).position(|cell| !cell.absent) {
        return Some(format!(
            "it ends after {length} cells; cell {} must be there: {:?}",
            length + lost,
            may[length + lost].cells
        ));
    }
    None
}

fn show(cell: Cell, bytes: &[u8]) -> String {
    match cell {
        Cell::Zero => "zeros".to_owned(),
        Cell::Version(number) => format!("as operation {number} wrote it"),
        Cell::Foreign => format!("\"{}\"", bytes.escape_ascii()),
    }
}
