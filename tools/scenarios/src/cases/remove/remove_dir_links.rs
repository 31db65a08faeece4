// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a removed directory that is still open says that it has no links",
    setup: |b| {
        every_dir(b, 3);
        b.dir("target");
    },
    steps: |r| {
        let mut open = Vec::new();
        for dir in DIRS.into_iter().chain(["target"]) {
            open.push(r.open(dir, O_RDONLY | O_DIRECTORY));
        }
        for dir in DIRS {
            r.remove_tree(dir, Vec::pop);
        }
        r.mkdir("new");
        r.rename("new", "target");
        for fd in open {
            let links = sys::fstat(fd.raw()).map(|stat| stat.st_nlink);
            r.note(format_args!("links: {links:?}"));
        }
    },
    not_on: &[
        (
            "read-only",
            "nothing is removed, and a merged directory says 1",
        ),
        (
            "read-only-erofs",
            "nothing is removed, and a merged directory says 1",
        ),
    ],
    ..Scenario::DEFAULT
};
