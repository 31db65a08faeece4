// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an unprivileged owner changes his own lower files",
    setup: |b| {
        b.file("f", "text").owner(1000, 1000).mode(0o644);
        b.dir("home").owner(1000, 1000).mode(0o700);
        b.file("home/x", "text").owner(1000, 1000);
        b.file("home/roots", "text");
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            r.put("f", O_WRONLY, "T");
            r.chmod("f", 0o600);
            r.utimens("f", (77, 7));
            r.chown("f", 0, 0);
            r.put("home/new", O_WRONLY | O_CREAT, "n");
            r.unlink("home/roots");
            r.rename("home/x", "home/y");
            r.mkdir("home/dir");
            r.rmdir("home/dir");
            r.chmod("home", 0o755);
        });
        r.stat("f");
        r.stat("home/new");
        r.ls("home");
    },
    layers: Some(|l| {
        l.whiteout("home/roots")?;
        l.whiteout("home/x")
    }),
    ..Scenario::DEFAULT
};
