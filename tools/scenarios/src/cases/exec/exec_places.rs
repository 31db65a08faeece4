// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the program that runs is the one the union shows, and running it copies nothing",
    setup: |b| {
        let program = |b: &mut Builder, path: &str, status: u8| {
            b.file(path, elf::exits_with(status)).mode(0o755);
        };
        b.lower(1);
        for name in [
            "below",
            "hidden",
            "white",
            "opaque/one",
            "merged/one",
            "merged/two",
        ] {
            program(b, name, 1);
        }
        b.lower(0);
        for name in ["hidden", "merged/one", "merged/three"] {
            program(b, name, 2);
        }
        b.opaque("opaque");
        program(b, "opaque/two", 2);
        b.upper();
        program(b, "merged/three", 3);
        program(b, "top", 3);
        b.whiteout("white");
    },
    steps: |r| {
        for name in [
            "below",
            "hidden",
            "white",
            "opaque/one",
            "opaque/two",
            "merged/one",
            "merged/two",
            "merged/three",
            "top",
        ] {
            r.exec(&format!("./{name}"), &[]);
        }
    },
    layers: Some(|l| l.upper_is(&["merged", "merged/three", "top", "white"])),
    ..Scenario::DEFAULT
};
