// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const WHY: &str =
    "a mapping is of the file in the layer: it does not keep the union's own file open";

pub const SCENARIO: Scenario = Scenario {
    about: "a file that is mapped is still open: its lock, its writer and its last close wait for the mapping",
    setup: |b| {
        b.file("lock", vec![b'.'; PAGE]);
        b.file("prog", elf::exits_with(42)).mode(0o755);
        b.file("watched", vec![b'.'; PAGE]);
    },
    steps: |r| {
        let fd = r.open("lock", O_RDWR);
        r.flock(fd, LOCK_EX | LOCK_NB);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.close(fd);
        let other = sys::open("lock", O_RDWR, 0).unwrap_or(-1);
        let result = sys::flock(other, LOCK_EX | LOCK_NB);
        r.done("lock while the file is mapped", result);
        r.done("munmap", map.unmap());
        r.done("lock", sys::flock(other, LOCK_EX | LOCK_NB));

        let fd = r.open("prog", O_RDWR);
        let map = r.map(fd, 100, PROT_READ, MAP_SHARED);
        r.close(fd);
        r.exec("././prog", &[]);
        r.done("munmap", map.unmap());
        r.exec("./prog", &[]);

        let watch = sys::inotify("watched", libc::IN_CLOSE).expect("inotify");
        let fd = r.open("watched", O_RDWR);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.close(fd);
        let early = sys::inotify_read(watch).len();
        r.note(format_args!("events while the file is mapped: {early}"));
        r.done("munmap", map.unmap());
        let all = early + sys::inotify_read(watch).len();
        r.note(format_args!("events: {all}"));
    },
    allow: &[
        Allow {
            line: "lock while the file is mapped",
            why: WHY,
        },
        Allow {
            line: "exec(\"././prog\")",
            why: WHY,
        },
        Allow {
            line: "events while the file is mapped",
            why: WHY,
        },
    ],
    ..Scenario::DEFAULT
};
