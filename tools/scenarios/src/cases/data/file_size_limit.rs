// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a limit on the size of files hinders writes beyond it, not copy-up",
    setup: |b| {
        b.file("big", vec![b'x'; 200_000]);
        b.file("small", "text");
        b.sparse("ends-in-a-hole", 300_000, &[(0, &[b'x'; 4096])]);
    },
    steps: |r| {
        r.done("limit", sys::limit_file_size(10_000));
        r.chmod("big", 0o600);
        r.stat("big");
        r.chmod("ends-in-a-hole", 0o600);
        r.stat("ends-in-a-hole");
        r.put("small", O_WRONLY, "T");
        r.put("new", O_WRONLY | O_CREAT, vec![b'y'; 20_000]);
        r.truncate("small", 20_000);
        r.put("big", O_WRONLY, "T");
        r.stat("big");
    },
    ..Scenario::DEFAULT
};
