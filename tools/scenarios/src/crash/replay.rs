// SPDX-License-Identifier: GPL-2.0-only
//! A disk as it was before a workload, on which the writes of its log are repeated, state by state.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

use super::log::Entry;
use super::points::{self, Point};
use super::ram::Ram;
use crate::random::Dice;
use crate::sys::Aligned;

/// Pages, of the disk and of memory.
const PAGE: usize = 4096;

static ZEROS: [u8; PAGE] = [0; PAGE];

/// The contents of a disk.
struct Contents {
    bytes: Aligned,
    /// A number for the contents of each page: 0 for zeros.
    hashes: Vec<u64>,
    /// One for all pages.
    sum: u64,
}

impl Contents {
    fn new(bytes: &[u8]) -> Self {
        let mut contents = Self {
            bytes: Aligned::new(bytes.len(), 0),
            hashes: vec![0; bytes.len().div_ceil(PAGE)],
            sum: 0,
        };
        contents.set(0, bytes);
        contents
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        self.change(at..at + bytes.len(), |place| place.copy_from_slice(bytes));
    }

    fn change(&mut self, range: Range<usize>, change: impl FnOnce(&mut [u8])) {
        if range.is_empty() {
            return;
        }
        change(&mut self.bytes[range.clone()]);
        for page in range.start / PAGE..range.end.div_ceil(PAGE) {
            let bytes = &self.bytes[page * PAGE..self.bytes.len().min((page + 1) * PAGE)];
            let hash = hash(page, bytes);
            let before = std::mem::replace(&mut self.hashes[page], hash);
            self.sum = self.sum.wrapping_sub(before).wrapping_add(hash);
        }
    }

    /// Puts it on a disk.
    fn fill(&self, disk: &Ram) -> Result<(), String> {
        disk.clear()?;
        let mut page = 0;
        while page < self.hashes.len() {
            let used = self.hashes[page..].iter().take_while(|hash| **hash != 0);
            let run = used.count();
            if run > 0 {
                let range = page * PAGE..self.bytes.len().min((page + run) * PAGE);
                disk.put(range.start, &self.bytes[range])?;
            }
            page += run.max(1);
        }
        Ok(())
    }
}

