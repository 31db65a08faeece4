// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what changes the time of a lower file, and what does not",
    setup: |b| {
        for name in [
            "chmod", "write", "nothing", "truncate", "same", "link", "rename", "empty",
        ] {
            b.file(name, "text").mtime(1_000_000_007, 7);
        }
    },
    steps: |r| {
        r.chmod("chmod", 0o600);
        r.put("write", O_WRONLY, "T");
        r.put("nothing", O_RDWR, "");
        r.truncate("truncate", 2);
        r.truncate("same", 4);
        r.link("link", "link2");
        r.rename("rename", "renamed");
        let fd = r.open("empty", O_WRONLY | O_TRUNC);
        r.close(fd);
        for name in [
            "chmod", "write", "nothing", "truncate", "same", "link", "renamed", "empty",
        ] {
            r.stat(name);
        }
    },
    ..Scenario::DEFAULT
};
