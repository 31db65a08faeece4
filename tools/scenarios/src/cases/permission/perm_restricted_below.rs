// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what lies in a private lower directory stays private when root has copied parts of it",
    setup: |b| {
        b.dir("private").mode(0o700);
        b.dir("private/deep").mode(0o777);
        b.file("private/deep/f", "secret").mode(0o666);
        b.file("private/deep/g", "secret").mode(0o666);
        b.file("key", "secret").mode(0o600);
        b.link("key_too", "key");
    },
    steps: |r| {
        let pry = |r: &mut Run| {
            r.each_user(|r, _| {
                r.ls("private");
                r.cat("private/deep/f");
                r.cat("private/deep/g");
                r.cat("key");
                r.cat("key_too");
                r.rename("private/deep/f", "f");
                r.chmod("key", 0o644);
            });
        };
        pry(r);
        r.put("private/deep/f", O_WRONLY, "new");
        r.utimens("key", (5, 5));
        pry(r);
        r.unlink("private/deep/f");
        r.put("private/deep/f", O_WRONLY | O_CREAT, "newer");
        pry(r);
    },
    layers: Some(|l| {
        l.upper_is(&["key", "private", "private/deep", "private/deep/f"])?;
        let modes = ["private", "private/deep", "key"].map(|path| l.stat(path));
        for (stat, mode) in modes.into_iter().zip([0o700, 0o777, 0o600]) {
            if stat?.st_mode & 0o7777 != mode {
                return Err(format!("a copy must have the mode {mode:o}"));
            }
        }
        Ok(())
    }),
    allow: &[Allow {
        line: "key",
        why: "the names of a lower file part at copy-up",
    }],
    ..Scenario::DEFAULT
};
