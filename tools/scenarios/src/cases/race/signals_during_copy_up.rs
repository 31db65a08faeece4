// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "signals that are caught do not interrupt calls that happen to copy a large file up",
    setup: |b| {
        for name in ["write", "chmod", "truncate", "setxattr", "link", "rename"] {
            b.file(name, vec![b'.'; 1 << 20]);
        }
    },
    steps: |r| {
        let fd = r.open("write", O_RDWR);
        let result = sys::alarm_every(std::time::Duration::from_millis(2));
        r.done("an alarm every 2 ms", result);
        r.pwrite(fd, "written", 0);
        r.chmod("chmod", 0o600);
        r.truncate("truncate", (1 << 20) - 1);
        r.setxattr("setxattr", "user.a", "1");
        r.link("link", "linked");
        r.rename("rename", "renamed");
        r.await_until("alarms have come", || sys::alarms() > 4);
        r.done(
            "no more alarms",
            sys::alarm_every(std::time::Duration::ZERO),
        );
    },
    ..Scenario::DEFAULT
};
