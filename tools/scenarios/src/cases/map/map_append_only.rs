// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file that can only be appended to is not mapped for writing",
    setup: |b| {
        b.file("lower", vec![b'.'; PAGE]);
        b.upper().file("upper", vec![b'.'; PAGE]);
    },
    steps: |r| {
        const APPEND: u32 = 0x20;
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDONLY);
            r.set_flags(fd, APPEND, APPEND);
            let writer = r.open(name, O_RDWR | O_APPEND);
            r.map(writer, PAGE, PROT_RW, MAP_SHARED);
            r.map(writer, PAGE, PROT_READ, MAP_SHARED);
            r.map(writer, PAGE, PROT_RW, MAP_PRIVATE);
            r.map(fd, PAGE, PROT_READ, MAP_SHARED);
            r.write(writer, "appended");
            r.set_flags(fd, 0, APPEND);
            r.map(writer, PAGE, PROT_RW, MAP_SHARED);
        }
    },
    not_on: shape::NO_FLAGS,
    ..Scenario::DEFAULT
};
