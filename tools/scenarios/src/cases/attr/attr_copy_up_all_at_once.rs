// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "whatever causes the copy-up, all that the object had comes along",
    setup: |b| {
        for (name, _) in CAUSES {
            let acl = acl::encode("u:7,user:1000:6,g:5,m:7,o:0");
            b.file(name, "text")
                .mode(0o6770)
                .owner(1000, 1001)
                .mtime(1_000_000_001, 999_999_999)
                .xattr("security.capability", &CAPABILITY)
                .xattr("security.other", b"label")
                .xattr("trusted.t", b"1")
                .xattr("user.u", b"2")
                .xattr(acl::ACCESS, &acl);
        }
    },
    steps: |r| {
        for (name, cause) in CAUSES {
            cause(r, name);
            r.stat(name);
            r.listxattr(name);
            for attribute in [
                "security.capability",
                "security.other",
                "trusted.t",
                "user.u",
            ] {
                r.getxattr(name, attribute);
            }
            r.get_acl(name);
        }
    },
    layers: Some(|l| {
        let missing = CAUSES.iter().find_map(|(name, _)| l.in_upper(name).err());
        missing.map_or(Ok(()), Err)
    }),
    ..Scenario::DEFAULT
};

/// cap_net_raw=ep, version 2.
const CAPABILITY: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

const CAUSES: [(&str, fn(&mut Run, &str)); 10] = [
    ("chmod", |r, f| {
        r.chmod(f, 0o6771);
    }),
    ("times", |r, f| {
        r.utimensat(f, (OMIT, (7, 7)), 0);
    }),
    ("xattr", |r, f| {
        r.setxattr(f, "user.new", "3");
    }),
    ("unset", |r, f| {
        r.removexattr(f, "user.u");
    }),
    ("acl", |r, f| {
        r.set_acl(f, "u:7,user:7:6,g:5,m:7,o:0");
    }),
    ("link", |r, f| {
        r.link(f, &format!("{f}-2"));
    }),
    ("rename", |r, f| {
        r.rename(f, "away");
        r.rename("away", f);
    }),
    ("chown", |r, f| {
        r.chown(f, 1002, 1003);
    }),
    ("write", |r, f| {
        r.put(f, O_WRONLY, "T");
    }),
    ("map", |r, f| {
        let fd = r.open(f, O_RDWR);
        let map = r.mmap(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
        r.mapped("the mapping", &map);
    }),
];
