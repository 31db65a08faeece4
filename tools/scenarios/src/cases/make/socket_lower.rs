// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "sockets of lower and upper layers",
    setup: |b| {
        b.socket("dead");
        b.dir("d");
    },
    steps: |r| {
        r.connect("dead");
        r.bind("dead");
        let server = r.bind("d/live");
        r.connect("d/live");
        r.lstat("d/live");
        r.bind("d/live");
        r.chmod("dead", 0o700);
        r.connect("dead");
        r.close(server);
        r.unlink("dead");
        r.bind("dead");
        r.connect("dead");
        r.ls(".");
    },
    ..Scenario::DEFAULT
};
