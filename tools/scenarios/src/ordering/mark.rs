// SPDX-License-Identifier: GPL-2.0-only
//! A file is made with a mark that its data are not there, gets them, and loses the mark.

use super::seen::Seen;
use super::site::{self, GRANULE, Site, TASKS, pause, shuffled};
use crate::random::Dice;
use crate::sys;

/// Files of a task, and granules of each.
pub const FILES: usize = 64;
pub const GRANULES: usize = 4;

const MARK: &str = "trusted.overlay.metacopy";

/// The work of one task.
pub fn work(site: &Site, task: usize, dice: &mut Dice) -> sys::Result<()> {
    (task * FILES..(task + 1) * FILES).try_for_each(|file| one(site, file, dice))
}

fn one(site: &Site, file: usize, dice: &mut Dice) -> sys::Result<()> {
    let size = (GRANULES * GRANULE) as i64;
    // It gets its name with the mark and the size, as a copy does.
    let fd = sys::open(&site.dir, libc::O_RDWR | libc::O_TMPFILE, 0o600)?;
    sys::fsetxattr(fd, MARK, b"", 0)?;
    match file % 3 {
        0 => sys::fallocate(fd, 0, 0, size)?,
        _ => sys::ftruncate(fd, size)?,
    }
    sys::link_empty(fd, site.path(file))?;
    pause(dice, 2);
    for granule in shuffled(dice, GRANULES) {
        let at = granule * GRANULE;
        let data = &site.contents(file)[at..at + GRANULE];
        sys::write(fd, data, Some(at as i64))?;
        site.rule.nudge(fd, dice, 8)?;
    }
    pause(dice, 2);
    site.prepare(fd)?;
    sys::fremovexattr(fd, MARK)?;
    sys::close(fd)
}

/// A file without the mark has all its data.
pub fn look(site: &Site) -> Result<Seen, String> {
    let mut seen = Seen::default();
    for file in 0..FILES * TASKS {
        let path = site.path(file);
        if !path.exists() || site::attribute(&path, MARK)?.is_some() {
            continue;
        }
        seen.facts += 1;
        let data = site::read(&path)?;
        let mut found = data.chunks(GRANULE);
        for (granule, expected) in site.contents(file).chunks(GRANULE).enumerate() {
            seen.granule(expected, found.next().unwrap_or_default(), || {
                format!("granule {granule} of file {file}, which has no mark,")
            });
        }
    }
    Ok(seen)
}
