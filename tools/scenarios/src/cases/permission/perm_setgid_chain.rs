// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the group of a set-group-id directory goes down the tree, and not by rename or link",
    setup: |b| {
        in_places(b, |b, place| {
            b.dir(&format!("{place}/team"))
                .mode(0o2777)
                .owner(1003, 500);
            b.dir(&format!("{place}/plain"))
                .mode(0o777)
                .owner(1003, 500);
            b.file(&format!("{place}/plain/comes"), "text")
                .owner(1002, 1002);
            b.file(&format!("{place}/plain/linked"), "text")
                .owner(1002, 1002);
        });
    },
    steps: |r| {
        r.as_who(OTHER, |r| {
            for place in PLACES {
                let team = format!("{place}/team");
                r.mkdir(&format!("{team}/a"));
                r.mkdir_mode(&format!("{team}/a/b"), 0o700);
                r.put(&format!("{team}/a/b/f"), O_WRONLY | O_CREAT, "x");
                r.rename(&format!("{place}/plain/comes"), &format!("{team}/came"));
                r.link(&format!("{place}/plain/linked"), &format!("{team}/linked"));
                r.rename(&format!("{team}/a"), &format!("{place}/plain/a"));
                r.mkdir(&format!("{place}/plain/a/c"));
                let fd = r.open_mode(&team, O_RDWR | O_TMPFILE, 0o2775);
                r.fstat(fd);
                r.link_fd(fd, &format!("{place}/plain/tmp"));
                for name in [
                    "team/came",
                    "team/linked",
                    "plain/a",
                    "plain/a/b",
                    "plain/a/b/f",
                ] {
                    r.stat(&format!("{place}/{name}"));
                }
                r.stat(&format!("{place}/plain/a/c"));
                r.stat(&format!("{place}/plain/tmp"));
            }
        });
    },
    layers: Some(|l| l.whiteout("lower/plain/comes")),
    ..Scenario::DEFAULT
};
