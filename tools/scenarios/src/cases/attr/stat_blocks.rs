// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "blocks and block size are plausible, and go with the data at copy-up and truncation",
    setup: |b| {
        b.file("full", vec![b'x'; 300_000]);
        b.file("empty", "");
        b.upper().file("top", vec![b'x'; 300_000]);
    },
    steps: |r| {
        let look = |r: &mut Run, name: &str| {
            let stat = sys::stat(name, 0).expect("it is there");
            let bytes = stat.st_blocks * 512;
            r.expect(
                format_args!("room for the data of {name}"),
                // Space set aside for growth is the file system's own matter.
                bytes >= stat.st_size && bytes <= stat.st_size + (1 << 20),
            );
            let block = stat.st_blksize;
            r.expect(
                format_args!("block size of {name}"),
                (512..=(64 << 20)).contains(&block) && block & (block - 1) == 0,
            );
        };
        for name in ["full", "empty", "top"] {
            look(r, name);
            r.put(name, O_WRONLY | O_APPEND, vec![b'y'; 100_000]);
            look(r, name);
            r.truncate(name, 5000);
            look(r, name);
            r.truncate(name, 0);
            look(r, name);
        }
        // Far beyond the end: a hole takes no room.
        r.put("sparse", O_WRONLY | O_CREAT, "begin");
        r.truncate("sparse", 1 << 30);
        let stat = sys::stat("sparse", 0).expect("it is there");
        r.expect("holes take no room", stat.st_blocks * 512 < 1 << 20);
    },
    ..Scenario::DEFAULT
};
