// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "watches see a lower file and a new directory move, and what is replaced go",
    setup: |b| {
        b.file("d/f", "text");
        b.file("e/victim", "text");
        b.file("e/gone", "text");
    },
    steps: |r| {
        r.hold();
        use libc::{IN_ATTRIB, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE, IN_MOVE_SELF};
        const EVENTS: u32 =
            IN_ATTRIB | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE | IN_MOVE_SELF;
        r.unlink("e/gone");
        r.mkdir("new");
        let watches = ["d", "e", "d/f", "e/victim", "new"]
            .map(|path| (path, sys::inotify(path, EVENTS).expect("a watch")));
        r.rename("d/f", "e/gone");
        r.rename("e/gone", "e/victim");
        r.rename("new", "d/f");
        r.rename2("d/f", "e/victim", RENAME_EXCHANGE);
        r.rename("d/none", "e/x");
        r.rename("e/victim", "d");
        for (path, watch) in watches {
            for (mask, name) in sys::inotify_events(watch) {
                r.note(format_args!("{path}: {mask:#x} {name}"));
            }
        }
    },
    ..Scenario::DEFAULT
};
