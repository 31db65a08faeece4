// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const BLOCK: usize = 4096;

pub const SCENARIO: Scenario = Scenario {
    about: "O_DIRECT, set and cleared on an open file, counts for what is below and for the copy",
    setup: |b| {
        b.file("lower", vec![b'.'; 16384]);
        b.upper().file("upper", vec![b'.'; 16384]);
    },
    steps: |r| {
        let direct = |r: &mut Run, fd: Fd, on: bool| {
            let flags = if on { O_DIRECT } else { 0 };
            r.done(
                format_args!("O_DIRECT {on}"),
                sys::set_status_flags(fd.raw(), flags, O_DIRECT),
            );
        };
        for name in ["lower", "upper"] {
            let reader = r.open(name, O_RDONLY);
            let fd = r.open(name, O_RDWR);
            for fd in [reader, fd] {
                direct(r, fd, true);
                r.read_aligned(fd, BLOCK, 4096);
                r.read_aligned(fd, BLOCK, 16384);
            }
            r.write_aligned(fd, &[b'd'; BLOCK], 4096);
            r.read_aligned(reader, BLOCK, 4096);
            direct(r, fd, false);
            r.pwrite(fd, "odd", 4095);
            r.read_aligned(reader, BLOCK, 4096);
            direct(r, reader, false);
            r.pread(reader, 10, 4090);
            direct(r, fd, true);
            r.write_aligned(fd, &[b'e'; BLOCK], 16384);
            r.fstat(reader);
        }
    },
    ..Scenario::DEFAULT
};
