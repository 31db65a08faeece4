// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "nothing is cloned into an immutable file, nor shared with it, by whoever had it open before",
    setup: |b| {
        b.upper().file("source", vec![b'x'; 8192]);
        b.upper().file("same", vec![b'x'; 8192]);
        b.anywhere().file("low", vec![b'y'; 8192]);
    },
    steps: |r| {
        const IMMUTABLE: u32 = 0x10;
        let source = r.open("source", O_RDONLY);
        for name in ["same", "low"] {
            let fd = r.open(name, O_RDWR);
            r.set_flags(fd, IMMUTABLE, IMMUTABLE);
            // Which error it is depends on whether there are blocks to be shared.
            let cloned = sys::clone_range(source.raw(), 0, 4096, fd.raw(), 0);
            r.expect("a clone is refused", cloned.is_err());
            let shared = sys::dedupe_range(source.raw(), 0, 4096, fd.raw(), 0);
            r.expect("so is a dedupe", !matches!(shared, Ok(Ok(_))));
            r.copy_file_range(source, 0, fd, 0, 10);
            r.set_flags(fd, 0, IMMUTABLE);
            r.close(fd);
            r.cat(name);
        }
    },
    not_on: shape::NO_FLAGS,
    ..Scenario::DEFAULT
};
