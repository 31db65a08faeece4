// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "syncing works on descriptors of every kind that has something to sync, and copies nothing up",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.file("d/inside", "text");
        b.fifo("fifo");
        b.char_device("null", 1, 3);
    },
    steps: |r| {
        for (path, flags) in [
            ("f", O_RDONLY),
            ("f", O_RDWR),
            ("f", O_PATH),
            ("d", O_RDONLY),
            ("d", O_PATH),
            ("fifo", O_RDWR),
            ("null", O_RDWR),
        ] {
            let fd = r.open(path, flags);
            r.fsync(fd);
            r.fdatasync(fd);
            r.syncfs(fd);
            for (offset, length, flags) in
                [(0, 0, 7), (0, 10, 2), (-1, 0, 7), (0, -1, 7), (0, 0, 8)]
            {
                let result = sys::sync_range(fd.raw(), offset, length, flags);
                r.done(
                    format_args!("sync_file_range({fd}, {offset}, {length}, {flags})"),
                    result,
                );
            }
            r.close(fd);
        }
        sys::sync();
        r.stat("f");
    },
    layers: Some(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    }),
    ..Scenario::DEFAULT
};
