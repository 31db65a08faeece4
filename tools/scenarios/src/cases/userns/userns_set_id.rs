// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "set-group-id is root's to keep in a user namespace where the group is mapped",
    setup,
    steps: |r| {
        r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
            for place in PLACES {
                for name in ["mapped", "half", "dir_mapped", "dir_half"] {
                    let path = format!("{place}/{name}");
                    r.chmod(&path, 0o6775);
                    r.stat(&path);
                    if !name.starts_with("dir") {
                        r.put(&path, O_WRONLY, "T");
                        r.stat(&path);
                    }
                }
            }
        });
    },
    layers: Some(|l| l.in_upper("lower/dir_half")),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for (name, gid) in [("mapped", 500), ("half", 7)] {
            b.file(&format!("{place}/{name}"), "text").owner(1000, gid);
            b.dir(&format!("{place}/dir_{name}")).owner(1000, gid);
        }
    });
}
