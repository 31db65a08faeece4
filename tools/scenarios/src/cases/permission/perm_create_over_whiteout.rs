// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is made where a whiteout was belongs to its maker and obeys the umask",
    setup: |b| {
        for dir in ["plain", "setgid"] {
            let mode = if dir == "plain" { 0o777 } else { 0o2777 };
            for name in NAMES {
                b.lower(0);
                b.dir(dir).mode(mode).owner(0, 500);
                b.file(&format!("{dir}/{name}"), "old").mode(0o4755);
                b.upper().dir(dir).mode(mode).owner(0, 500);
                b.whiteout(&format!("{dir}/{name}"));
            }
        }
    },
    steps: |r| {
        r.as_who(OTHER, |r| {
            r.with_umask(0o027, |r| {
                for dir in ["plain", "setgid"] {
                    let name = |name: &str| format!("{dir}/{name}");
                    // Nobody in group 500: set-group-id is not for him to give.
                    r.open_mode(&name("file"), O_WRONLY | O_CREAT, 0o6777);
                    r.mkdir_mode(&name("dir"), 0o1777);
                    r.mkfifo(&name("fifo"), 0o666);
                    r.symlink("target", &name("link"));
                    r.bind(&name("socket"));
                    r.mknod(&name("node"), libc::S_IFREG, 0o2711, 0, 0);
                }
            });
        });
        for dir in ["plain", "setgid"] {
            for name in NAMES {
                r.lstat(&format!("{dir}/{name}"));
            }
        }
    },
    layers: Some(|l| l.opaque("setgid/dir")),
    ..Scenario::DEFAULT
};

const NAMES: [&str; 6] = ["file", "dir", "fifo", "link", "socket", "node"];
