// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "CAP_CHOWN gives anything to anybody, and without it root gives nothing away",
    setup,
    steps: |r| {
        const SAME: u32 = u32::MAX;
        let try_all = |r: &mut Run, dir: &str| {
            for place in PLACES {
                for name in ["file", "roots", "link", "fifo", "dir"] {
                    let path = format!("{place}/{dir}/{name}");
                    r.chown(&path, 7, SAME);
                    r.chown(&path, SAME, 8);
                    r.chown(&path, 9, 9);
                    r.lstat(&path);
                }
                // The group of root's own file may be root's.
                r.chown(&format!("{place}/{dir}/roots"), 0, 0);
            }
        };
        r.without(&[cap::CHOWN], |r| try_all(r, "without"));
        r.with_only(OTHER, &[cap::CHOWN], |r| try_all(r, "with"));
    },
    layers: Some(|l| {
        l.absent("lower/without/file")?;
        l.absent("lower/without/link")?;
        l.in_upper("lower/without/roots")?;
        l.in_upper("lower/with/link")
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for dir in ["with", "without"] {
            let path = |name: &str| format!("{place}/{dir}/{name}");
            b.file(&path("file"), "text").mode(0o6755).owner(1000, 500);
            b.file(&path("roots"), "text");
            b.symlink(&path("link"), "file").owner(1000, 500);
            b.fifo(&path("fifo")).owner(1000, 500);
            b.dir(&path("dir")).owner(1000, 500);
        }
    });
}
