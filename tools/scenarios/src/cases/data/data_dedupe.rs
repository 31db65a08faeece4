// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "FIDEDUPERANGE shares what is equal in files of the upper layer, and changes nothing",
    setup: |b| {
        let mut data = vec![b'x'; 16_384];
        b.upper().file("one", &data).mtime(1_000_000_001, 1);
        b.upper().file("same", &data);
        data[10_000] = b'y';
        b.anywhere().file("copied", &data);
    },
    steps: |r| {
        r.chmod("copied", 0o600);
        let one = r.open("one", O_RDONLY);
        let same = r.open("same", O_RDWR);
        let copied = r.open("copied", O_RDWR);
        let new = r.open("new", O_RDWR | O_CREAT);
        if !r.clone_range(one, 0, 0, new, 0) {
            // Where no blocks can be shared it matters little which error is found first.
            return;
        }
        r.dedupe_range(one, 0, 16_384, same, 0);
        r.dedupe_range(one, 0, 8192, copied, 0);
        r.dedupe_range(one, 8192, 8192, copied, 8192);
        r.dedupe_range(one, 0, 4096, one, 8192);
        r.dedupe_range(one, 0, 8192, one, 4096);
        r.dedupe_range(one, 0, 100, same, 0);
        r.dedupe_range(one, 100, 4096, same, 0);
        r.dedupe_range(one, 16_384, 4096, same, 0);
        r.dedupe_range(one, 0, 4096, same, 16_384);
        let write_only = r.open("one", O_WRONLY);
        r.dedupe_range(write_only, 0, 4096, same, 0);
        r.stat("one");
        r.stat("same");
        r.all_see(&[one, same, copied]);
    },
    ..Scenario::DEFAULT
};
