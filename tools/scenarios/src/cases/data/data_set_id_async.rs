// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const CALLS: &[&str] = &["write", "clone", "aio", "uring", "worker", "direct"];

pub const SCENARIO: Scenario = Scenario {
    about: "a write takes set-id bits and capabilities away, be it asynchronous, direct, or a clone",
    setup: |b| {
        // Version 2 of the attribute: CAP_NET_RAW, permitted.
        let capability = [
            0, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        for call in CALLS {
            b.file(call, vec![b'x'; 8192])
                .mode(0o6777)
                .xattr("security.capability", &capability);
        }
        b.file("source", vec![b'y'; 8192]);
    },
    steps: |r| {
        r.as_user(1000, 1000, |r| {
            let source = r.open("source", O_RDONLY);
            for call in CALLS {
                let fd = r.open(call, O_RDWR);
                match *call {
                    "write" => r.write(fd, "W"),
                    "clone" => {
                        // Where nothing can be cloned, something else does.
                        if sys::clone_range(source.raw(), 0, 4096, fd.raw(), 0).is_err() {
                            let _ = sys::write(fd.raw(), &[b'y'; 4096], Some(0));
                        }
                    }
                    "aio" => {
                        let aio = r.aio();
                        r.submit(&aio, "write", vec![Control::write(fd.raw(), b"A", 1)]);
                    }
                    "uring" => {
                        let mut ring = r.ring();
                        let request = Request::write(fd.raw(), b"U", 1);
                        r.uring(&mut ring, vec![("write", request)]);
                    }
                    "worker" => {
                        let mut ring = r.ring();
                        let request = Request::write(fd.raw(), b"U", 1).in_worker();
                        r.uring(&mut ring, vec![("write", request)]);
                    }
                    _ => {
                        let direct = r.open(call, O_WRONLY | O_DIRECT);
                        r.pwrite_aligned(direct, b'd', 4096, 0);
                    }
                }
                r.stat(call);
                r.getxattr(call, "security.capability");
            }
        });
    },
    not_on: shape::NO_DIRECT,
    ..Scenario::DEFAULT
};
