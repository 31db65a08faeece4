// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names made over whiteouts and hidden again move the times of their directory",
    setup: |b| {
        b.lower(0).file("d/f", "text");
        b.file("d/g", "text");
        b.dir("d/sub");
        b.file("o/f", "text");
        b.upper().whiteout("d/f");
        b.whiteout("d/sub");
        b.opaque("o");
    },
    steps: |r| {
        let calls: [fn(&mut Run); 10] = [
            |r| {
                r.unlink("d/f");
            },
            |r| {
                r.unlink("d/g");
            },
            |r| {
                r.put("d/f", O_WRONLY | O_CREAT, "x");
            },
            |r| {
                r.link("d/f", "d/g");
            },
            |r| {
                r.mkdir("d/sub");
            },
            |r| {
                r.rmdir("d/sub");
            },
            |r| {
                r.symlink("x", "d/sub");
            },
            |r| {
                r.rename("d/sub", "o/f");
            },
            |r| {
                r.unlink("o/f");
            },
            |r| {
                r.rename("d/g", "d/f");
            },
        ];
        for call in calls {
            r.touched(&["d", "o"], call);
        }
    },
    layers: Some(|l| {
        l.whiteout("d/sub")?;
        l.absent("o/f")
    }),
    ..Scenario::DEFAULT
};
