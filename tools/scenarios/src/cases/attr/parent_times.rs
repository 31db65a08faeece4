// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "making and deleting names changes the time of their directory",
    setup: |b| {
        for dir in ["create", "unlink", "rename", "link", "chmod", "write"] {
            b.dir(dir).mtime(1_000_000_007, 7);
            b.file(&format!("{dir}/f"), "text");
        }
    },
    steps: |r| {
        r.put("create/new", O_WRONLY | O_CREAT, "x");
        r.unlink("unlink/f");
        r.rename("rename/f", "rename/g");
        r.link("link/f", "link/g");
        r.chmod("chmod/f", 0o600);
        r.put("write/f", O_WRONLY, "T");
        for dir in ["create", "unlink", "rename", "link", "chmod", "write"] {
            r.stat(dir);
        }
    },
    ..Scenario::DEFAULT
};
