// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is written or copied up takes from the free blocks, and what is deleted gives back",
    setup: |b| {
        b.file("low", vec![b'x'; 3 << 20]);
        b.upper().file("top", "text");
    },
    steps: |r| {
        let free = |r: &mut Run| {
            let fd = r.open(".", O_RDONLY);
            r.syncfs(fd);
            r.close(fd);
            sys::statfs(".").map_or(0, |stat| stat.f_bfree as i64 * stat.f_bsize)
        };
        let before = free(r);
        r.put("top", O_WRONLY | O_TRUNC, vec![b'y'; 4 << 20]);
        let written = free(r);
        r.expect(
            "4 MiB are taken",
            before - written >= 4 << 20 && before - written < 6 << 20,
        );
        r.put("low", O_WRONLY | O_APPEND, vec![b'z'; 1 << 20]);
        let copied = free(r);
        r.expect(
            "1 MiB more at least",
            written - copied >= 1 << 20 && written - copied < 6 << 20,
        );
        r.truncate("top", 0);
        r.unlink("low");
        let deleted = free(r);
        r.expect("they are free again", deleted - copied >= 4 << 20);
    },
    layers: Some(|l| l.whiteout("low")),
    not_on: &[
        ("rotate", "what is deleted of a lower layer stays there"),
        (
            "rotate-ext4",
            "what is deleted of a lower layer stays there",
        ),
    ],
    ..Scenario::DEFAULT
};
