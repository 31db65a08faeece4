// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "new files take the default ACL of a lower directory",
    setup: |b| {
        b.dir("d")
            .xattr(acl::DEFAULT, &acl::encode("u:7,user:1000:6,g:5,m:7,o:0"));
        b.file("d/old", "text");
    },
    steps: |r| {
        r.with_umask(0o022, |r| {
            r.open_mode("d/new", O_RDWR | O_CREAT, 0o666);
            r.mkdir_mode("d/sub", 0o777);
            r.mkfifo("d/p", 0o666);
            r.symlink("x", "d/l");
        });
        r.get_acl("d/new");
        r.get_acl("d/sub");
        r.stat("d/new");
        r.stat("d/p");
        r.chmod("d/old", 0o600);
        r.get_acl("d/old");
        r.rename("d/new", "moved");
        r.get_acl("moved");
    },
    ..Scenario::DEFAULT
};
