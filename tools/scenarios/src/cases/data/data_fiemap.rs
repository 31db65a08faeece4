// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Writes out what waits in memory before it looks.
const SYNC: u32 = 1;

const ONE: &str = "one layer knows FIEMAP, the other does not";

pub const SCENARIO: Scenario = Scenario {
    about: "FIEMAP finds all the data of a lower file and copies nothing; later it finds the copy's",
    setup: |b| {
        b.file("f", vec![b'x'; 20_000]);
        b.file("empty", "");
        b.dir("d");
    },
    steps: |r| {
        fn covered(r: &mut Run<'_>, what: &str, fd: Fd) {
            let result = sys::fiemap(fd.raw(), 0, u64::MAX, SYNC).map(|extents| {
                // One follows the other from the first byte to the last, and the last one says that it is.
                let mut at = 0;
                let dense = extents.iter().all(|(start, length, _)| {
                    let follows = *start == at;
                    at = start + length;
                    follows
                });
                let last = extents.last().is_some_and(|(_, _, flags)| flags & 1 != 0);
                format!("dense {dense}, to the end {}, last {last}", at >= 20_000)
            });
            r.call(format_args!("FIEMAP {what}"), result);
        }
        let old = r.open("f", O_RDONLY);
        covered(r, "below", old);
        let middle = sys::fiemap(old.raw(), 8192, 4096, SYNC).map(|extents| !extents.is_empty());
        r.call("FIEMAP of a part", middle);
        for (start, length, flags) in [(0, 0, 0), (u64::MAX, 1, 0), (0, 4096, 0x8000_0000)] {
            let result = sys::fiemap(old.raw(), start, length, flags).map(|e| e.len());
            r.call(
                format_args!("FIEMAP of {start}, {length}, {flags:#x}"),
                result,
            );
        }
        let empty = r.open("empty", O_RDONLY);
        let result = sys::fiemap(empty.raw(), 0, u64::MAX, SYNC).map(|extents| extents.len());
        r.call("FIEMAP of nothing", result);
        r.put("f", O_WRONLY, "changed");
        covered(r, "from before the copy-up", old);
    },
    layers: Some(|l| l.upper_is(&["f"])),
    not_on: &[
        ("tmpfs-mixed", ONE),
        ("ext4-tmpfs", ONE),
        ("squashfs", ONE),
        ("iso9660", ONE),
        ("read-only-erofs", ONE),
    ],
    ..Scenario::DEFAULT
};
