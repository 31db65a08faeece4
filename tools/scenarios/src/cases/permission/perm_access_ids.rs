// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "access goes by the real user, faccessat with AT_EACCESS by the effective one",
    setup,
    steps: |r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                for name in ["his", "roots", "dir/f", "none"] {
                    let path = format!("{place}/{name}");
                    for mode in [F_OK, R_OK, W_OK, X_OK] {
                        r.access_real(&path, mode);
                        r.access(&path, mode);
                    }
                }
            }
        };
        // Effective user 1000, real user root.
        r.as_who(OWNER, try_all);
        r.in_child(|r| {
            sys::set_real_user(1000).expect("root may");
            try_all(r);
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/his"), "text")
            .mode(0o600)
            .owner(1000, 1000);
        b.file(&format!("{place}/roots"), "text").mode(0o700);
        b.dir(&format!("{place}/dir")).mode(0o710);
        b.file(&format!("{place}/dir/f"), "text").mode(0o444);
    });
}
