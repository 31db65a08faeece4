// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lease is about data: calls that copy a file up for other reasons leave it, and it holds afterwards",
    setup: |b| {
        b.file("f", "text");
        b.file("other", "text");
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        r.set_lease(fd, F_RDLCK);
        r.stat("f");
        r.chmod("f", 0o600);
        r.setxattr("f", "user.a", "1");
        r.utimens("f", (5, 6));
        r.link("f", "g");
        r.rename("f", "h");
        r.get_lease(fd);
        let early = process::await_signal(libc::SIGIO, std::time::Duration::ZERO);
        r.expect("no signal so far", !early);
        r.in_child(|r| {
            r.open("g", O_WRONLY | libc::O_NONBLOCK);
        });
        r.expect(
            "signal",
            process::await_signal(libc::SIGIO, std::time::Duration::from_secs(5)),
        );
        r.set_lease(fd, F_UNLCK);
        let other = r.open("other", O_RDONLY);
        r.set_lease(other, F_RDLCK);
        r.unlink("other");
        r.get_lease(other);
        r.put("other", O_WRONLY | O_CREAT, "another");
        r.get_lease(other);
    },
    layers: Some(|l| l.in_upper("h")),
    ..Scenario::DEFAULT
};
