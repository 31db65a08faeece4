// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "fanotify marks on files and directories of every layer tell what happens, and open what it happened to",
    setup: |b| {
        b.file("lower/f", "some text");
        b.lower(0).file("merged/f", "some text");
        b.lower(1).file("merged/g", "some text");
        b.upper().file("upper/f", "some text");
    },
    steps: |r| {
        let all = libc::FAN_ACCESS
            | libc::FAN_MODIFY
            | libc::FAN_OPEN
            | libc::FAN_OPEN_EXEC
            | libc::FAN_CLOSE;
        for dir in ["lower", "merged", "upper"] {
            let path = format!("{dir}/f");
            let fan = r.fan(libc::FAN_CLASS_NOTIF);
            r.fan_mark(fan, libc::FAN_MARK_ADD, all, &path);
            let below = all | libc::FAN_EVENT_ON_CHILD | libc::FAN_ONDIR;
            r.fan_mark(fan, libc::FAN_MARK_ADD, below, dir);
            r.cat(&path);
            r.fan_events(fan);
            r.ls(dir);
            r.put(&path, O_WRONLY, "T");
            r.fan_events(fan);
            // The event opens what is there now, in the upper layer.
            r.put(&path, O_WRONLY | O_TRUNC, "new");
            let event = sys::fanotify_read(fan.raw()).pop();
            let text = event
                .ok_or(Errno(libc::ENOENT))
                .and_then(|event| sys::read(event.fd, 10, None));
            r.call(
                "read by the event",
                text.map(|text| text.escape_ascii().to_string()),
            );
            r.chmod(&path, 0o600);
            r.fan_events(fan);
            r.fan_mark(fan, libc::FAN_MARK_REMOVE, all, &path);
            r.fan_mark(fan, libc::FAN_MARK_REMOVE, all, &path);
            r.fan_mark(fan, libc::FAN_MARK_ADD | libc::FAN_MARK_ONLYDIR, all, &path);
            r.fan_mark(fan, libc::FAN_MARK_ADD, libc::FAN_CREATE, dir);
            r.fan_mark(fan, libc::FAN_MARK_ADD, all, "none");
            let ignored = libc::FAN_MARK_IGNORED_MASK | libc::FAN_MARK_IGNORED_SURV_MODIFY;
            r.fan_mark(fan, libc::FAN_MARK_ADD | ignored, libc::FAN_OPEN, &path);
            r.cat(&path);
            r.fan_events(fan);
            r.rename(&path, &format!("{dir}/h"));
            r.cat(&format!("{dir}/h"));
            r.fan_events(fan);
        }
    },
    ..Scenario::DEFAULT
};
