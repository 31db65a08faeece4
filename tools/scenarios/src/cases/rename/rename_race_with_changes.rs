// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower file moves to and fro while others write to it and change its mode: nothing is \
        lost",
    setup: |b| {
        b.file("f", "0123456789").mode(0o600);
        b.dir("d");
    },
    steps: |r| {
        r.parallel(3, |number| {
            // It has one name or the other, and may change it between two looks.
            let mut names = ["f", "d/g"].iter().cycle().take(1000);
            let fd = names
                .find_map(|name| sys::open(name, O_RDWR, 0).ok())
                .expect("it is there");
            for round in 0..40 {
                match number {
                    0 if round % 2 == 0 => sys::rename("f", "d/g", 0).expect("there"),
                    0 => sys::rename("d/g", "f", 0).expect("back"),
                    1 => drop(sys::write(fd, b"X", Some(round % 10)).expect("written")),
                    _ => sys::fchmod(fd, 0o600 + (round as u32 % 8)).expect("changed"),
                }
            }
        });
        r.cat("f");
        r.stat("f");
        r.ls("d");
    },
    layers: Some(|l| {
        l.in_upper("f")?;
        l.absent("d/g")
    }),
    ..Scenario::DEFAULT
};
