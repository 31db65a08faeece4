// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mprotect allows later what mmap would have allowed: stores into a mapping once made for reading",
    setup: |b| {
        for name in ["reader", "private", "both"] {
            b.file(name, vec![b'.'; 2 * PAGE]);
        }
    },
    steps: |r| {
        let fd = r.open("reader", O_RDONLY);
        let map = r.map(fd, 2 * PAGE, PROT_READ, MAP_SHARED);
        r.done("mprotect of a reader's", map.protect(PROT_RW));
        r.poke(map, 0, b'x');
        r.done("mprotect to nothing", map.protect(PROT_NONE));
        r.peek(map, 0);
        r.done("mprotect back", map.protect(PROT_READ));
        r.peek(map, 0);

        let fd = r.open("private", O_RDONLY);
        let map = r.map(fd, 2 * PAGE, PROT_READ, MAP_PRIVATE);
        r.done("mprotect of a private one", map.protect(PROT_RW));
        r.store(map, 0, "private");
        r.pread(fd, 7, 0);

        let fd = r.open("both", O_RDWR);
        let map = r.map(fd, 2 * PAGE, PROT_READ, MAP_SHARED);
        r.close(fd);
        r.poke(map, 0, b'x');
        let second = map.part(PAGE, PAGE);
        r.done("mprotect of the second page", second.protect(PROT_RW));
        r.poke(map, 0, b'x');
        r.store(second, 0, "stored");
        r.cat("both");
    },
    layers: Some(|l| l.upper_is(&["both"])),
    ..Scenario::DEFAULT
};
