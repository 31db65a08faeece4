// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "posix_fadvise and readahead say of each kind of descriptor what is due, and copy nothing up",
    setup: |b| {
        b.file("f", vec![b'x'; 20_000]);
        b.dir("d");
        b.fifo("fifo");
    },
    steps: |r| {
        for (path, flags) in [
            ("f", O_RDONLY),
            ("f", O_WRONLY),
            ("f", O_PATH),
            ("d", O_RDONLY),
            ("fifo", O_RDWR),
        ] {
            let fd = r.open(path, flags);
            for (offset, length, advice) in [
                (0, 0, libc::POSIX_FADV_WILLNEED),
                (4096, 4096, libc::POSIX_FADV_DONTNEED),
                (1 << 40, 1, libc::POSIX_FADV_SEQUENTIAL),
                (0, -1, libc::POSIX_FADV_NORMAL),
                (-1, 1, libc::POSIX_FADV_RANDOM),
                (0, 1, 6),
            ] {
                let result = sys::fadvise_range(fd.raw(), offset, length, advice);
                r.done(
                    format_args!("fadvise({fd}, {offset}, {length}, {advice})"),
                    result,
                );
            }
            r.done("readahead", sys::readahead(fd.raw(), 4096, 8192));
            r.done("readahead far", sys::readahead(fd.raw(), 1 << 40, 8192));
            r.close(fd);
        }
        // Random access, as advised before the copy-up, still reads what is there.
        let fd = r.open("f", O_RDONLY);
        r.fadvise(fd, libc::POSIX_FADV_RANDOM);
        r.pread(fd, 10, 10_000);
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
