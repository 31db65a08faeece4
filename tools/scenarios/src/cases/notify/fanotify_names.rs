// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "fanotify with names and handles: both are of the union's objects, whose handles stay through copy-up",
    setup: |b| {
        b.file("lower/f", "some text");
        b.lower(0).file("merged/f", "some text");
        b.lower(1).file("merged/g", "some text");
        b.upper().file("upper/f", "some text");
    },
    steps: |r| {
        let all = libc::FAN_CREATE
            | libc::FAN_DELETE
            | libc::FAN_MOVE
            | libc::FAN_RENAME
            | libc::FAN_ATTRIB
            | libc::FAN_MODIFY
            | libc::FAN_DELETE_SELF
            | libc::FAN_MOVE_SELF
            | libc::FAN_EVENT_ON_CHILD
            | libc::FAN_ONDIR;
        for dir in ["lower", "merged", "upper"] {
            let at = |name: &str| format!("{dir}/{name}");
            let fan =
                r.fan(libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_DFID_NAME | libc::FAN_REPORT_FID);
            r.fan_mark(fan, libc::FAN_MARK_ADD, all, dir);
            r.chmod(&at("f"), 0o600);
            let first = r.fan_events(fan);
            r.put(&at("f"), O_WRONLY, "T");
            let second = r.fan_events(fan);
            r.expect("the same handles", first == second && first.len() == 2);
            r.put(&at("new"), O_WRONLY | O_CREAT, "new");
            r.mkdir(&at("dir"));
            r.fan_events(fan);
            r.rename(&at("f"), &at("g"));
            r.fan_events(fan);
            r.rename(&at("new"), "elsewhere");
            r.rename("elsewhere", &at("f"));
            r.fan_events(fan);
            r.rename2(&at("f"), &at("g"), RENAME_EXCHANGE);
            r.fan_events(fan);
            r.unlink(&at("g"));
            r.rmdir(&at("dir"));
            r.fan_events(fan);
            r.unlink(&at("f"));
            r.chmod(dir, 0o700);
            r.fan_events(fan);
        }
    },
    ..Scenario::DEFAULT
};
