// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file keeps its numbers over copy-up and rename",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.file("d/g", "text");
    },
    steps: |r| {
        let file = r.identity("f");
        let dir = r.identity("d");
        let fd = r.open("f", O_RDWR);
        r.write(fd, "T");
        let now = r.identity("f");
        r.expect("the file has the same number after copy-up", file == now);
        let now = r.fd_identity(fd);
        r.expect("its descriptor says the same", file == now);
        r.rename("f", "moved");
        let now = r.identity("moved");
        r.expect("and after a rename", file == now);
        r.chmod("d", 0o700);
        let now = r.identity("d");
        r.expect("the directory has the same number", dir == now);
        r.expect("files and directories are on one device", file.0 == dir.0);
    },
    ..Scenario::DEFAULT
};
