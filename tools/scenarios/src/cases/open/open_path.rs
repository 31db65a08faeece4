// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_PATH descriptors name and do not read",
    setup: |b| {
        b.file("f", "text");
        b.symlink("l", "f");
    },
    steps: |r| {
        let fd = r.open("f", O_PATH);
        r.fstat(fd);
        r.read(fd, 1);
        r.fchmod(fd, 0o600);
        let link = r.open("l", O_PATH | O_NOFOLLOW);
        r.fstat(link);
        r.chmod("f", 0o600);
        r.fstat(fd);
        r.cat(&format!("/proc/self/fd/{}", fd.raw()));
    },
    ..Scenario::DEFAULT
};
