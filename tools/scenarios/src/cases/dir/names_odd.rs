// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "long names and names with odd letters",
    setup: |b| {
        b.file(".wh.name", "an ordinary name here");
        b.file("white space", "text");
        b.file("comma,colon:back\\slash", "text");
        b.file("ünïcödé", "text");
    },
    steps: |r| {
        let long = "n".repeat(255);
        let too_long = "n".repeat(256);
        r.put(&long, O_WRONLY | O_CREAT, "x");
        r.put(&too_long, O_WRONLY | O_CREAT, "x");
        r.lstat(&too_long);
        r.mkdir(&too_long);
        r.rename(&long, &too_long);
        r.put("new\nline", O_WRONLY | O_CREAT, "x");
        r.put(".wh..wh..opq", O_WRONLY | O_CREAT, "x");
        r.put(".wh.name", O_WRONLY, "X");
        r.chmod("white space", 0o600);
        r.rename("comma,colon:back\\slash", "moved,here");
        r.unlink("ünïcödé");
        r.unlink(&long);
        r.ls(".");
    },
    layers: Some(|l| l.in_upper(".wh..wh..opq")),
    not_on: shape::NO_SUCH_NAMES,
    ..Scenario::DEFAULT
};
