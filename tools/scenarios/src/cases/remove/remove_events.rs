// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "watches see lower objects go, with the name and by themselves, and what is made at \
        their names come",
    setup: |b| {
        b.file("d/f", "text");
        b.file("d/linked", "text");
        b.dir("d/empty");
        b.file("d/full/f", "text");
    },
    steps: |r| {
        use libc::{IN_ATTRIB, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVED_TO};
        const EVENTS: u32 = IN_ATTRIB | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVED_TO;
        r.hold();
        let watches = ["d", "d/f", "d/linked", "d/empty", "d/full"]
            .map(|path| (path, sys::inotify(path, EVENTS).expect("a watch")));
        r.link("d/linked", "d/second");
        r.unlink("d/linked");
        r.unlink("d/f");
        r.rmdir("d/full");
        r.rmdir("d/empty");
        r.unlink("d/none");
        r.mkdir("d/f");
        r.make(What::Symlink, "d/empty");
        r.unlink("d/full/f");
        r.unlink("d/second");
        r.rmdir("d/f");
        for (path, watch) in watches {
            for (mask, name) in sys::inotify_events(watch) {
                r.note(format_args!("{path}: {mask:#x} {name}"));
            }
        }
    },
    layers: Some(|l| {
        l.whiteout("d/f")?;
        l.absent("d/second")
    }),
    ..Scenario::DEFAULT
};
