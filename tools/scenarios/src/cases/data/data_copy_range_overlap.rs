// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "copy_file_range within one file copies what does not overlap",
    setup: |b| {
        b.file("lower", "0123456789abcdef");
        b.file("copied", "0123456789abcdef");
        b.upper().file("upper", "0123456789abcdef");
    },
    steps: |r| {
        r.chmod("copied", 0o600);
        for path in ["lower", "copied", "upper"] {
            // The reader is from before the copy-up, and the same file after it.
            let reader = r.open(path, O_RDONLY);
            let writer = r.open(path, O_RDWR);
            for (at, to_at, length) in [
                (0, 0, 4),
                (0, 3, 4),
                (3, 0, 4),
                (0, 4, 4),
                (12, 4, 100),
                (4, 16, 12),
                (20, 20, 1),
            ] {
                r.copy_range(reader, Some(at), writer, Some(to_at), length);
                r.all_see(&[reader, writer]);
            }
            r.close(reader);
            r.close(writer);
        }
    },
    ..Scenario::DEFAULT
};
