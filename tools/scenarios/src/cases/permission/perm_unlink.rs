// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "deleting a name asks for rights to its directory, not to the file",
    setup,
    steps: |r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for mode in MODES {
                    r.unlink(&format!("{place}/{mode:03o}/{}", who.name));
                    r.unlink(&format!("{place}/{mode:03o}/none"));
                }
            }
        });
    },
    layers: Some(|l| {
        for place in ["lower", "merged"] {
            l.whiteout(&format!("{place}/300/owner"))?;
            l.whiteout(&format!("{place}/474/member"))?;
            l.whiteout(&format!("{place}/447/other"))?;
            for kept in [
                "300/member",
                "474/owner",
                "447/member",
                "500/owner",
                "600/owner",
            ] {
                l.absent(&format!("{place}/{kept}"))?;
            }
        }
        // Nobody could change anything there.
        l.absent("lower/500")?;
        l.absent("lower/600")
    }),
    ..Scenario::DEFAULT
};

const MODES: [u32; 5] = [0o300, 0o474, 0o447, 0o500, 0o600];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for mode in MODES {
            let dir = format!("{place}/{mode:03o}");
            b.dir(&dir).mode(mode).owner(1000, 500);
            for who in USERS {
                b.file(&format!("{dir}/{}", who.name), "text").mode(0);
            }
        }
    });
}
