// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who opens or truncates a leased file waits until the holder, told by a signal, lets it go",
    setup: |b| {
        for name in ["open", "cut", "by name", "read"] {
            b.file(name, "some text");
        }
        b.upper().file("upper", "some text");
    },
    steps: |r| {
        for (name, lease) in [
            ("open", F_RDLCK),
            ("upper", F_RDLCK),
            ("cut", F_RDLCK),
            ("by name", F_RDLCK),
            ("read", F_WRLCK),
        ] {
            let fd = r.open(name, O_RDONLY);
            r.set_lease(fd, lease);
            r.with_peer(
                |r, turns| {
                    turns.give();
                    let result = match name {
                        "cut" => sys::open(name, O_WRONLY | O_TRUNC, 0).map(drop),
                        "by name" => sys::truncate(name, 3),
                        "read" => sys::open(name, O_RDONLY, 0).map(drop),
                        _ => sys::open(name, O_WRONLY, 0).map(drop),
                    };
                    // The holder has something to record before this comes to an end.
                    turns.take();
                    r.done("the peer got what it wanted", result);
                },
                |r, turns, _| {
                    turns.pass();
                    let limit = std::time::Duration::from_secs(10);
                    r.expect("signal", process::await_signal(libc::SIGIO, limit));
                    r.get_lease(fd);
                    r.pread(fd, 9, 0);
                    let to = if name == "read" { F_RDLCK } else { F_UNLCK };
                    r.set_lease(fd, to);
                    r.get_lease(fd);
                    turns.pass();
                },
            );
            r.pread(fd, 9, 0);
            r.close(fd);
        }
    },
    layers: Some(|l| {
        l.absent("open")?;
        l.absent("read")?;
        l.in_upper("cut")
    }),
    ..Scenario::DEFAULT
};
