// SPDX-License-Identifier: GPL-2.0-only
//! Limits of the size of a large file of which some pieces have been written: of the process and of the file system.

use crate::prelude::*;

/// Where the limit is: within a granule, and within the file.
const LIMIT: u64 = 200_001;

/// Calls at the limit of the process, for each layout in a process of its own, which a signal may end.
fn limited(r: &mut Run, layout: Layout) {
    let name = layout.name();
    r.in_child(|r| {
        r.done("limit", sys::limit_file_size(LIMIT));
        let fd = r.open(name, O_RDWR);
        for (at, length) in [
            (199_000, 2_000),
            (200_000, 1),
            (200_001, 1),
            (250_000, 5_000),
        ] {
            r.pwrite(fd, partial::data(2, at, length), at as i64);
            r.fstat(fd);
        }
        r.fallocate(fd, 0, 100_000, 50_000);
        r.fallocate(fd, 0, 200_000, 10_000);
        r.all_of(fd);
        r.truncate(name, 250_000);
        r.truncate(name, 400_000);
        r.put(name, O_WRONLY | O_APPEND, "behind");
        r.truncate(name, 150_001);
        r.put(name, O_WRONLY | O_APPEND, partial::data(3, 0, 60_000));
        r.stat(name);
    });
    for at in [100_000, 200_001] {
        r.in_child(move |r| {
            r.done("limit", sys::limit_file_size_deadly(LIMIT));
            let fd = r.open(name, O_RDWR);
            r.pwrite(fd, partial::data(4, at, 100), at as i64);
        });
    }
}

/// The limit of the process on the size of files ends a write to a partial file, not what is copied for it.
pub fn part_size_limit(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, limited)
}

/// The same where the first write of all is limited.
pub fn part_size_limit_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, limited)
}

/// Nothing can be written behind the largest offset, and a write that is refused changes nothing.
pub fn part_largest_offset(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            for at in [i64::MAX, i64::MAX - 1, i64::MAX - 4096] {
                r.pwrite(fd, "beyond", at);
                r.fstat(fd);
            }
            r.pwrite(fd, "before", -1);
            r.ftruncate(fd, i64::MAX);
            r.fstat(fd);
            // Where the file system has such files, nobody reads all of it.
            r.ftruncate(fd, partial::SIZE as i64);
            r.all_of(fd);
        });
    })
}
