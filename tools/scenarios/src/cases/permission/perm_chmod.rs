// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "chmod is for the owner, whatever the mode lets others do",
    setup,
    steps: |r| {
        for who in [MEMBER, OTHER, OWNER] {
            r.as_who(who, |r| {
                for place in PLACES {
                    for name in NAMES {
                        r.chmod(&format!("{place}/{name}"), 0o640);
                        let fd = r.open(&format!("{place}/{name}"), O_RDONLY);
                        // Not the mode it has: a change to nothing is a change.
                        r.fchmod(fd, 0o777);
                        r.fchmod(fd, 0o777);
                    }
                    // Of what it points to.
                    r.chmod(&format!("{place}/to_roots"), 0o600);
                    r.chmod(&format!("{place}/roots"), 0o777);
                }
            });
        }
        for place in PLACES {
            r.stat(&format!("{place}/file"));
            r.stat(&format!("{place}/dir"));
        }
    },
    layers: Some(|l| {
        let added = ["lower", "lower/file", "lower/dir", "merged/file"];
        upper_gained(l, setup, &added)
    }),
    ..Scenario::DEFAULT
};

const NAMES: [&str; 2] = ["file", "dir"];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o777)
            .owner(1000, 500);
        b.dir(&format!("{place}/dir")).mode(0o777).owner(1000, 500);
        b.file(&format!("{place}/roots"), "text").mode(0o666);
        b.symlink(&format!("{place}/to_roots"), "roots")
            .owner(1000, 500);
    });
}
