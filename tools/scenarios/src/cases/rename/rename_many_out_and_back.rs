// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "two hundred lower files move to another directory, which is deleted and made anew, and \
        back: no whiteout is left",
    setup: |b| {
        for number in 0..200 {
            b.file(&format!("d/{number:03}"), format!("{number}"));
        }
        b.file("e/old", "x");
    },
    steps: |r| {
        r.unlink("e/old");
        r.rmdir("e");
        r.rename("d", "e/x");
        r.mkdir("e");
        for name in r.names("d") {
            sys::rename(format!("d/{name}"), format!("e/{name}"), RENAME_NOREPLACE).expect("out");
        }
        r.ls("d");
        let all = r.names("e").len() == 200;
        r.expect("all are there", all);
        for name in r.names("e") {
            sys::rename(format!("e/{name}"), format!("d/{name}"), RENAME_NOREPLACE).expect("back");
        }
        r.ls("e");
        r.rmdir("e");
        r.cat("d/117");
        let all = r.names("d").len() == 200;
        r.expect("all are back", all);
    },
    layers: Some(|l| {
        for number in 0..200 {
            l.in_upper(&format!("d/{number:03}"))?;
        }
        l.whiteout("e")
    }),
    ..Scenario::DEFAULT
};
