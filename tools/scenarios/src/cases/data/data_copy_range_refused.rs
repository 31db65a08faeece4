// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "copy_file_range refuses descriptors of the wrong kind, and copies nothing up",
    setup: |b| {
        b.file("from", "0123456789");
        b.file("to", "..........");
        b.dir("d");
        b.fifo("fifo");
        b.char_device("zero", 1, 5);
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        for (path, flags) in [
            ("to", O_RDONLY),
            ("to", O_WRONLY | O_APPEND),
            ("to", O_PATH),
            ("d", O_RDONLY),
            ("fifo", O_RDWR),
            ("zero", O_RDWR),
        ] {
            let other = r.open(path, flags);
            r.copy_range(from, Some(0), other, Some(0), 5);
            r.copy_range(other, Some(0), from, Some(0), 5);
            r.close(other);
        }
        let write_only = r.open("from", O_WRONLY);
        r.copy_range(write_only, Some(0), to, Some(0), 5);
        let flags = sys::copy_range(from.raw(), Some(0), to.raw(), Some(0), 5, 1);
        r.call("copy_file_range with a flag", flags);
    },
    layers: Some(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    }),
    ..Scenario::DEFAULT
};
