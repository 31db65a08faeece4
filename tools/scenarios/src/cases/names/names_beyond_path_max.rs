// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a tree may be deeper than any path can say; it is worked on from inside",
    setup: |b| {
        b.dir("lower");
        b.file("f", "text");
    },
    steps: |r| {
        let root = r.root();
        let name = "n".repeat(250);
        let start = r.open(".", O_PATH);
        r.chdir("lower");
        for _ in 0..20 {
            if sys::mkdir(&name, 0o755)
                .and_then(|()| sys::chdir(&name))
                .is_err()
            {
                return r.note("nothing can be made here");
            }
        }
        r.put("x", O_WRONLY | O_CREAT, "deep");
        r.getcwd(&root);
        let fd = r.open("x", O_RDONLY);
        r.fd_name(fd, &root);
        let here = r.open(".", O_PATH);
        r.rename_at(start, "f", here, "f");
        r.cat("f");
        r.rename_at(here, "f", start, "g");
        r.unlink("x");
        r.read(fd, 10);
        for _ in 0..20 {
            if sys::chdir("..").and_then(|()| sys::rmdir(&name)).is_err() {
                return r.note("a directory stays");
            }
        }
        r.ls(".");
    },
    layers: Some(|l| l.upper_is(&["f", "g", "lower"])),
    ..Scenario::DEFAULT
};
