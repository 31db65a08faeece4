// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "AT_EMPTY_PATH calls act on what is open, of any layer and by O_PATH as well",
    setup: |b| {
        b.file("f", "text");
        b.symlink("l", "f");
        b.fifo("p");
        b.upper().file("u", "text");
    },
    steps: |r| {
        for (n, name) in ["f", "l", "p", "u"].into_iter().enumerate() {
            let fd = r.open(name, O_PATH | O_NOFOLLOW);
            r.done("chown", sys::chown_descriptor(fd.raw(), 7, 8));
            r.link_empty(fd, &format!("new{n}"));
            let target = sys::readlink_descriptor(fd.raw());
            r.call(
                "readlink",
                target.map(|target| target.escape_ascii().to_string()),
            );
            r.fstat(fd);
            r.lstat(&format!("new{n}"));
            r.unlink(name);
            r.fstat(fd);
            r.link_empty(fd, &format!("again{n}"));
        }
        let dir = r.open(".", O_PATH);
        r.link_empty(dir, "directory");
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout("l")?;
        l.in_upper("new1")
    }),
    ..Scenario::DEFAULT
};
