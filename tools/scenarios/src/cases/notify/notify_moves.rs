// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "both halves of a move carry one cookie, between any two directories and in an exchange",
    setup: |b| {
        b.file("from/one", "1");
        b.file("from/two", "2");
        b.file("from/three", "3");
        b.lower(0).file("to/a", "a");
        b.lower(1).file("to/b", "b");
        b.upper().file("to/c", "c");
        b.file("from/dir/x", "x");
    },
    steps: |r| {
        let mut watcher = r.watcher();
        let all = libc::IN_MOVE
            | libc::IN_MOVE_SELF
            | libc::IN_CREATE
            | libc::IN_DELETE
            | libc::IN_DELETE_SELF
            | libc::IN_ATTRIB;
        for name in ["from", "to", "from/one", "to/a", "to/b", "to/c", "from/dir"] {
            r.watch(&mut watcher, name, all);
        }
        for (old, new, flags) in [
            ("from/one", "from/uno", 0),
            ("from/uno", "to/uno", 0),
            ("from/two", "to/a", 0),
            ("to/b", "from/over a whiteout", 0),
            ("to/c", "from/one", RENAME_NOREPLACE),
            ("from/three", "to/uno", RENAME_NOREPLACE),
            ("from/three", "to/uno", RENAME_EXCHANGE),
            ("from/dir", "to/dir", 0),
            ("to/dir", "from/three", RENAME_EXCHANGE),
            ("from/one", "from/one", 0),
        ] {
            r.rename2(old, new, flags);
            r.events(&mut watcher);
        }
    },
    ..Scenario::DEFAULT
};
