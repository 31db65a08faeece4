// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "nobody hears that files and directories are copied up",
    setup: |b| {
        b.lower(0).file("a/b/c/f", "text");
        b.lower(1).file("a/b/c/g", "text");
        b.file("a/other", "text");
        b.symlink("a/b/link", "c");
    },
    steps: |r| {
        let mut watcher = r.watcher();
        for name in [".", "a", "a/b", "a/b/c", "a/b/c/f", "a/b/c/g"] {
            r.watch(&mut watcher, name, libc::IN_ALL_EVENTS);
        }
        let events = |r: &mut Run, watcher: &mut Watcher, call: &str| {
            r.note(call);
            r.events(watcher);
        };
        r.chmod("a/b/c/f", 0o600);
        events(r, &mut watcher, "after chmod");
        r.truncate("a/b/c/g", 1);
        events(r, &mut watcher, "after truncate");
        r.chown("a/b/link", 1, 1);
        events(r, &mut watcher, "after lchown");
        let fd = r.open("a/other", O_RDWR);
        r.events(&mut watcher);
        r.map(fd, 4, PROT_RW, MAP_SHARED);
        events(r, &mut watcher, "after mmap");
    },
    layers: Some(|l| {
        l.upper_is(&[
            "a", "a/b", "a/b/c", "a/b/c/f", "a/b/c/g", "a/b/link", "a/other",
        ])
    }),
    ..Scenario::DEFAULT
};
