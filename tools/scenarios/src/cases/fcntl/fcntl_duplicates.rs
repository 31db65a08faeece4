// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "duplicates of a descriptor share position and flags through copy-up, and nothing else does",
    setup: |b| {
        b.file("lower", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let one = r.open(name, O_RDWR);
            let other = r.open(name, O_RDWR);
            let copy = sys::fcntl(one.raw(), libc::F_DUPFD, 100).unwrap_or(-1);
            r.expect("the lowest from 100 on", copy == 100);
            let flag = |r: &mut Run, fd: i32| {
                r.call("F_GETFD", sys::fcntl(fd, libc::F_GETFD, 0));
            };
            flag(r, one.raw());
            flag(r, copy);
            let read = |r: &mut Run, fd: i32| {
                let text = sys::read(fd, 2, None).map(|text| text.escape_ascii().to_string());
                r.call("read", text);
            };
            read(r, one.raw());
            read(r, copy);
            r.call("write", sys::write(copy, b"AB", None));
            read(r, one.raw());
            read(r, other.raw());
            r.done(
                "O_APPEND on",
                sys::set_status_flags(copy, O_APPEND, O_APPEND),
            );
            r.write(one, "end");
            r.write(other, "CD");
            r.in_child(|r| {
                r.lseek(one, 1, SEEK_SET);
            });
            read(r, copy);
            r.close(one);
            r.call("write", sys::write(copy, b"last", None));
            r.done("close", sys::close(copy));
            r.cat(name);
        }
    },
    ..Scenario::DEFAULT
};
