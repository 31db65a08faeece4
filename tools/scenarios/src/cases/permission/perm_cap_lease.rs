// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "leases are for the owner of a file and CAP_LEASE",
    setup,
    steps: |r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                let fd = r.open(&format!("{place}/file"), O_RDONLY);
                r.set_lease(fd, F_RDLCK);
                r.get_lease(fd);
                r.set_lease(fd, F_UNLCK);
                r.close(fd);
            }
        };
        r.as_who(OWNER, try_all);
        r.as_who(OTHER, try_all);
        r.without(&[cap::LEASE], try_all);
        r.with_only(OTHER, &[cap::LEASE], try_all);
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o666)
            .owner(1000, 500);
    });
}
