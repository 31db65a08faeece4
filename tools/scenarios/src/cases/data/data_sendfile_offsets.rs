// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "sendfile with an offset leaves the position of its source alone",
    setup: |b| {
        b.file("from", "0123456789");
        b.file("changed", "0123456789");
        b.file("to", "..........");
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let (reader, writer) = r.pipe();
        let (near, far) = r.socketpair();
        r.sendfile_at(writer, from, 2, 5);
        r.read(reader, 100);
        r.sendfile_at(near, from, 8, 100);
        r.read(far, 100);
        r.sendfile_at(writer, from, 10, 100);
        r.sendfile_at(writer, from, -1, 5);
        r.lseek(from, 0, SEEK_CUR);
        let to = r.open("to", O_RDWR);
        r.lseek(to, 3, SEEK_SET);
        r.sendfile_at(to, from, 1, 4);
        r.lseek(to, 0, SEEK_CUR);
        r.sendfile_at(to, to, 0, 3);
        r.cat("to");
        // A descriptor from before the change sends the file as it is now.
        let old = r.open("changed", O_RDONLY);
        r.put("changed", O_WRONLY | O_TRUNC, "short");
        r.sendfile(writer, old, 100);
        r.read(reader, 100);
    },
    layers: Some(|l| l.absent("from")),
    ..Scenario::DEFAULT
};
