// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what vmsplice and tee put into pipes is spliced into lower and new files",
    setup: |b| {
        b.file("lower", "0123456789");
        b.file("source", "from a file");
    },
    steps: |r| {
        let (reader, writer) = r.pipe();
        let (reader2, writer2) = r.pipe();
        r.vmsplice(writer, b"from memory ");
        let source = r.open("source", O_RDONLY);
        r.splice_at(source, None, writer, None, 100);
        r.tee(reader, writer2, 100);
        let lower = r.open("lower", O_RDWR);
        let new = r.open("new", O_WRONLY | O_CREAT);
        r.splice_at(reader, None, lower, None, 100);
        r.splice_at(reader2, None, new, None, 100);
        r.cat("lower");
        r.cat("new");
    },
    layers: Some(|l| {
        l.in_upper("lower")?;
        l.absent("source")
    }),
    ..Scenario::DEFAULT
};
