// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mkdir -p along deleted directories: the first is opaque, those in it need not be",
    setup: |b| {
        b.lower(1).file("a/b/c/d/bottom", "x");
        b.lower(0).file("a/b/c/f", "x");
        b.file("e/f/g/h", "x");
        b.upper().whiteout("e/f");
    },
    steps: |r| {
        r.remove_tree("a", Vec::pop);
        for path in ["a", "a/b", "a/b/c", "a/b/c/d", "e/f", "e/f/g", "e/f/g/h"] {
            r.mkdir(path);
            r.see(path);
            r.mkdir(path);
        }
        r.rmdir("a/b/c/d");
        r.rmdir("a/b/c");
        r.make(What::Symlink, "a/b/c");
        r.rmdir("e/f/g/h");
        r.make(What::File, "e/f/g/h");
        r.cat("e/f/g/h");
    },
    layers: Some(|l| {
        l.opaque("a")?;
        l.opaque("e/f")?;
        for path in ["a/b", "e", "e/f/g"] {
            l.not_opaque(path)?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
