// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "FICLONERANGE clones whole blocks, and refuses the rest, as the upper layer's file system does",
    setup: |b| {
        let data: Vec<u8> = (0..20_000).map(|n| b'a' + (n / 4096) as u8).collect();
        b.file("from", &data);
        b.upper().file("upper", &data);
        b.upper().file("to", vec![b'.'; 16_384]);
        b.upper().dir("d");
    },
    steps: |r| {
        let to = r.open("to", O_RDWR);
        let upper = r.open("upper", O_RDONLY);
        if !r.clone_range(upper, 0, 4096, to, 0) {
            // Where nothing can be cloned it matters little which mistake is found first.
            return;
        }
        for path in ["upper", "from"] {
            let from = r.open(path, O_RDONLY);
            for (at, length, to_at) in [
                (4096, 4096, 8192),
                (0, 100, 0),
                (100, 4096, 0),
                (0, 4096, 100),
                (16_384, 0, 20_480),
                (16_384, 8192, 0),
                (65_536, 4096, 0),
                (0, 4096, i64::MAX as u64),
            ] {
                r.clone_range(from, at, length, to, to_at);
                r.all_see(&[to]);
            }
            r.close(from);
        }
        // Within one file.
        r.clone_range(to, 0, 4096, to, 8192);
        r.clone_range(to, 0, 8192, to, 4096);
        for (path, flags) in [
            ("upper", O_RDONLY),
            ("upper", O_WRONLY | O_APPEND),
            ("upper", O_PATH),
            ("d", O_RDONLY),
        ] {
            let other = r.open(path, flags);
            r.clone_range(to, 0, 4096, other, 0);
            r.close(other);
        }
        r.all_see(&[to]);
    },
    layers: Some(|l| l.absent("from")),
    not_on: shape::SHARES_NO_BLOCKS,
    ..Scenario::DEFAULT
};
