// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ranges are copied out of and into files that are deleted and still open",
    setup: |b| {
        b.file("a", "aaaaaaaaaa");
        b.file("b", "bbbbbbbbbb");
        b.file("c", "cccccccccc");
    },
    steps: |r| {
        let a = r.open("a", O_RDWR);
        let b = r.open("b", O_RDWR);
        let c = r.open("c", O_RDWR);
        let old = r.open("a", O_RDONLY);
        r.unlink("a");
        r.copy_file_range(b, 0, a, 2, 3);
        r.all_see(&[a, old]);
        r.copy_file_range(old, 0, c, 0, 6);
        r.cat("c");
        r.unlink("b");
        r.copy_file_range(b, 0, a, 8, 5);
        r.copy_file_range(a, 0, b, 5, 5);
        r.all_see(&[a, old, b]);
        r.unlink("c");
        r.copy_file_range(c, 0, c, 10, 10);
        r.all_see(&[c]);
    },
    layers: Some(|l| l.upper_is(&["a", "b", "c"])),
    ..Scenario::DEFAULT
};
