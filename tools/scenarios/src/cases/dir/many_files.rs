// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "many files are made, changed and deleted",
    setup: |b| {
        for n in 0..60 {
            b.file(&format!("d{}/f{n}", n % 4), format!("text {n}"));
        }
    },
    steps: |r| {
        for n in 0..60 {
            let path = format!("d{}/f{n}", n % 4);
            match n % 6 {
                0 => drop(r.unlink(&path)),
                1 => drop(r.put(&path, O_WRONLY, "T")),
                2 => drop(r.rename(&path, &format!("d{}/r{n}", (n + 1) % 4))),
                3 => drop(r.chmod(&path, 0o600)),
                4 => drop(r.link(&path, &format!("d{}/l{n}", (n + 2) % 4))),
                _ => {}
            }
        }
        for n in 0..100 {
            r.put(&format!("d1/n{n}"), O_WRONLY | O_CREAT, "new");
        }
        for n in (0..100).step_by(2) {
            r.unlink(&format!("d1/n{n}"));
        }
        for dir in ["d0", "d1", "d2", "d3"] {
            r.ls(dir);
        }
    },
    ..Scenario::DEFAULT
};
