// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every way to change data drops the set-id bits of a lower file",
    setup: |b| {
        for (name, _) in WAYS {
            b.file(name, vec![b'x'; 8192]).mode(0o6777);
        }
        b.file("source", "source");
    },
    steps: |r| {
        for (name, change) in WAYS {
            r.as_user(1000, 1000, |r| {
                let fd = r.open(name, O_RDWR);
                change(r, fd);
                r.close(fd);
            });
            r.stat(name);
            r.chmod(name, 0o6777);
            let fd = r.open(name, O_RDWR);
            change(r, fd);
            r.close(fd);
            r.stat(name);
        }
    },
    ..Scenario::DEFAULT
};

const WAYS: [(&str, fn(&mut Run, Fd)); 8] = [
    ("write", |r, fd| r.write(fd, "T")),
    ("write-nothing", |r, fd| r.write(fd, "")),
    ("append", |r, fd| {
        r.lseek(fd, 0, SEEK_END);
        r.write(fd, "T");
    }),
    ("allocate", |r, fd| {
        r.fallocate(fd, 0, 0, 16384);
    }),
    ("keep-size", |r, fd| {
        r.fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, 8192);
    }),
    ("punch", |r, fd| {
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
    }),
    ("copy", |r, fd| {
        let source = r.open("source", O_RDONLY);
        r.copy_file_range(source, 0, fd, 100, 6);
    }),
    ("splice", |r, fd| {
        let source = r.open("source", O_RDONLY);
        r.splice(source, fd, 6);
    }),
];
