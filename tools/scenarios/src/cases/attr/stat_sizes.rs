// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "links have the length of their target as size, special files none, in every layer",
    setup: |b| {
        every_kind(b, "low");
        b.symlink("low/long", &"t".repeat(240));
        b.upper();
        every_kind(b, "top");
        b.symlink("top/long", &"t".repeat(240));
    },
    steps: |r| {
        for round in ["found", "copied"] {
            for name in ["file", "symlink", "long", "fifo", "char", "block"] {
                for dir in ["low", "top"] {
                    let path = format!("{dir}/{name}");
                    let size = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW).map(|s| s.st_size);
                    r.call(format_args!("size of {path}, {round}"), size);
                    let fd = sys::open(&path, O_PATH | O_NOFOLLOW, 0).expect("open");
                    let size = sys::fstat(fd).map(|s| s.st_size);
                    r.call("by descriptor", size);
                    sys::close(fd).expect("close");
                    r.chown(&path, 1, 1);
                }
            }
        }
        r.symlink("exactly", "new");
        let size = sys::stat("new", libc::AT_SYMLINK_NOFOLLOW).map(|s| s.st_size);
        r.call("size of a new link", size);
        r.readlink("low/long");
    },
    ..Scenario::DEFAULT
};
