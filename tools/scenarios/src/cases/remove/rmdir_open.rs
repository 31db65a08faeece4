// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an open directory that is deleted lists nothing and takes nothing",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        r.rmdir("d");
        let left: Vec<_> = sys::getdents(fd.raw(), 4096)
            .unwrap_or_default()
            .into_iter()
            .filter(|entry| entry.name != b"." && entry.name != b"..")
            .collect();
        r.expect("a deleted directory lists nothing", left.is_empty());
        r.done("fchdir", sys::fchdir(fd.raw()));
        r.put("new", O_WRONLY | O_CREAT, "x");
        r.mkdir("sub");
    },
    ..Scenario::DEFAULT
};
