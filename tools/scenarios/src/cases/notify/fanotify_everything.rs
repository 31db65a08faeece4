// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "marks on the mount and on the file system hear of everything in it once, copy-ups left out",
    setup: |b| {
        b.file("lower/f", "some text");
        b.file("prog", elf::exits_with(42)).mode(0o755);
        b.upper().file("upper/f", "some text");
    },
    steps: |r| {
        let all = libc::FAN_ACCESS
            | libc::FAN_MODIFY
            | libc::FAN_OPEN
            | libc::FAN_OPEN_EXEC
            | libc::FAN_CLOSE;
        for kind in [libc::FAN_MARK_MOUNT, libc::FAN_MARK_FILESYSTEM] {
            let fan = r.fan(libc::FAN_CLASS_NOTIF);
            r.fan_mark(fan, libc::FAN_MARK_ADD | kind, all, ".");
            for name in ["lower/f", "upper/f"] {
                r.cat(name);
                r.fan_events(fan);
                r.chmod(name, 0o600);
                r.fan_events(fan);
                let fd = r.open(name, O_RDWR);
                r.write(fd, "T");
                r.close(fd);
                r.fan_events(fan);
                r.truncate(name, 5);
                r.fan_events(fan);
            }
            let fd = r.open("lower/f", O_RDWR);
            let map = r.map(fd, 5, PROT_RW, MAP_SHARED);
            r.store(map, 0, "map");
            r.fan_events(fan);
            r.exec("./prog", &[]);
            r.fan_events(fan);
            r.put("lower/new", O_WRONLY | O_CREAT, "new");
            r.fan_events(fan);
            r.unlink("lower/new");
            r.fan_mark(fan, libc::FAN_MARK_FLUSH | kind, 0, ".");
            r.cat("upper/f");
            r.fan_events(fan);
        }
    },
    layers: Some(|l| l.absent("prog")),
    ..Scenario::DEFAULT
};
