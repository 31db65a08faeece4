// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "splice at offsets leaves positions alone; without offsets it moves them",
    setup: |b| {
        b.file("from", "0123456789");
        b.file("to", "..........");
        b.file("grown", "");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        let (reader, writer) = r.pipe();
        r.splice_at(from, Some(4), writer, None, 3);
        r.lseek(from, 0, SEEK_CUR);
        r.splice_at(reader, None, to, Some(5), 2);
        r.lseek(to, 0, SEEK_CUR);
        r.splice_at(reader, None, to, None, 1);
        r.lseek(to, 0, SEEK_CUR);
        r.splice_at(from, None, writer, None, 4);
        r.lseek(from, 0, SEEK_CUR);
        // Behind the end of the file.
        r.splice_at(reader, None, to, Some(12), 4);
        r.splice_at(from, Some(10), writer, None, 5);
        r.cat("to");
        let grown = r.open("grown", O_WRONLY);
        r.splice_at(from, Some(0), writer, None, 100);
        r.splice_at(reader, None, grown, Some(3), 100);
        r.cat("grown");
    },
    layers: Some(|l| l.absent("from")),
    ..Scenario::DEFAULT
};
