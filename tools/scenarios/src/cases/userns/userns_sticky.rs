// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in a sticky directory root of a user namespace deletes what is of mapped owners",
    setup,
    steps: |r| {
        r.in_userns("0 1000 4\n", "0 1000 4\n", |r| {
            for place in PLACES {
                for name in ["own", "mapped", "half", "foreign"] {
                    r.unlink(&format!("{place}/tmp/{name}"));
                    r.rename(
                        &format!("{place}/tmp/{name}.2"),
                        &format!("{place}/tmp/{name}.3"),
                    );
                    r.link(
                        &format!("{place}/tmp/{name}.4"),
                        &format!("{place}/tmp/{name}.5"),
                    );
                }
            }
        });
        for place in PLACES {
            r.ls(&format!("{place}/tmp"));
        }
    },
    layers: Some(|l| {
        l.whiteout("lower/tmp/mapped")?;
        l.absent("lower/tmp/half")?;
        l.absent("lower/tmp/foreign.2")?;
        l.absent("lower/tmp/foreign.4")
    }),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/tmp")).mode(0o1777);
        for (name, uid, gid) in [
            ("own", 1000, 1000),
            ("mapped", 1001, 1001),
            ("half", 1001, 7),
            ("foreign", 7, 7),
        ] {
            for suffix in ["", ".2", ".4"] {
                b.file(&format!("{place}/tmp/{name}{suffix}"), "text")
                    .owner(uid, gid);
            }
        }
    });
}
