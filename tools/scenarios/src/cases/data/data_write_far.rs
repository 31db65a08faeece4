// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a write far behind the end leaves a hole of zeros, and takes no room for it",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("appended", "0123456789");
    },
    steps: |r| {
        let old = r.open("f", O_RDONLY);
        let fd = r.open("f", O_RDWR);
        r.pwrite(fd, "far", 40 << 20);
        r.pread(old, 20, 0);
        r.pread(old, 20, (40 << 20) - 10);
        r.lseek(old, 0, SEEK_END);
        let zero = sys::read(old.raw(), 1 << 20, Some(10))
            .is_ok_and(|data| data.iter().all(|byte| *byte == 0));
        r.expect("zeros between", zero);
        r.ftruncate(fd, 100);
        let append = r.open("appended", O_WRONLY | O_APPEND);
        r.lseek(append, 30 << 20, SEEK_SET);
        r.write(append, "end");
        r.stat("appended");
        r.truncate("appended", 50 << 20);
        r.write(append, "end");
    },
    layers: Some(|l| {
        if l.stat("appended")?.st_blocks > 1000 {
            return Err("what was never written must take no room".into());
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
