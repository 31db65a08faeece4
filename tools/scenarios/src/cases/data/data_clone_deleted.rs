// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "FICLONE of and into files that are deleted and still open",
    setup: |b| {
        b.file("a", vec![b'a'; 8192]);
        b.file("b", vec![b'b'; 8192]);
    },
    steps: |r| {
        let a = r.open("a", O_RDWR);
        let b = r.open("b", O_RDWR);
        let old = r.open("b", O_RDONLY);
        r.unlink("a");
        r.clone_range(a, 0, 4096, b, 4096);
        r.all_see(&[b, old]);
        r.unlink("b");
        r.clone_range(a, 0, 4096, b, 0);
        r.clone_range(b, 0, 0, a, 0);
        r.all_see(&[a, b, old]);
    },
    layers: Some(|l| l.upper_is(&["a", "b"])),
    not_on: shape::SHARES_NO_BLOCKS,
    ..Scenario::DEFAULT
};
