// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is made where something lower was deleted has nothing of its attributes",
    setup: |b| {
        let acl = acl::encode("u:7,user:1000:7,g:5,m:7,o:1");
        for name in ["file", "to-dir", "over", "link-over"] {
            b.file(name, "secret")
                .mode(0o4771)
                .owner(1000, 1001)
                .xattr("user.a", b"1")
                .xattr(acl::ACCESS, &acl);
        }
        for name in ["dir", "to-file"] {
            b.dir(name)
                .mode(0o2771)
                .owner(1000, 1001)
                .xattr("user.a", b"1")
                .xattr(acl::ACCESS, &acl)
                .xattr(acl::DEFAULT, &acl);
        }
    },
    steps: |r| {
        for name in ["file", "to-dir"] {
            r.unlink(name);
        }
        for name in ["dir", "to-file"] {
            r.rmdir(name);
        }
        r.put("file", O_WRONLY | O_CREAT, "x");
        r.put("to-file", O_WRONLY | O_CREAT, "x");
        r.mkdir("dir");
        r.mkdir("to-dir");
        r.put("dir/f", O_WRONLY | O_CREAT, "x");
        r.put("new", O_WRONLY | O_CREAT, "x");
        r.rename("new", "over");
        r.unlink("link-over");
        r.link("over", "link-over");
        for name in [
            "file",
            "to-file",
            "dir",
            "to-dir",
            "dir/f",
            "over",
            "link-over",
        ] {
            r.stat(name);
            r.listxattr(name);
            r.get_acl(name);
        }
    },
    layers: Some(|l| {
        l.opaque("dir")?;
        l.opaque("to-dir")
    }),
    ..Scenario::DEFAULT
};
