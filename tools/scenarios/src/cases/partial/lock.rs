// SPDX-License-Identifier: GPL-2.0-only
//! Locks and leases of a large file of which some pieces have been written.

use crate::prelude::*;

/// Locks from before the first write hold during it and after it, and the file can be written by their holder.
pub fn part_locks(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Hole, |r, layout| {
        let conflicts = |r: &mut Run| {
            r.with(layout.name(), O_RDWR, |r, other| {
                r.get_lock(other, F_WRLCK, 4000, 200);
                r.posix_lock(other, F_WRLCK, 4000, 200);
                r.posix_lock(other, F_WRLCK, 200_000, 10);
                r.ofd_lock(other, F_RDLCK, 0, 0);
                r.flock(other, LOCK_SH | LOCK_NB);
            });
        };
        // Another process makes the calls, as closing any descriptor drops the locks of a process.
        r.with(layout.name(), O_RDWR, |r, fd| {
            r.posix_lock(fd, F_WRLCK, 4095, 100);
            r.flock(fd, LOCK_EX);
            r.in_child(conflicts);
            r.in_child(|r| layout.write(r));
            r.in_child(conflicts);
            r.write_ranges(fd, 2, partial::WRITES);
            r.in_child(conflicts);
            r.posix_lock(fd, F_UNLCK, 0, 0);
            r.flock(fd, LOCK_UN);
            r.in_child(conflicts);
        });
    })
}

/// A lease is granted, and broken by a writer.
pub fn part_leases(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            r.set_lease(fd, F_RDLCK);
            r.get_lease(fd);
            r.in_child(|r| {
                r.open(layout.name(), O_WRONLY | O_NONBLOCK);
            });
            r.set_lease(fd, F_UNLCK);
            r.get_lease(fd);
            r.in_child(|r| {
                r.with(layout.name(), O_WRONLY | O_NONBLOCK, |r, fd| {
                    r.write_ranges(fd, 2, partial::WRITES);
                });
            });
            r.all_of(fd);
            r.set_lease(fd, F_RDLCK);
            r.get_lease(fd);
        });
    })
}
