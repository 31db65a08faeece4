// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a name is made by those who may write and search its directory",
    setup,
    steps: |r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for mode in MODES {
                    let name = format!("{place}/{mode:03o}/{}", who.name);
                    r.try_open(&name, O_WRONLY | O_CREAT | O_EXCL);
                }
            }
        });
        for place in PLACES {
            for mode in MODES {
                r.ls(&format!("{place}/{mode:03o}"));
            }
        }
    },
    layers: Some(|l| {
        upper_gained(
            l,
            setup,
            &[
                "lower",
                "lower/300",
                "lower/300/owner",
                "lower/070",
                "lower/070/member",
                "lower/003",
                "lower/003/other",
                "merged/300/owner",
                "merged/070/member",
                "merged/003/other",
                "upper/300/owner",
                "upper/070/member",
                "upper/003/other",
            ],
        )
    }),
    ..Scenario::DEFAULT
};

// Writing without searching, and searching without writing, are of no use.
const MODES: [u32; 6] = [0o200, 0o300, 0o500, 0o070, 0o003, 0o442];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for mode in MODES {
            b.dir(&format!("{place}/{mode:03o}"))
                .mode(mode)
                .owner(1000, 500);
        }
    });
}
