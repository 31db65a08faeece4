// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a deleted file that is still open can be cut, grown and allocated to",
    setup: |b| {
        b.file("lower", "0123456789");
        b.file("copied", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        for path in ["lower", "copied", "upper"] {
            let reader = r.open(path, O_RDONLY);
            let writer = r.open(path, O_RDWR);
            if path == "copied" {
                r.pwrite(writer, "C", 0);
            }
            r.unlink(path);
            r.ftruncate(writer, 5);
            r.all_see(&[reader, writer]);
            r.ftruncate(writer, 8);
            r.fallocate(writer, 0, 0, 12);
            r.all_see(&[reader, writer]);
            r.fallocate(writer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 3);
            r.all_see(&[reader, writer]);
            r.fstat(reader);
        }
    },
    layers: Some(|l| {
        l.whiteout("lower")?;
        l.whiteout("copied")?;
        l.absent("upper")
    }),
    ..Scenario::DEFAULT
};
