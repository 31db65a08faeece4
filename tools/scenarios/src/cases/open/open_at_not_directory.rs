// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "paths relative to what is no directory, or to nothing",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.symlink("l", "d");
    },
    steps: |r| {
        let file = r.open("f", O_RDONLY);
        let link = r.open("l", O_PATH | O_NOFOLLOW);
        let directory = r.open("l", O_PATH);
        let nothing = r.open("none", O_RDONLY);
        for dir in [file, link, directory, nothing] {
            r.open_at(dir, "new", O_WRONLY | O_CREAT);
            r.open_at(dir, ".", O_RDONLY);
            r.open_at(dir, "", O_RDONLY);
            r.mkdir_at(dir, "made");
            r.unlink_at(dir, "new");
            r.fchdir(dir);
            // An absolute path does without.
            r.open_at(dir, "/proc/self/status", O_RDONLY);
        }
    },
    ..Scenario::DEFAULT
};
