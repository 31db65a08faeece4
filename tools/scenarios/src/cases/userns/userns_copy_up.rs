// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a change made in a user namespace copies directories of owners it does not know, unchanged",
    setup: |b| {
        b.dir("a").mode(0o711).owner(2000, 7);
        b.dir("a/b").mode(0o711).owner(7, 2000);
        b.file("a/b/mine", "text")
            .mode(0o644)
            .owner(1000, 1000)
            .xattr("trusted.a", b"1")
            .xattr("security.a", b"1");
        b.file("a/b/open", "text").mode(0o606).owner(2000, 2000);
        b.file("a/b/passed", "text").mode(0o600);
    },
    steps: |r| {
        let passed = r.open("a/b/passed", O_RDWR);
        r.in_userns("0 1000 1\n", "0 1000 1\n", |r| {
            r.chmod("a/b/mine", 0o600);
            r.put("a/b/open", O_WRONLY, "T");
            r.write(passed, "T");
            r.fchmod(passed, 0o666);
            r.ls("a/b");
            r.unlink("a/b/mine");
        });
        for path in ["a", "a/b", "a/b/mine", "a/b/open", "a/b/passed"] {
            r.stat(path);
            r.listxattr(path);
        }
    },
    layers: Some(|l| l.upper_is(&["a", "a/b", "a/b/mine", "a/b/open", "a/b/passed"])),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};
