// SPDX-License-Identifier: GPL-2.0-only
//! The states of a disk that a power cut can leave, found in the log of its writes. After a flush, or a write with FUA,
//! the disk holds all earlier entries of the log. Between two flushes it also holds the writes with FUA and any of the
//! others, whole or in part: they were in the cache of the disk.

use std::collections::BTreeSet;
use std::fmt;

use super::judge::Cut;
use super::log::Entry;
use crate::random::Dice;

/// A part of a write that reached the disk: index of the entry, and a range of its bytes.
pub type Piece = (usize, usize, usize);

/// A state of the disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// So many entries of the log are on the disk.
    pub applied: usize,
    /// And these later ones.
    pub pieces: Vec<Piece>,
    /// How far the workload may have been: all of these, if several points have equal disks.
    pub cuts: Vec<Cut>,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (applied, pieces) = (self.applied, self.pieces.len());
        write!(
            f,
            "{applied} entries of the log and {pieces} parts of later ones"
        )
    }
}

/// The meaning of a mark: this operation begins.
pub fn mark(number: usize) -> String {
    format!("begin-{number}")
}

fn marked(entry: &Entry) -> Option<usize> {
    match entry {
        Entry::Mark(text) => text.strip_prefix("begin-")?.parse().ok(),
        _ => None,
    }
}

/// The smallest part of a write, which file systems take to be written as a whole.
const PART: usize = 4096;

/// Chooses up to `count` different states of a log, in its order. A workload of `last` operations makes a mark before
/// each and one, of the next number, after the last.
pub fn choose(log: &[Entry], last: usize, count: usize, seed: u64) -> Vec<Point> {
    let mut dice = Dice::new(seed ^ 0x706f_696e_7473);
    let mut whole = flushed(log, last);
    let epochs = epochs(log, last);
    let mut chosen = BTreeSet::new();
    // Half of each kind, as far as there are so many.
    let wanted = if epochs.is_empty() { count } else { count / 2 };
    while chosen.len() < wanted && !whole.is_empty() {
        chosen.insert(whole.swap_remove(dice.roll(whole.len())));
    }
    // Short epochs have few subsets.
    let mut tries = count * 8;
    while chosen.len() < count && !epochs.is_empty() && tries > 0 {
        tries -= 1;
        let epoch = &epochs[dice.roll(epochs.len())];
        chosen.insert(epoch.some(&mut dice));
    }
    while chosen.len() < count && !whole.is_empty() {
        chosen.insert(whole.swap_remove(dice.roll(whole.len())));
    }
    chosen.into_iter().collect()
}

/// The states after each flush and each write with FUA, from the first mark on.
fn flushed(log: &[Entry], last: usize) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let mut begun = None;
    // Whether the disk has changed since the last point.
    let mut changed = true;
    for (index, entry) in log.iter().enumerate() {
        if let Some(number) = marked(entry) {
            begun = Some(number);
            // The disk stays the same until something is written, while more operations have ended.
            if let (false, Some(point)) = (changed, points.last_mut()) {
                point.cuts[0].done = number - 1;
                point.cuts[0].begun = number.min(last);
            }
        }
        let Some(number) = begun else { continue };
        let settled = match entry {
            Entry::Flush => true,
            Entry::Write { fua, .. } => {
                changed = true;
                *fua
            }
            Entry::Discard(_) => {
                changed = true;
                false
            }
            Entry::Mark(_) => false,
        };
        if settled && changed {
            points.push(Point {
                applied: index + 1,
                pieces: Vec::new(),
                cuts: vec![Cut {
                    done: number - 1,
                    begun: number.min(last),
                }],
            });
            changed = false;
        }
    }
    points
}

/// The writes between two flushes.
struct Epoch {
    applied: usize,
    /// Writes with FUA: index and length.
    sure: Vec<(usize, usize)>,
    /// The others.
    open: Vec<(usize, usize)>,
    begun: usize,
    last: usize,
}

