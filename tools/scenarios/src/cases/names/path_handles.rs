// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Not in libc: a handle that tells files apart and need not be good for opening them.
const AT_HANDLE_FID: i32 = 0x200;

pub const SCENARIO: Scenario = Scenario {
    about: "name_to_handle_at gives an identifier that copy-up and renaming keep, and that no other file has",
    setup: |b| {
        b.file("f", "text");
        b.file("g", "text");
        b.dir("d");
        b.symlink("l", "f");
        b.upper().file("u", "text");
    },
    steps: |r| {
        let id = |path: &str| sys::name_to_handle(path, AT_HANDLE_FID);
        let all = ["f", "g", "d", "l", "u", "."].map(id);
        for one in &all {
            r.expect("an identifier", one.is_ok());
            r.expect(
                "its own",
                all.iter().filter(|other| *other == one).count() == 1,
            );
        }
        r.chmod("f", 0o600);
        r.rename("f", "f2");
        r.chmod("d", 0o700);
        r.expect("kept by copy-up and renaming", id("f2") == all[0]);
        r.expect("kept by the copy-up of a directory", id("d") == all[2]);
        let handle = sys::name_to_handle("g", 0).and_then(|handle| {
            let root = sys::open(".", O_RDONLY, 0)?;
            sys::open_by_handle(root, &handle, O_RDONLY)
        });
        r.done("opened by its handle", handle.map(drop));
    },
    allow: &[Allow {
        line: "opened by its handle",
        why: "a union has no handles that could be opened",
    }],
    not_on: &[
        ("rotate", shape::NUMBERS_IN_TOP),
        ("rotate-ext4", shape::NUMBERS_IN_TOP),
    ],
    ..Scenario::DEFAULT
};
