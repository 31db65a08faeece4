// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "asynchronous O_DIRECT requests, several under way at a time, on lower and deleted files",
    setup: |b| {
        let data: Vec<u8> = (0..65_536u32).map(|n| b'a' + (n / 4096) as u8).collect();
        b.file("f", &data);
        b.file("deleted", &data);
    },
    steps: |r| {
        let aio = r.aio();
        let old = r.open("f", O_RDONLY | O_DIRECT);
        let fd = r.open("f", O_RDWR | O_DIRECT);
        let deleted = r.open("deleted", O_RDWR | O_DIRECT);
        r.unlink("deleted");
        let mut buffers: Vec<_> = (0..4).map(|_| Aligned::new(16_384, 0)).collect();
        let blocks: Vec<_> = (0..4u8).map(|n| Aligned::filled(8192, b'0' + n)).collect();
        for fd in [fd, deleted] {
            for pass in ["before", "after"] {
                let reads = buffers.iter_mut().enumerate();
                let request = reads
                    .map(|(n, buffer)| Control::read(fd.raw(), buffer, n as i64 * 16_384))
                    .collect();
                r.submit(&aio, pass, request);
                for buffer in &buffers {
                    r.bytes("read", buffer);
                }
                let request = blocks
                    .iter()
                    .enumerate()
                    .map(|(n, block)| Control::write(fd.raw(), block, n as i64 * 20_480))
                    .collect();
                r.submit(&aio, "writes", request);
            }
            r.fstat(fd);
        }
        let request = vec![Control::read(old.raw(), &mut buffers[0], 0)];
        r.submit(&aio, "old descriptor", request);
        r.bytes("read", &buffers[0]);
    },
    layers: Some(|l| l.upper_is(&["deleted", "f"])),
    ..Scenario::DEFAULT
};
