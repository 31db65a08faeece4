// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "attributes of a file of a gigabyte of holes change at once, and the holes stay",
    setup: |b| {
        for name in ["chmod", "chown", "touch", "xattr", "acl", "link", "rename"] {
            b.sparse(name, 1 << 30, &[(0, b"begin"), ((1 << 30) - 3, b"end")]);
        }
    },
    steps: |r| {
        let fd = r.open("chmod", O_RDONLY);
        r.chmod("chmod", 0o4711);
        r.chown("chown", 1, 1);
        r.utimens("touch", (5, 5));
        r.setxattr("xattr", "user.a", "1");
        r.set_acl("acl", "u:6,user:7:4,g:4,m:4,o:0");
        r.link("link", "linked");
        r.rename("rename", "renamed");
        r.pread(fd, 5, 0);
        r.pread(fd, 5, (1 << 30) - 4);
        for name in [
            "chmod", "chown", "touch", "xattr", "acl", "linked", "renamed",
        ] {
            r.stat(name);
            let blocks = sys::stat(name, 0).map_or(i64::MAX, |stat| stat.st_blocks);
            r.expect("it takes next to no room", blocks < 1000);
        }
    },
    layers: Some(|l| {
        for name in [
            "chmod", "chown", "touch", "xattr", "acl", "linked", "renamed",
        ] {
            let blocks = l.stat(name)?.st_blocks;
            if blocks > 1000 {
                return Err(format!(
                    "the copy {name} must be sparse, it has {blocks} blocks"
                ));
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
