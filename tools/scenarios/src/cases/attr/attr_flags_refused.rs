// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "flags are set by the owner, immutable by root alone, and asked for in known sizes only",
    setup: |b| {
        b.upper();
        b.file("own", "x").owner(1000, 1000);
        b.file("other", "x");
        b.dir("dir").owner(1000, 1000);
    },
    steps: |r| {
        const NODUMP: u32 = 0x40;
        r.as_user(1000, 1000, |r| {
            for name in ["own", "other", "dir"] {
                let fd = r.open(name, O_RDONLY);
                r.set_flags(fd, NODUMP, NODUMP);
                r.get_flags(fd, NODUMP);
                r.set_flags(fd, 0x10, 0x30);
                r.set_flags(fd, 0x20, 0x30);
                r.set_xflags(fd, 0x8, 0x8);
                r.set_xflags(fd, 0, 0x80);
                r.get_flags(fd, NODUMP | 0x30);
            }
        });
        let fd = r.open("own", O_PATH);
        r.get_flags(fd, 0);
        r.set_flags(fd, NODUMP, NODUMP);
        r.get_xflags(fd, 0);
        // Flags there are none, and the size of a structure there is not.
        let fd = r.open("own", O_RDONLY);
        r.set_flags(fd, 1 << 31, 1 << 31);
        r.set_xflags(fd, 1 << 13, 1 << 13);
        for size in [0, 16, 23, 24, 32, 4096, 5000] {
            let result = sys::file_getattr(sys::HERE, "own", size, 0).map(drop);
            r.done(format_args!("file_getattr with {size} bytes"), result);
            let result = sys::file_setattr(sys::HERE, "own", Default::default(), size, 0);
            r.done(format_args!("file_setattr with {size} bytes"), result);
        }
        for flags in [0x100, 0x1000, 0x200] {
            let result = sys::file_getattr(sys::HERE, "", 24, flags).map(drop);
            r.done(format_args!("file_getattr of nothing, {flags:#x}"), result);
        }
    },
    ..Scenario::DEFAULT
};
