// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lock taken before copy-up holds after it",
    setup: |b| {
        b.file("f", "text");
    },
    steps: |r| {
        let reader = r.open("f", O_RDONLY);
        r.flock(reader, LOCK_EX | LOCK_NB);
        r.put("f", O_WRONLY, "T");
        let after = r.open("f", O_RDWR);
        r.flock(after, LOCK_EX | LOCK_NB);
        let other = r.open("f", O_RDWR);
        r.ofd_lock(after, F_WRLCK, 0, 0);
        r.chmod("f", 0o600);
        r.ofd_lock(other, F_WRLCK, 0, 0);
        r.close(reader);
        r.flock(after, LOCK_EX | LOCK_NB);
    },
    layers: Some(|l| l.in_upper("f")),
    ..Scenario::DEFAULT
};
