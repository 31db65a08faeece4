// SPDX-License-Identifier: GPL-2.0-only
//! Syncing a large file of which some pieces have been written.

use crate::prelude::*;

/// Writes to files opened with O_SYNC and O_DSYNC, and by RWF_SYNC and RWF_DSYNC.
pub fn part_sync_writes(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        for (generation, flag) in [(2, libc::O_DSYNC), (3, libc::O_SYNC)] {
            r.with(layout.name(), O_RDWR | flag, |r, fd| {
                r.write_ranges(fd, generation, partial::WRITES);
                r.all_of(fd);
            });
        }
        for (generation, flag) in [(4, libc::RWF_DSYNC), (5, libc::RWF_SYNC)] {
            r.with(layout.name(), O_RDWR, |r, fd| {
                r.write_ranges_with(fd, generation, flag);
                r.all_of(fd);
            });
        }
        let append = O_WRONLY | O_APPEND | libc::O_SYNC;
        r.put(layout.name(), append, "the end");
    })
}

/// The first write of all is synced.
pub fn part_sync_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDWR | libc::O_DSYNC, |r, fd| {
            r.write_ranges(fd, 2, &partial::WRITES[..1]);
            r.all_of(fd);
        });
        layout.write(r);
    })
}

/// fsync, fdatasync, syncfs and sync_file_range, by a writer and by a reader, change nothing that is read.
pub fn part_syncs(b: &mut Builder) -> Steps {
    const SYNCS: [fn(&mut Run, Fd); 4] = [
        |r, fd| r.fsync(fd),
        |r, fd| r.fdatasync(fd),
        |r, fd| r.syncfs(fd),
        |r, fd| {
            let result = sys::sync_range(fd.raw(), 0, 0, 7);
            r.done(format_args!("sync_file_range({fd})"), result);
        },
    ];
    partial::each(b, Middle::Hole, |r, layout| {
        for (number, sync) in SYNCS.into_iter().enumerate() {
            r.with(layout.name(), O_RDWR, |r, fd| {
                r.write_ranges(fd, 2 + number as u64, &partial::WRITES[number..]);
                sync(r, fd);
                r.all_of(fd);
                // Nothing is left to be written.
                sync(r, fd);
            });
            r.with(layout.name(), O_RDONLY, |r, fd| {
                sync(r, fd);
                r.fadvise(fd, libc::POSIX_FADV_DONTNEED);
                r.all_of(fd);
            });
        }
    })
}
