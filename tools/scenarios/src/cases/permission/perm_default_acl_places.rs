// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a default ACL and not the umask decides on new rights, where a whiteout was as well",
    setup: |b| {
        let default = acl::encode("u:7,user:1001:7,g:5,m:7,o:1");
        let dir = |b: &mut Builder, path: &str| {
            b.dir(path).mode(0o777).xattr(acl::DEFAULT, &default);
        };
        dir(b.lower(0), "lower");
        for name in NAMES {
            dir(b.lower(0), "white");
            b.file(&format!("white/{name}"), "old");
            dir(b.upper(), "white");
            b.whiteout(&format!("white/{name}"));
        }
        dir(b.upper(), "upper");
    },
    steps: |r| {
        for dir in ["lower", "white", "upper"] {
            let path = |name: &str| format!("{dir}/{name}");
            r.as_who(OTHER, |r| {
                r.with_umask(0o077, |r| {
                    r.open_mode(&path("file"), O_WRONLY | O_CREAT, 0o664);
                    r.open_mode(&path("masked"), O_WRONLY | O_CREAT, 0o604);
                    r.mkdir_mode(&path("dir"), 0o775);
                    r.mkfifo(&path("fifo"), 0o666);
                });
            });
            for name in NAMES {
                r.stat(&path(name));
                r.get_acl(&path(name));
            }
            r.as_who(MEMBER, |r| {
                r.put(&path("file"), O_WRONLY, "T");
                r.put(&path("masked"), O_WRONLY, "T");
                r.mkdir(&path("dir/sub"));
            });
        }
    },
    layers: Some(|l| l.opaque("white/dir")),
    ..Scenario::DEFAULT
};

const NAMES: [&str; 4] = ["file", "masked", "dir", "fifo"];
