// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a read-only mount of the union lets nobody change anything, and nothing is copied",
    setup,
    steps: |r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                let path = format!("{place}/file");
                r.cat(&path);
                let fd = r.open(&path, O_RDONLY);
                r.fsync(fd);
                r.flock(fd, LOCK_EX);
                r.fchmod(fd, 0o600);
                r.fsetxattr(fd, "user.a", "1");
                r.futimens(fd, (5, 5));
                r.close(fd);
                for flags in [O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT] {
                    r.try_open(&path, flags);
                }
                r.try_open(&format!("{place}/new"), O_WRONLY | O_CREAT);
                r.try_open(place, O_RDWR | O_TMPFILE);
                r.access(&path, W_OK);
                r.truncate(&path, 0);
                r.chmod(&path, 0o600);
                r.chown(&path, 1000, 1000);
                r.touch(&path);
                r.setxattr(&path, "user.a", "1");
                r.set_acl(&path, "u:7,g:7,o:7");
                r.unlink(&path);
                r.mkdir(&format!("{place}/new"));
                r.mkdir(&path);
                r.link(&path, &format!("{place}/new"));
                r.rename(&path, &format!("{place}/new"));
            }
        };
        r.on_bind(libc::MS_RDONLY, |r| {
            try_all(r);
            r.as_who(OWNER, try_all);
            // What he may not do and what cannot be done: which is said first is a matter of the call.
            r.as_who(OTHER, try_all);
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(place).mode(0o775).owner(1000, 500);
        b.file(&format!("{place}/file"), "text")
            .mode(0o644)
            .owner(1000, 500);
    });
}
