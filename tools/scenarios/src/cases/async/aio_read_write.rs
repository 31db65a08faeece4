// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "io_submit reads lower files, and a write by it copies up what older descriptors then read",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("only read", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        let aio = r.aio();
        let mut buffers = [[0u8; 12]; 3];
        for path in ["f", "upper"] {
            let old = r.open(path, O_RDONLY);
            let fd = r.open(path, O_RDWR);
            let [one, two, three] = &mut buffers;
            let request = vec![
                Control::read(old.raw(), one, 0),
                Control::read(fd.raw(), two, 7),
                Control::read(fd.raw(), three, 100),
            ];
            r.submit(&aio, "reads", request);
            let request = vec![
                Control::write(fd.raw(), b"ab", 2),
                Control::fsync(fd.raw(), false),
                Control::fsync(fd.raw(), true),
            ];
            r.submit(&aio, "write and syncs", request);
            r.submit(&aio, "far", vec![Control::write(fd.raw(), b"end", 12)]);
            r.submit(&aio, "read", vec![Control::read(old.raw(), one, 1)]);
            r.bytes("read", &buffers.concat());
            r.lseek(fd, 0, SEEK_CUR);
            r.all_see(&[old, fd]);
        }
        let only = r.open("only read", O_RDWR);
        let request = vec![Control::read(only.raw(), &mut buffers[0], 0)];
        r.submit(&aio, "read", request);
    },
    layers: Some(|l| {
        l.in_upper("f")?;
        if l.is_union() {
            l.absent("only read")
        } else {
            Ok(())
        }
    }),
    ..Scenario::DEFAULT
};
