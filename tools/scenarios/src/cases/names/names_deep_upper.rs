// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const DEPTH: usize = 1000;

pub const SCENARIO: Scenario = Scenario {
    about: "a thousand directories, one in the other, are made, moved with their root, and removed again",
    setup: |b| {
        b.dir("start");
    },
    steps: |r| {
        let root = r.root();
        r.chdir("start");
        for depth in 0..DEPTH {
            if let Err(error) = sys::mkdir("d", 0o755).and_then(|()| sys::chdir("d")) {
                return r.note(format_args!("{error} at {depth}"));
            }
        }
        r.put("f", O_WRONLY | O_CREAT, "text");
        let bottom = r.open(".", O_PATH);
        r.done("fchdir", sys::chdir(&root));
        r.rename("start/d", "start/e");
        r.stat(&format!("start/e/{}f", "d/".repeat(DEPTH - 1)));
        r.rename("start/e", &format!("start/e/{}x", "d/".repeat(DEPTH - 1)));
        r.fchdir(bottom);
        r.stat("f");
        r.unlink("f");
        for depth in 1..DEPTH {
            if let Err(error) = sys::chdir("..").and_then(|()| sys::rmdir("d")) {
                return r.note(format_args!("{error} at {depth}"));
            }
        }
        r.chdir("..");
        r.rmdir("e");
        r.ls(".");
    },
    layers: Some(|l| l.upper_is(&["start"])),
    ..Scenario::DEFAULT
};
