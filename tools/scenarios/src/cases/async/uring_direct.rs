// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "io_uring with O_DIRECT: many requests at a time, on a lower file and its copy",
    setup: |b| {
        let data: Vec<u8> = (0..65_536u32).map(|n| b'a' + (n / 4096) as u8).collect();
        b.file("f", &data);
    },
    steps: |r| {
        let mut ring = r.ring();
        let old = r.open("f", O_RDONLY | O_DIRECT);
        let fd = r.open("f", O_RDWR | O_DIRECT);
        let blocks: Vec<_> = (0..8u8).map(|n| Aligned::filled(4096, b'0' + n)).collect();
        let mut buffers: Vec<_> = (0..8).map(|_| Aligned::new(8192, 0)).collect();
        for pass in 0..2 {
            let reads = buffers.iter_mut().enumerate();
            let reads = reads
                .map(|(n, buffer)| {
                    let request = Request::read(old.raw(), buffer, n as i64 * 8192);
                    (
                        "read",
                        if n % 2 == 0 {
                            request
                        } else {
                            request.in_worker()
                        },
                    )
                })
                .collect();
            r.uring(&mut ring, reads);
            for buffer in &buffers {
                r.bytes("read", buffer);
            }
            let writes = blocks
                .iter()
                .enumerate()
                .map(|(n, block)| {
                    let at = (n as i64 * 2 + pass) * 4096;
                    ("write", Request::write(fd.raw(), block, at))
                })
                .collect();
            r.uring(&mut ring, writes);
        }
        r.cat("f");
    },
    ..Scenario::DEFAULT
};
