// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the root of the union has attributes as any directory",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        r.chmod(".", 0o2711);
        r.chown(".", 5, 6);
        r.setxattr(".", "user.root", "v");
        r.set_acl(".", "u:7,user:1000:7,g:1,m:7,o:1");
        r.stat(".");
        r.listxattr(".");
        r.get_acl(".");
        r.as_user(1000, 1000, |r| {
            r.put("new", O_WRONLY | O_CREAT, "x");
            r.chmod(".", 0o777);
        });
        r.utimens(".", (1_222_222_222, 333));
        r.stat("..");
        r.rmdir(".");
    },
    ..Scenario::DEFAULT
};
