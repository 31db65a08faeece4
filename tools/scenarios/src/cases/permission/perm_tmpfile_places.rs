// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_TMPFILE and the first name of the file ask for rights to directories, not to the file",
    setup,
    steps: |r| {
        for place in PLACES {
            let roots = r.open_mode(&format!("{place}/open"), O_RDWR | O_TMPFILE, 0o600);
            for who in [OTHER, MEMBER] {
                r.as_who(who, |r| {
                    for dir in ["shut", "look", "team"] {
                        let dir = format!("{place}/{dir}");
                        let fd = r.open_mode(&dir, O_RDWR | O_TMPFILE, 0o000);
                        r.open_mode(&dir, O_RDONLY | O_TMPFILE, 0o600);
                        r.link_fd(fd, &format!("{place}/open/{}", who.name));
                        r.link_empty(fd, &format!("{place}/open/{}.again", who.name));
                    }
                    // Root's, by a descriptor that was inherited.
                    r.link_fd(roots, &format!("{place}/open/roots.{}", who.name));
                    r.link_fd(roots, &format!("{place}/shut/roots"));
                });
            }
            r.ls(&format!("{place}/open"));
        }
    },
    layers: Some(|l| {
        l.absent("lower/shut")?;
        l.absent("lower/look")?;
        l.in_upper("lower/team")
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/open")).mode(0o777);
        b.dir(&format!("{place}/shut")).mode(0o750);
        b.dir(&format!("{place}/look")).mode(0o755);
        b.dir(&format!("{place}/team")).mode(0o770).owner(1000, 500);
    });
}
