// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "real character devices among whiteouts, in every layer, are listed, and whiteouts are \
        not",
    setup: |b| {
        for number in 0..24u32 {
            let name = format!("d/{number:02}");
            b.lower(2).char_device(&name, 4, number);
            match number % 6 {
                0 => b.lower(1).whiteout(&name),
                1 => drop(b.lower(1).char_device(&name, 5, number + 1)),
                2 => b.upper().whiteout(&name),
                3 => drop(b.upper().char_device(&name, 0, number + 1)),
                4 => {
                    b.lower(1).whiteout(&name);
                    b.lower(0).char_device(&name, number, 0);
                }
                _ => {
                    b.lower(0).whiteout(&name);
                    b.upper().block_device(&name, 0, 0);
                }
            }
        }
    },
    steps: |r| {
        r.ls("d");
        for name in r.names("d") {
            r.lstat(&format!("d/{name}"));
        }
        for number in 0..12 {
            let name = format!("d/{number:02}");
            r.unlink(&name);
            r.mknod(&name, libc::S_IFCHR, 0o600, 0, number + 1);
        }
        r.ls("d");
    },
    layers: Some(|l| {
        l.in_upper("d/00")?;
        l.whiteout("d/14")?;
        l.absent("d/16")
    }),
    ..Scenario::DEFAULT
};
