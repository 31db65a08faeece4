// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a new mode of a lower directory holds at once, for paths that were walked before, too",
    setup: |b| {
        in_places(b, |b, place| {
            b.dir(&format!("{place}/d")).owner(1000, 500);
            b.file(&format!("{place}/d/sub/f"), "text").mode(0o666);
        });
    },
    steps: |r| {
        let visit = |r: &mut Run, place: &str| {
            for _ in 0..2 {
                r.cat(&format!("{place}/d/sub/f"));
                r.stat(&format!("{place}/d/none"));
                r.ls(&format!("{place}/d"));
            }
        };
        for place in PLACES {
            let path = format!("{place}/d");
            for mode in [0o755, 0o700, 0o750, 0o711, 0o744] {
                r.chmod(&path, mode);
                r.each_user(|r, _| visit(r, place));
            }
            r.chown(&path, 1002, 1002);
            r.each_user(|r, _| visit(r, place));
            r.set_acl(&path, "u:7,user:1001:5,g:0,m:5,o:0");
            r.each_user(|r, _| visit(r, place));
            // What is written below still is, by those who get there.
            r.as_who(MEMBER, |r| {
                r.put(&format!("{path}/sub/f"), O_WRONLY, "T");
            });
        }
    },
    layers: Some(|l| l.in_upper("lower/d/sub/f")),
    ..Scenario::DEFAULT
};
