// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "watches set on a lower file see what happens to it after copy-up",
    setup: |b| {
        b.file("d/f", "text");
    },
    steps: |r| {
        // A watch does not outlive the mount, nor keeps it busy.
        r.hold();
        let file = sys::inotify("d/f", libc::IN_ALL_EVENTS);
        let dir = sys::inotify("d", libc::IN_ALL_EVENTS);
        r.expect("watches are set", file.is_ok() && dir.is_ok());
        let (Ok(file), Ok(dir)) = (file, dir) else {
            return;
        };
        r.put("d/f", O_WRONLY, "T");
        r.chmod("d/f", 0o600);
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.rename("d/f", "d/g");
        r.unlink("d/g");
        for fd in [file, dir] {
            for (mask, name) in sys::inotify_events(fd) {
                r.note(format_args!("event {mask:#x} {name}"));
            }
        }
    },
    ..Scenario::DEFAULT
};
