// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file goes through a socket into another one without being read by the program",
    setup: |b| {
        b.file("from", vec![b's'; 10_000]);
        b.file("to", "0123456789");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_WRONLY);
        let (near, far) = r.socketpair();
        let (reader, writer) = r.pipe();
        let mut moved = 0;
        // Sockets cut the data where they like.
        while let Ok(count @ 1..) = sys::sendfile(near.raw(), from.raw(), 4000) {
            let mut left = count;
            while left > 0 {
                let part = sys::splice(far.raw(), writer.raw(), left as usize).unwrap_or(0);
                let written = sys::splice(reader.raw(), to.raw(), part as usize).unwrap_or(0);
                assert!(written > 0, "nothing was moved");
                left -= written;
                moved += written;
            }
        }
        r.note(format_args!("moved {moved}"));
        r.lseek(to, 0, SEEK_CUR);
        r.stat("to");
        r.cat("to");
    },
    layers: Some(|l| {
        l.absent("from")?;
        l.in_upper("to")
    }),
    ..Scenario::DEFAULT
};