fn epochs(log: &[Entry], last: usize) -> Vec<Epoch> {
    let mut epochs = Vec::new();
    let mut begun = None;
    let empty = |applied| Epoch {
        applied,
        sure: Vec::new(),
        open: Vec::new(),
        begun: 0,
        last,
    };
    let mut epoch = empty(0);
    for (index, entry) in log.iter().enumerate() {
        begun = marked(entry).or(begun);
        match entry {
            Entry::Write { data, fua, .. } => {
                let list = if *fua {
                    &mut epoch.sure
                } else {
                    &mut epoch.open
                };
                list.push((index, data.len()));
            }
            Entry::Flush => {
                let ended = std::mem::replace(&mut epoch, empty(index + 1));
                if let Some(begun) = begun
                    && !ended.open.is_empty()
                {
                    epochs.push(Epoch { begun, ..ended });
                }
            }
            Entry::Discard(_) | Entry::Mark(_) => {}
        }
    }
    epochs
}

impl Epoch {
    /// Some of the writes under way.
    fn some(&self, dice: &mut Dice) -> Point {
        let in_parts = dice.roll(2) == 0;
        // Few, half, most of them.
        let odds = [1, 4, 7][dice.roll(3)];
        let mut pieces: Vec<Piece> = self.sure.iter().map(|(at, len)| (*at, 0, *len)).collect();
        for (index, length) in &self.open {
            let part = if in_parts { PART } else { *length };
            for start in (0..*length).step_by(part) {
                if dice.roll(8) < odds {
                    pieces.push((*index, start, (start + part).min(*length)));
                }
            }
        }
        pieces.sort_unstable();
        Point {
            applied: self.applied,
            pieces,
            cuts: vec![Cut {
                done: self.begun - 1,
                begun: self.begun.min(self.last),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(fua: bool) -> Entry {
        let data = 0..2 * PART;
        Entry::Write { at: 0, data, fua }
    }

    fn log() -> Vec<Entry> {
        vec![
            write(false),
            Entry::Flush,
            Entry::Mark(mark(1)),
            write(false), // 3
            Entry::Flush, // 4
            write(true),  // 5
            Entry::Mark(mark(2)),
            Entry::Mark(mark(3)),
            write(false), // 8
            write(true),  // 9
            write(false), // 10
            Entry::Mark(mark(4)),
            Entry::Flush, // 12
        ]
    }

    #[test]
    fn flushes_and_fua_are_points_and_later_marks_say_what_had_ended() {
        let points: Vec<_> = flushed(&log(), 3)
            .iter()
            .map(|point| (point.applied, point.cuts[0].done, point.cuts[0].begun))
            .collect();
        // Before the first mark there is nothing to judge; after the last one all have ended.
        assert_eq!(points, [(5, 0, 1), (6, 2, 3), (10, 2, 3), (13, 3, 3)]);
    }

    #[test]
    fn between_flushes_fua_is_sure_and_the_rest_open() {
        let epochs = epochs(&log(), 3);
        let last = epochs.last().unwrap();
        assert_eq!(last.applied, 5);
        assert_eq!(
            last.sure.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            [5, 9]
        );
        assert_eq!(
            last.open.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            [8, 10]
        );
        let mut dice = Dice::new(5);
        for _ in 0..50 {
            let point = last.some(&mut dice);
            assert!(point.pieces.contains(&(5, 0, 2 * PART)));
            assert!(point.pieces.contains(&(9, 0, 2 * PART)));
            assert!(point.pieces.is_sorted());
            assert_eq!(point.cuts, [Cut { done: 3, begun: 3 }]);
        }
    }

    #[test]
    fn a_seed_chooses_the_same_states() {
        let points = choose(&log(), 3, 20, 9);
        assert_eq!(points, choose(&log(), 3, 20, 9));
        assert!(points.len() > 8, "{}", points.len());
        assert!(points.is_sorted());
    }
}
