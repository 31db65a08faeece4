// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "changes through a path that may not be searched are refused and copy nothing",
    setup,
    steps: |r| {
        r.as_who(OTHER, |r| {
            for place in PLACES {
                let dir = format!("{place}/shut/open");
                let path = format!("{dir}/f");
                r.try_open(&path, O_WRONLY | O_TRUNC);
                r.try_open(&format!("{dir}/new"), O_WRONLY | O_CREAT);
                r.try_open(&dir, O_RDWR | O_TMPFILE);
                r.truncate(&path, 0);
                r.chmod(&path, 0o600);
                r.chown(&path, 1002, 1002);
                r.utimens(&path, (5, 5));
                r.setxattr(&path, "user.a", "1");
                r.removexattr(&path, "user.a");
                r.set_acl(&path, "u:7,g:7,o:7");
                r.unlink(&path);
                r.rmdir(&format!("{dir}/empty"));
                r.mkdir(&format!("{dir}/new"));
                r.mkfifo(&format!("{dir}/new"), 0o600);
                r.symlink("x", &format!("{dir}/new"));
                r.link(&path, "here");
                r.link("his", &format!("{dir}/new"));
                r.rename(&path, "here");
                r.rename("his", &format!("{dir}/new"));
                r.rename2("his", &path, RENAME_EXCHANGE);
                r.bind(&format!("{dir}/socket"));
                // By a detour through what cannot be searched, to where it could go.
                r.chmod(&format!("{place}/shut/../../his"), 0o600);
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    b.file("his", "text").owner(1002, 1002);
    in_places(b, |b, place| {
        b.dir(&format!("{place}/shut")).mode(0o766);
        b.dir(&format!("{place}/shut/open"))
            .mode(0o777)
            .owner(1002, 1002);
        b.file(&format!("{place}/shut/open/f"), "text")
            .mode(0o777)
            .owner(1002, 1002)
            .xattr("user.a", b"1");
        b.dir(&format!("{place}/shut/open/empty")).owner(1002, 1002);
    });
}
