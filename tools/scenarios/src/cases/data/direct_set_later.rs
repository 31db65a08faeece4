// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_DIRECT is set and taken away on open files, below and copied up",
    setup: |b| {
        b.file("f", vec![b'.'; 8192]);
    },
    steps: |r| {
        fn flags(r: &mut Run<'_>, fd: Fd) {
            let flags = sys::fcntl(fd.raw(), libc::F_GETFL, 0);
            let is = flags.map(|flags| flags & O_DIRECT != 0);
            r.call(format_args!("O_DIRECT of {fd}"), is);
        }
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_RDWR);
        for fd in [reader, writer] {
            let result = sys::set_status_flags(fd.raw(), O_DIRECT, O_DIRECT);
            r.done("O_DIRECT on", result);
            flags(r, fd);
            r.pread_aligned(fd, 4096, 0, 4096);
        }
        r.pwrite_aligned(writer, b'a', 4096, 0);
        r.pread_aligned(reader, 4096, 0, 0);
        let result = sys::set_status_flags(writer.raw(), 0, O_DIRECT);
        r.done("O_DIRECT off", result);
        flags(r, writer);
        flags(r, reader);
        // Not aligned, and need not be.
        r.pwrite(writer, "buffered", 100);
        r.pread(writer, 20, 95);
        r.pread_aligned(reader, 4096, 0, 0);
    },
    ..Scenario::DEFAULT
};
