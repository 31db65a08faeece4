// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what whiteouts and opaque directories hide has no attributes to read or change",
    setup: |b| {
        b.lower(1).file("white", "x").mode(0o600);
        b.file("d/hidden", "x").mode(0o600);
        b.lower(0).file("gone", "x");
        b.whiteout("white");
        b.upper().opaque("d");
        b.whiteout("gone");
    },
    steps: |r| {
        for name in ["white", "d/hidden", "gone"] {
            r.chmod(name, 0o777);
            r.chown(name, 1, 1);
            r.utimens(name, (5, 5));
            r.setxattr(name, "user.a", "1");
            r.listxattr(name);
            r.set_acl(name, "u:7,g:7,o:7");
            r.access(name, F_OK);
            r.lstat(name);
            r.statfs(name);
        }
        r.ls(".");
        r.chmod("d", 0o700);
        r.setxattr("d", "user.a", "1");
        r.ls("d");
    },
    layers: Some(|l| {
        l.upper_is(&["d", "gone"])?;
        l.opaque("d")?;
        l.whiteout("gone")
    }),
    ..Scenario::DEFAULT
};
