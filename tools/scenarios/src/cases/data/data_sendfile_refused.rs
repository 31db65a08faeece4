// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "sendfile and splice refuse descriptors of the wrong kind, and copy nothing up",
    setup: |b| {
        b.file("from", "0123456789");
        b.file("to", "..........");
        b.dir("d");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let (reader, writer) = r.pipe();
        r.write(writer, "in the pipe");
        for (path, flags) in [
            ("to", O_RDONLY),
            ("to", O_WRONLY),
            ("to", O_WRONLY | O_APPEND),
            ("to", O_PATH),
            ("d", O_RDONLY),
        ] {
            let other = r.open(path, flags);
            // Out of it; into it, but for the one where that would do.
            r.sendfile(writer, other, 5);
            r.splice_at(other, None, writer, None, 5);
            if flags != O_WRONLY {
                r.sendfile(other, from, 5);
                r.splice_at(reader, None, other, None, 5);
            }
            // Neither is a pipe.
            r.splice_at(from, None, other, None, 5);
            r.close(other);
        }
        r.splice_at(from, Some(-1), writer, None, 5);
        r.splice_at(from, None, writer, Some(0), 5);
        r.splice_at(from, Some(3), writer, None, 0);
        r.tee(from, writer, 5);
        r.read(reader, 100);
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
