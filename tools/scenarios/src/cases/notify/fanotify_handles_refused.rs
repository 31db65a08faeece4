// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "fanotify with handles takes marks on objects; on the whole only where handles can be opened",
    setup: |b| {
        b.file("lower/f", "some text");
    },
    steps: |r| {
        let fan = r.fan(libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_FID);
        r.fan_mark(fan, libc::FAN_MARK_ADD, libc::FAN_MODIFY, "lower/f");
        let whole = libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM;
        let own = r.fan(libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_DIR_FID);
        for kind in [libc::FAN_MARK_FILESYSTEM, libc::FAN_MARK_MOUNT] {
            let result =
                sys::fanotify_mark(own.raw(), libc::FAN_MARK_ADD | kind, libc::FAN_MODIFY, ".");
            r.done("a mark on the whole", result);
        }
        r.fan_mark(fan, whole, 1 << 40, "lower/f");
        r.put("lower/f", O_WRONLY, "T");
        let handles = r.fan_events(fan).len();
        r.note(format_args!("{handles} handles"));
    },
    allow: &[Allow {
        line: "a mark on the whole",
        why: "there are no file handles that could be opened",
    }],
    ..Scenario::DEFAULT
};
