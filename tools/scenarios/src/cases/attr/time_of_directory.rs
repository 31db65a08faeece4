// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "which call moves which time of the directories it works in, in the upper layer",
    setup: |b| {
        b.upper();
        b.file("a/f", "text");
        b.dir("b");
    },
    steps: |r| {
        for call in CALLS {
            r.touched(&["a", "b"], call);
        }
    },
    not_on: &[
        ("rotate", "a copy has a change time of its own"),
        ("rotate-ext4", "a copy has a change time of its own"),
    ],
    ..Scenario::DEFAULT
};

const CALLS: [fn(&mut Run); 24] = [
    |r| {
        r.put("a/new", O_WRONLY | O_CREAT, "x");
    },
    |r| {
        r.put("a/new", O_WRONLY | O_CREAT, "y");
    },
    |r| {
        r.open("a/new", O_WRONLY | O_CREAT | O_EXCL);
    },
    |r| {
        r.mkdir("a/sub");
    },
    |r| {
        r.mkdir("a/sub");
    },
    |r| {
        r.mkdir("a/sub/sub");
    },
    |r| {
        r.symlink("x", "a/link");
    },
    |r| {
        r.mkfifo("a/fifo", 0o600);
    },
    |r| {
        r.link("a/f", "b/f");
    },
    |r| {
        r.link("a/f", "b/f");
    },
    |r| {
        r.rename("a/f", "a/g");
    },
    |r| {
        r.rename("a/g", "b/g");
    },
    |r| {
        r.rename("b/g", "b/f");
    },
    |r| {
        r.rename2("a/new", "b/g", RENAME_EXCHANGE);
    },
    |r| {
        r.rename2("a/new", "b/f", RENAME_NOREPLACE);
    },
    |r| {
        r.rename("a/sub", "b/sub");
    },
    |r| {
        r.rmdir("b/sub");
    },
    |r| {
        r.rmdir("b/sub/sub");
    },
    |r| {
        r.rmdir("b/sub");
    },
    |r| {
        r.unlink("a/none");
    },
    |r| {
        r.unlink("a/link");
    },
    |r| {
        r.chmod("a/fifo", 0o666);
    },
    |r| {
        r.put("a/new", O_WRONLY, "z");
    },
    |r| {
        let fd = r.open_mode("b", O_RDWR | O_TMPFILE, 0o600);
        r.touched(&["b"], |r| {
            r.link_fd(fd, "b/named");
        });
    },
];
