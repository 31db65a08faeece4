// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory opened while it was lower sees, once rewound, what was made in its copy in \
        the upper layer, and what went with it",
    setup: |b| {
        b.file("a/b/c/old", "x");
        b.file("a/b/c/gone", "x");
        b.file("a/b/file", "x");
        b.lower(1).file("m/n/below", "x");
        b.lower(0).file("m/n/above", "x");
        b.upper().file("m/top", "x");
    },
    steps: |r| {
        // One that was never read, one half read, and one read to its end.
        for (dir, old) in [("a/b/c", "old"), ("m/n", "below")] {
            let unread = r.open(dir, O_RDONLY | O_DIRECTORY);
            let half = r.open(dir, O_RDONLY | O_DIRECTORY);
            let read = r.open(dir, O_RDONLY | O_DIRECTORY);
            let path = r.open(dir, O_PATH);
            // Room for one entry, whichever comes first.
            r.getdents(half, 40);
            r.rest(read);
            r.put(&format!("{dir}/new"), O_WRONLY | O_CREAT, "x");
            r.rename(&format!("{dir}/{old}"), &format!("{dir}/moved"));
            r.rest(unread);
            r.again(half);
            r.again(read);
            r.mkdir_at(path, "made");
            r.unlink(&format!("{dir}/new"));
            for fd in [unread, half, read] {
                r.again(fd);
                r.getdents(fd, 4096);
            }
            let late = r.open_at(path, ".", O_RDONLY | O_DIRECTORY);
            r.types(late);
        }
        r.unlink("a/b/c/gone");
        let outer = r.open("a/b", O_RDONLY | O_DIRECTORY);
        r.types(outer);
    },
    layers: Some(|l| {
        l.whiteout("a/b/c/gone")?;
        l.in_upper("m/n/moved")?;
        l.absent("m/n/above")
    }),
    not_on: &[(
        "top:btrfs",
        "btrfs shows an open directory as it was when it was opened",
    )],
    ..Scenario::DEFAULT
};
