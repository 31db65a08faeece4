// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is not a regular file, or not open for writing, is not truncated, and not copied up",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.fifo("fifo");
        b.char_device("null", 1, 3);
        b.symlink("to-dir", "d");
        b.symlink("nowhere", "none");
        b.lower(0).file("hidden", "text");
        b.upper().whiteout("hidden");
    },
    steps: |r| {
        for path in [
            "d", "d/", "fifo", "null", "f/", "f/x", "to-dir", "nowhere", "hidden", "",
        ] {
            r.truncate(path, 1);
        }
        for (path, flags) in [
            ("f", O_RDONLY),
            ("f", O_PATH),
            ("d", O_RDONLY),
            ("null", O_RDWR),
        ] {
            let fd = r.open(path, flags);
            r.ftruncate(fd, 1);
            r.close(fd);
        }
        let fd = r.open("f", O_RDWR);
        r.ftruncate(fd, -1);
        let (reader, writer) = r.pipe();
        r.ftruncate(reader, 0);
        r.ftruncate(writer, 0);
    },
    layers: Some(|l| {
        if l.is_union() {
            l.upper_is(&["hidden"])
        } else {
            Ok(())
        }
    }),
    ..Scenario::DEFAULT
};
