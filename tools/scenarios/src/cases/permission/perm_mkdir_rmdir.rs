// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "directories come and go by the rights to the directory they are in",
    setup,
    steps: |r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for parent in ["p700", "p070", "p007"] {
                    let path = |name: &str| format!("{place}/{parent}/{name}.{}", who.name);
                    r.mkdir(&path("new"));
                    // Not the rights to the directory itself.
                    r.rmdir(&path("shut"));
                    r.rmdir(&path("full"));
                }
            }
        });
        for place in PLACES {
            for parent in ["p700", "p070", "p007"] {
                r.ls(&format!("{place}/{parent}"));
            }
        }
    },
    layers: Some(|l| {
        for (parent, who) in [("p700", "owner"), ("p070", "member"), ("p007", "other")] {
            l.whiteout(&format!("lower/{parent}/shut.{who}"))?;
            l.whiteout(&format!("merged/{parent}/shut.{who}"))?;
            l.absent(&format!("upper/{parent}/shut.{who}"))?;
            l.absent(&format!("lower/{parent}/full.{who}"))?;
        }
        l.absent("lower/p700/new.member")?;
        l.absent("lower/p070/shut.other")
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for mode in [0o700, 0o070, 0o007] {
            let parent = format!("{place}/p{mode:03o}");
            b.dir(&parent).mode(mode).owner(1000, 500);
            for who in USERS {
                b.dir(&format!("{parent}/shut.{}", who.name)).mode(0);
                b.file(&format!("{parent}/full.{}/f", who.name), "text");
            }
        }
    });
}
