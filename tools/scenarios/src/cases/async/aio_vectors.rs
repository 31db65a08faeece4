// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "asynchronous requests in pieces, with flags of their own, and appending",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("log", "begin");
    },
    steps: |r| {
        let aio = r.aio();
        let fd = r.open("f", O_RDWR);
        let mut pieces = vec![vec![0; 3], vec![], vec![0; 20]];
        let request = vec![Control::readv(fd.raw(), &mut pieces, 5)];
        r.submit(&aio, "readv", request);
        r.bytes("read", &pieces.concat());
        let request = vec![Control::writev(fd.raw(), &[b"ab", b"", b"cde"], 8)];
        r.submit(&aio, "writev", request);
        let request = vec![Control::write(fd.raw(), b"end", 0).flags(libc::RWF_APPEND)];
        r.submit(&aio, "append", request);
        let request = vec![Control::write(fd.raw(), b"D", 0).flags(libc::RWF_DSYNC)];
        r.submit(&aio, "write through", request);
        let request = vec![Control::write(fd.raw(), b"x", 0).flags(0x4000_0000)];
        r.submit(&aio, "unknown flag", request);
        r.cat("f");
        let log = r.open("log", O_WRONLY | O_APPEND);
        for _ in 0..2 {
            let request = vec![
                Control::write(log.raw(), b"+1", 0),
                Control::write(log.raw(), b"+2", 0),
            ];
            r.submit(&aio, "two appends", request);
        }
        r.stat("log");
    },
    allow: &[Allow {
        line: "walk log",
        why: "the order of requests under way at the same time is by chance",
    }],
    ..Scenario::DEFAULT
};
