// SPDX-License-Identifier: GPL-2.0-only
//! Inode numbers over time: an object keeps its number as long as it exists. The numbers of the two trees are not
//! related, but one object in the plain tree is one object in the union.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use crate::sys;

/// An object of the plain tree: its number, which another may have had before, and its time of creation.
type Object = (u64, i64, u32);

/// The numbers that the union gave to the objects of the plain tree.
#[derive(Default)]
pub struct Numbers(HashMap<Object, u64>);

impl Numbers {
    /// Returns the names that stand for another object than before, though they do not in the plain tree.
    pub fn compare<'a>(
        &mut self,
        plain: &Path,
        union: &Path,
        names: impl Iterator<Item = &'a String>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut now = HashMap::new();
        for name in names {
            let (Some((object, _)), Some((_, number))) =
                (look(&plain.join(name)), look(&union.join(name)))
            else {
                continue;
            };
            let before = match self.0.get(&object) {
                Some(before) => *before,
                None => number,
            };
            // Names of one file, of which the first counts.
            let before = match now.entry(object) {
                Entry::Occupied(first) => *first.get(),
                Entry::Vacant(first) => *first.insert(before),
            };
            if before != number {
                wrong.push(format!(
                    "{name}: inode number {number}, though it was {before} before"
                ));
            }
        }
        self.0 = now;
        wrong
    }

    /// Forgets the numbers of everything.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

/// The object of a name, and its number.
fn look(path: &Path) -> Option<(Object, u64)> {
    let flags = libc::AT_SYMLINK_NOFOLLOW;
    let stat = sys::statx(
        libc::AT_FDCWD,
        path,
        flags,
        libc::STATX_INO | libc::STATX_BTIME,
    )
    .ok()?;
    let object = (stat.stx_ino, stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec);
    Some((object, stat.stx_ino))
}