fn hash(page: usize, bytes: &[u8]) -> u64 {
    if *bytes == ZEROS[..bytes.len()] {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    hasher.write_usize(page);
    hasher.write(bytes);
    hasher.finish()
}

/// The disk of a workload during the replay of its log.
pub struct Replay {
    before: Vec<u8>,
    contents: Contents,
    log: Vec<u8>,
    entries: Vec<Entry>,
    applied: usize,
}

impl Replay {
    /// Begins with the contents of the disk before.
    pub fn new(before: Vec<u8>, log: Vec<u8>, entries: Vec<Entry>) -> Self {
        Self {
            contents: Contents::new(&before),
            before,
            log,
            entries,
            applied: 0,
        }
    }

    /// Chooses so many different states of the disk, in the order of the log, of a workload of `last` operations.
    pub fn states(&mut self, last: usize, count: usize, seed: u64) -> Result<Vec<Point>, String> {
        // Some turn out to be equal.
        let more = count + count / 4;
        let points = points::choose(&self.entries, last, more, seed);
        let mut points = self.distinct(points)?;
        let mut dice = Dice::new(seed);
        while points.len() > count {
            points.remove(dice.roll(points.len()));
        }
        Ok(points)
    }

    /// The points, in the order of the log, whose disks differ; if several have the same, one gets the cuts of all.
    fn distinct(&mut self, points: Vec<Point>) -> Result<Vec<Point>, String> {
        let mut known: HashMap<u64, usize> = HashMap::new();
        let mut distinct: Vec<Point> = Vec::new();
        for mut point in points {
            let sum = self.with(&point, |contents| contents.sum)?;
            let index = *known.entry(sum).or_insert(distinct.len());
            match distinct.get_mut(index) {
                Some(same) => {
                    point.cuts.retain(|cut| !same.cuts.contains(cut));
                    same.cuts.append(&mut point.cuts);
                }
                None => distinct.push(point),
            }
        }
        Ok(distinct)
    }

    /// Puts the state of a point on a disk.
    pub fn fill(&mut self, point: &Point, disk: &Ram) -> Result<(), String> {
        self.with(point, |contents| contents.fill(disk))?
    }

    /// Calls `work` with the disk in the state of a point; fast when the previous one was earlier in the log.
    fn with<T>(&mut self, point: &Point, work: impl FnOnce(&Contents) -> T) -> Result<T, String> {
        if self.applied > point.applied {
            self.contents = Contents::new(&self.before);
            self.applied = 0;
        }
        while self.applied < point.applied {
            match &self.entries[self.applied] {
                Entry::Write { at, data, .. } => self.contents.set(*at, &self.log[data.clone()]),
                Entry::Discard(range) => self.contents.change(range.clone(), |place| place.fill(0)),
                Entry::Flush | Entry::Mark(_) => {}
            }
            self.applied += 1;
        }
        let mut covered = Vec::new();
        for (index, from, to) in &point.pieces {
            let Entry::Write { at, data, .. } = &self.entries[*index] else {
                return Err(format!("entry {index} of the log is no write"));
            };
            let place = at + from..at + to;
            covered.push((place.start, self.contents.bytes[place].to_vec()));
            let bytes = &self.log[data.start + from..data.start + to];
            self.contents.set(at + from, bytes);
        }
        let result = work(&self.contents);
        // Backwards, for they may overlap.
        for (at, bytes) in covered.into_iter().rev() {
            self.contents.set(at, &bytes);
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::judge::Cut;

    fn point(applied: usize, pieces: &[(usize, usize, usize)], done: usize) -> Point {
        Point {
            applied,
            pieces: pieces.to_vec(),
            cuts: vec![Cut { done, begun: done }],
        }
    }

    fn replay() -> Replay {
        let log: Vec<u8> = (1..=3).flat_map(|byte| [byte; 2 * PAGE]).collect();
        let write = |at: usize, piece: usize| Entry::Write {
            at: at * PAGE,
            data: piece * 2 * PAGE..(piece + 1) * 2 * PAGE,
            fua: false,
        };
        let entries = vec![write(0, 0), write(1, 1), write(0, 2)];
        Replay::new(vec![0; 4 * PAGE], log, entries)
    }

    fn firsts(replay: &mut Replay, point: &Point) -> Vec<u8> {
        let first = |contents: &Contents, page: usize| contents.bytes[page * PAGE];
        replay
            .with(point, |contents| {
                (0..4).map(|page| first(contents, page)).collect()
            })
            .unwrap()
    }

    #[test]
    fn a_state_is_what_was_written_and_parts_of_the_rest() {
        let mut replay = replay();
        assert_eq!(firsts(&mut replay, &point(0, &[], 0)), [0, 0, 0, 0]);
        assert_eq!(firsts(&mut replay, &point(1, &[], 0)), [1, 1, 0, 0]);
        let parts = [(1, PAGE, 2 * PAGE), (2, 0, PAGE)];
        assert_eq!(firsts(&mut replay, &point(1, &parts, 0)), [3, 1, 2, 0]);
        let covering = [(1, 0, PAGE), (2, PAGE, 2 * PAGE)];
        assert_eq!(firsts(&mut replay, &point(1, &covering, 0)), [1, 3, 0, 0]);
        assert_eq!(firsts(&mut replay, &point(1, &[], 0)), [1, 1, 0, 0]);
        assert_eq!(firsts(&mut replay, &point(3, &[], 0)), [3, 3, 2, 0]);
        assert_eq!(firsts(&mut replay, &point(2, &[], 0)), [1, 2, 2, 0]);
    }

    #[test]
    fn equal_disks_are_one() {
        let points = vec![
            point(0, &[], 0),
            point(0, &[(0, 0, 2 * PAGE)], 1),
            point(1, &[], 2),
            point(1, &[], 2),
            point(2, &[], 3),
        ];
        let distinct = replay().distinct(points).unwrap();
        let cuts: Vec<Vec<usize>> = distinct
            .iter()
            .map(|point| point.cuts.iter().map(|cut| cut.done).collect())
            .collect();
        assert_eq!(cuts, [vec![0], vec![1, 2], vec![3]]);
    }
}
