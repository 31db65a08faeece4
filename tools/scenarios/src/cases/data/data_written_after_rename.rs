// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "writes by descriptors reach their own file wherever its name went meanwhile",
    setup: |b| {
        for name in ["moved", "over", "target", "one", "two", "linked"] {
            b.file(&format!("d/{name}"), name);
        }
        b.dir("e");
    },
    steps: |r| {
        let names = ["moved", "over", "target", "one", "two", "linked"];
        let fds: Vec<_> = names
            .iter()
            .map(|name| r.open(&format!("d/{name}"), O_RDWR))
            .collect();
        r.rename("d/moved", "e/here");
        r.rename("d/over", "d/target");
        r.rename2("d/one", "d/two", RENAME_EXCHANGE);
        r.link("d/linked", "e/linked");
        r.unlink("d/linked");
        for fd in &fds {
            r.pwrite(*fd, "W", 1);
            r.fstat(*fd);
        }
        r.all_see(&fds);
        for path in ["e/here", "d/target", "d/one", "d/two", "e/linked"] {
            r.cat(path);
        }
    },
    layers: Some(|l| {
        l.whiteout("d/moved")?;
        l.whiteout("d/over")?;
        l.in_upper("e/linked")
    }),
    ..Scenario::DEFAULT
};
