// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "direct I/O is told of as the upper layer's file system tells it, and works where it is",
    setup: |b| {
        b.file("low", vec![b'x'; 8192]);
        b.upper().file("top", vec![b'x'; 8192]);
        b.dir("dir");
    },
    steps: |r| {
        r.chmod("low", 0o600);
        for name in ["low", "top", "dir"] {
            let Ok(stat) = sys::statx(sys::HERE, name, 0, libc::STATX_DIOALIGN) else {
                continue;
            };
            let told = stat.stx_mask & libc::STATX_DIOALIGN != 0;
            let (memory, offset) = (stat.stx_dio_mem_align, stat.stx_dio_offset_align);
            if name == "low" {
                // A copy that shares its blocks with the lower file has an alignment of its own.
                r.expect("of the copy", told && (memory == 0) == (offset == 0));
            } else {
                r.note(format_args!(
                    "{name}: told {told}, memory {memory}, offset {offset}"
                ));
            }
        }
        for name in ["low", "top"] {
            let fd = r.open(name, O_RDWR | O_DIRECT);
            // Only what goes through the page cache after all takes any place.
            let result = sys::read(fd.raw(), 4096, Some(1));
            r.call("a read at an odd place", result.map(|data| data.len()));
        }
    },
    not_on: &[(
        "read-only-erofs",
        "a file that cannot be copied up is on another file system",
    )],
    ..Scenario::DEFAULT
};
