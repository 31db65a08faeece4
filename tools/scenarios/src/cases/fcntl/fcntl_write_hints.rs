// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "hints on the lifetime of data are kept with the file, for every descriptor and through copy-up",
    setup: |b| {
        b.file("lower", "text");
        b.upper().file("upper", "text");
    },
    steps: |r| {
        let hint = |r: &mut Run, fd: Fd, what: &str, command: i32, value: u64| {
            let result = sys::fcntl_u64(fd.raw(), command, value);
            r.call(format_args!("{what}({fd}, {value})"), result);
        };
        for name in ["lower", "upper"] {
            let one = r.open(name, O_RDWR);
            let reader = r.open(name, O_RDONLY);
            hint(r, reader, "F_GET_RW_HINT", sys::F_GET_RW_HINT, 99);
            hint(r, one, "F_SET_RW_HINT", sys::F_SET_RW_HINT, 77);
            hint(r, one, "F_SET_RW_HINT", sys::F_SET_RW_HINT, 3);
            hint(r, reader, "F_GET_RW_HINT", sys::F_GET_RW_HINT, 99);
            r.write(one, "T");
            let late = r.open(name, O_RDONLY);
            hint(r, late, "F_GET_RW_HINT", sys::F_GET_RW_HINT, 99);
        }
    },
    ..Scenario::DEFAULT
};
