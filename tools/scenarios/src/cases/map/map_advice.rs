// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "advice on memory is taken for files of every layer; MADV_DONTNEED shows the file again",
    setup: |b| {
        b.file("lower", vec![b'.'; 4 * PAGE]);
        b.file("reader", vec![b'.'; 4 * PAGE]);
        b.upper().file("upper", vec![b'.'; 4 * PAGE]);
    },
    steps: |r| {
        for (name, open, protection, flags) in [
            ("reader", O_RDONLY, PROT_READ, MAP_SHARED),
            ("reader", O_RDONLY, PROT_RW, MAP_PRIVATE),
            ("lower", O_RDWR, PROT_RW, MAP_SHARED),
            ("upper", O_RDWR, PROT_RW, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            let map = r.map(fd, 4 * PAGE, protection, flags);
            for advice in [
                libc::MADV_SEQUENTIAL,
                libc::MADV_RANDOM,
                libc::MADV_NORMAL,
                libc::MADV_WILLNEED,
                libc::MADV_POPULATE_READ,
                libc::MADV_POPULATE_WRITE,
                libc::MADV_COLD,
                libc::MADV_FREE,
                libc::MADV_DONTFORK,
                libc::MADV_HUGEPAGE,
                libc::MADV_NOHUGEPAGE,
                1000,
            ] {
                r.done(format_args!("madvise({advice})"), map.advise(advice));
            }
            if protection == PROT_RW {
                r.store(map, 10, "stored");
            }
            r.look(map, 10, 6);
            r.done("MADV_DONTNEED", map.advise(libc::MADV_DONTNEED));
            r.look(map, 10, 6);
            r.pread(fd, 6, 10);
        }
    },
    layers: Some(|l| l.upper_is(&["lower", "upper"])),
    ..Scenario::DEFAULT
};
