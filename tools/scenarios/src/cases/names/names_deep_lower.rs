// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const DEPTH: usize = 1000;

fn leaf(name: &str) -> String {
    format!("{}{name}", "d/".repeat(DEPTH))
}

pub const SCENARIO: Scenario = Scenario {
    about: "a file a thousand directories deep in a lower layer is copied up with all of them",
    setup: |b| {
        b.file(&leaf("f"), "text");
        b.file(&leaf("g"), "text");
    },
    steps: |r| {
        // The paths are too long to be shown.
        r.note(format_args!(
            "{:?}",
            slurp(&leaf("f")).map(|data| data.len())
        ));
        r.done("chmod", sys::chmod(leaf("f"), 0o600));
        r.done("unlink", sys::unlink(leaf("g")));
        r.done("mkdir", sys::mkdir(leaf("new"), 0o755));
        r.done("up", sys::rename(leaf("f"), "here", 0));
        r.done("down", sys::rename("here", leaf("new/there"), 0));
        r.done("chdir", sys::chdir(leaf("new")));
        r.ls(".");
        r.ls("..");
        r.stat(&"../".repeat(DEPTH));
    },
    layers: Some(|l| {
        l.whiteout(&leaf("g"))?;
        l.whiteout(&leaf("f"))?;
        l.in_upper(&leaf("new/there"))
    }),
    ..Scenario::DEFAULT
};
