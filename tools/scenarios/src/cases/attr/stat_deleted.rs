// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the link count goes down to none and up again, as far as descriptors can tell",
    setup: |b| {
        b.file("copied", "text");
        b.upper().file("top", "text");
        b.fifo("fifo");
        b.dir("dir");
    },
    steps: |r| {
        r.chmod("copied", 0o600);
        for name in ["copied", "top", "fifo"] {
            let fd = r.open(name, O_PATH);
            r.link(name, "second");
            r.fstat(fd);
            r.unlink(name);
            r.fstat(fd);
            r.rename("second", name);
            r.fstat(fd);
            r.put("over", O_WRONLY | O_CREAT, "x");
            r.rename("over", name);
            r.fstat(fd);
            let proc = format!("/proc/self/fd/{}", fd.raw());
            r.done(
                "a link to what is gone",
                sys::link(proc, "back", AT_SYMLINK_FOLLOW),
            );
        }
        let fd = r.open("dir", O_RDONLY | O_DIRECTORY);
        r.rmdir("dir");
        let links = sys::fstat(fd.raw()).map(|stat| stat.st_nlink);
        r.call("link count of a removed directory", links);
        let fd = r.open_mode(".", O_RDWR | O_TMPFILE, 0o600);
        r.fstat(fd);
        r.link_fd(fd, "named");
        r.fstat(fd);
    },
    ..Scenario::DEFAULT
};
