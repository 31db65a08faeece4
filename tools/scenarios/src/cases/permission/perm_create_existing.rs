// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_CREAT in a directory that is not writable opens what is there and makes nothing",
    setup,
    steps: |r| {
        r.each_user(|r, _| {
            for name in ["low", "top", "copied", "white", "free"] {
                let path = format!("d/{name}");
                r.try_open(&path, O_RDONLY | O_CREAT);
                r.try_open(&path, O_RDWR | O_CREAT);
                r.try_open(&path, O_WRONLY | O_CREAT | O_EXCL);
                // What is there is said before what is not allowed.
                r.mkdir(&path);
                r.symlink("x", &path);
                r.mkfifo(&path, 0o600);
            }
            r.try_open("d", O_RDWR | O_CREAT);
            r.try_open("d/dangling", O_RDONLY | O_CREAT);
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    b.dir("d").owner(1003, 1003);
    b.file("d/low", "text").owner(1000, 500).mode(0o664);
    b.lower(0).file("d/copied", "old");
    b.file("d/white", "gone").mode(0o666);
    b.symlink("d/dangling", "nowhere");
    b.upper().dir("d").owner(1003, 1003);
    b.file("d/top", "text").owner(1000, 500).mode(0o646);
    b.file("d/copied", "new").owner(1000, 500).mode(0o606);
    b.whiteout("d/white");
}
