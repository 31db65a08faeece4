// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "user.* attributes are read and changed by those who may read and write the object",
    setup,
    steps: |r| {
        r.each_user(|r, who| {
            let own = format!("user.{}", who.name);
            for place in PLACES {
                for name in ["file", "read", "write", "dir", "tmp", "link", "fifo"] {
                    let path = format!("{place}/{name}");
                    r.getxattr(&path, "user.a");
                    r.listxattr(&path);
                    if name != "write" || who.name == "member" {
                        r.setxattr(&path, &own, "new");
                        r.setxattr_flags(&path, "user.a", "2", XATTR_REPLACE);
                        r.removexattr(&path, &own);
                        r.removexattr(&path, "user.none");
                    }
                }
            }
        });
    },
    layers: Some(|l| {
        for name in ["read", "link", "fifo"] {
            l.absent(&format!("lower/{name}"))?;
            l.absent(&format!("merged/{name}"))?;
        }
        l.in_upper("lower/tmp")?;
        l.in_upper("merged/write")
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for (name, mode) in [("file", 0o660), ("read", 0o444), ("write", 0o020)] {
            b.file(&format!("{place}/{name}"), "text")
                .mode(mode)
                .owner(1000, 500)
                .xattr("user.a", b"1");
        }
        for (name, mode) in [("dir", 0o770), ("tmp", 0o1777)] {
            b.dir(&format!("{place}/{name}"))
                .mode(mode)
                .owner(1000, 500)
                .xattr("user.a", b"1");
        }
        b.symlink(&format!("{place}/link"), "file").owner(1000, 500);
        b.fifo(&format!("{place}/fifo"))
            .mode(0o666)
            .owner(1000, 500);
    });
}
