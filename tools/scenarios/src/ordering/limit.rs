// SPDX-License-Identifier: GPL-2.0-only
//! Files are cut and extended again and again, and an attribute has the lowest size so far: what lies beyond it is the
//! file's own. If the extension were on the disk without it, data of the lower file would come back that were cut off.

use std::os::fd::RawFd;

use super::rule::{Before, begin_write_back};
use super::seen::Seen;
use super::site::{self, GRANULE, Site, TASKS, pause, shuffled};
use crate::random::Dice;
use crate::sys;

/// Files of a task, and how often each is cut.
const FILES: usize = 12;
const ROUNDS: usize = 12;

/// The size at first.
const SIZE: usize = 1 << 20;

const ATTRIBUTE: &str = "trusted.overlay.union.part";

/// The size to which a file is cut for the n-th time; at first it is that of the lower file.
fn cut(round: usize) -> usize {
    // Some are not at the end of a block.
    SIZE - round * 8 * GRANULE + 100 * (round % 3)
}

/// The size that it then gets: by it the extension is known.
fn extended(round: usize) -> usize {
    SIZE + round * 2 * GRANULE + 1000 * (round % 2)
}

/// Makes the files.
pub fn make(site: &Site) -> Result<(), String> {
    let make = |file| -> sys::Result<()> {
        let fd = sys::open(site.path(file), libc::O_RDWR | libc::O_CREAT, 0o600)?;
        sys::ftruncate(fd, cut(0) as i64)?;
        set(file, fd, 0)?;
        sys::close(fd)
    };
    (0..FILES * TASKS)
        .try_for_each(make)
        .map_err(|error| format!("making the files: {error}"))
}

fn set(file: usize, fd: RawFd, round: usize) -> sys::Result<()> {
    let limit = cut(round).to_le_bytes();
    sys::fsetxattr(fd, ATTRIBUTE, &site::value(file, &limit), 0)
}

/// The work of one task.
pub fn work(site: &Site, task: usize, dice: &mut Dice) -> sys::Result<()> {
    let is_late = site.rule.before == Before::Nothing;
    for round in 1..=ROUNDS {
        let files = shuffled(dice, FILES);
        for file in &files {
            with(site, task * FILES + file, |file, fd| {
                sys::ftruncate(fd, cut(round) as i64)?;
                pause(dice, 2);
                if !is_late {
                    set(file, fd, round)?;
                    pause(dice, 2);
                }
                extend(fd, round, dice)
            })?;
        }
        for file in files.iter().filter(|_| is_late) {
            with(site, task * FILES + file, |file, fd| {
                pause(dice, 2);
                set(file, fd, round)
            })?;
        }
    }
    Ok(())
}

/// Opens a file.
fn with(
    site: &Site,
    file: usize,
    work: impl FnOnce(usize, RawFd) -> sys::Result<()>,
) -> sys::Result<()> {
    let fd = sys::open(site.path(file), libc::O_RDWR, 0)?;
    let done = work(file, fd);
    sys::close(fd).and(done)
}

/// Extends a file, by cutting it or by writing past its end.
fn extend(fd: RawFd, round: usize, dice: &mut Dice) -> sys::Result<()> {
    let size = extended(round);
    if dice.roll(2) == 0 {
        return sys::ftruncate(fd, size as i64);
    }
    sys::write(fd, &[b'+'; GRANULE], Some((size - GRANULE) as i64))?;
    // Without it the size would stay in memory.
    match dice.roll(2) {
        0 => begin_write_back(fd),
        _ => Ok(()),
    }
}

/// What the size of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// It was cut for the n-th time, or never if that is 0.
    Cut(usize),
    /// And extended.
    Extended(usize),
}

impl Size {
    fn of(size: usize) -> Option<Self> {
        (0..=ROUNDS).find_map(|round| {
            let at = cut(round);
            if size == at {
                return Some(Self::Cut(round));
            }
            // xfs: the end of the block where it was cut is written before the rest.
            let in_block = (at..at.next_multiple_of(GRANULE) + 1).contains(&size);
            // write(2) fills page by page.
            let end = extended(round);
            let is_extended = round > 0 && (in_block || (end - GRANULE + 1..=end).contains(&size));
            is_extended.then_some(Self::Extended(round))
        })
    }
}

/// A file that is extended has the limit of its last cut, and so has no file that is not cut yet.
pub fn look(site: &Site) -> Result<Seen, String> {
    let mut seen = Seen::default();
    for file in 0..FILES * TASKS {
        let path = site.path(file);
        let stat = sys::stat(&path, 0).map_err(|error| format!("{}: {error}", path.display()))?;
        let value = site::attribute(&path, ATTRIBUTE)?.unwrap_or_default();
        let limit = value
            .first_chunk()
            .map(|bytes| usize::from_le_bytes(*bytes));
        judge(&mut seen, file, stat.st_size as usize, limit);
    }
    Ok(seen)
}

fn judge(seen: &mut Seen, file: usize, size: usize, limit: Option<usize>) {
    let found = Size::of(size);
    let last = limit.and_then(|limit| (0..=ROUNDS).find(|round| cut(*round) == limit));
    seen.facts += usize::from(matches!(found, Some(Size::Extended(_))));
    let is_right = match (found, last) {
        (Some(Size::Cut(round)), Some(last)) => last == round || last + 1 == round,
        (Some(Size::Extended(round)), Some(last)) => last == round,
        _ => false,
    };
    if !is_right {
        seen.other += 1;
        seen.tell(|| format!("file {file} has {size} bytes, {found:?}, and the limit {limit:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_known_and_needs_its_limit() {
        for round in 0..=ROUNDS {
            assert_eq!(Size::of(cut(round)), Some(Size::Cut(round)));
            if round > 0 {
                assert_eq!(Size::of(extended(round)), Some(Size::Extended(round)));
            }
        }
        assert_eq!(
            Size::of(cut(1).next_multiple_of(GRANULE)),
            Some(Size::Extended(1))
        );
        let first_page = extended(1) / GRANULE * GRANULE;
        assert_eq!(Size::of(first_page), Some(Size::Extended(1)));
        assert_eq!(Size::of(7), None);
        for (size, limit, good) in [
            (cut(0), Some(cut(0)), true),
            (cut(3), Some(cut(2)), true),
            (cut(3), Some(cut(3)), true),
            (cut(3), Some(cut(1)), false),
            (extended(3), Some(cut(3)), true),
            (extended(3), Some(cut(2)), false),
            (extended(3), Some(cut(4)), false),
            (extended(3), None, false),
            (12, Some(cut(3)), false),
        ] {
            let mut seen = Seen::default();
            judge(&mut seen, 0, size, limit);
            assert_eq!(!seen.is_false(), good, "{size} {limit:?}");
        }
    }
}
