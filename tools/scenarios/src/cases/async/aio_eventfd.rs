// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an eventfd counts the asynchronous requests that are done, copy-up or not",
    setup: |b| {
        b.file("f", "0123456789");
    },
    steps: |r| {
        let aio = r.aio();
        let Ok(event) = sys::eventfd() else {
            return r.note("no eventfd");
        };
        let fd = r.open("f", O_RDWR);
        let count = |r: &mut Run<'_>| {
            let count = sys::read(event, 8, None).map(|bytes| bytes[0]);
            r.call("eventfd", count);
        };
        let mut buffer = [0; 4];
        let request = vec![Control::read(fd.raw(), &mut buffer, 0).tell(event)];
        r.submit(&aio, "read", request);
        count(r);
        let request = vec![
            Control::write(fd.raw(), b"ab", 0).tell(event),
            Control::write(fd.raw(), b"cd", 4).tell(event),
            Control::fsync(fd.raw(), true).tell(event),
        ];
        r.submit(&aio, "writes", request);
        count(r);
        count(r);
        let request = vec![Control::write(fd.raw(), b"x", 0).tell(fd.raw())];
        r.submit(&aio, "eventfd that is none", request);
        r.cat("f");
    },
    ..Scenario::DEFAULT
};
