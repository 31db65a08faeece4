// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is executed next is what was written, renamed or linked into place last",
    setup: |b| {
        b.file("prog", elf::exits_with(1)).mode(0o755);
        b.file("next", elf::exits_with(2)).mode(0o755);
        b.file("cut", elf::exits_with(1)).mode(0o755);
        b.file("big", [elf::exits_with(7), vec![0; 1 << 20]].concat())
            .mode(0o755);
    },
    steps: |r| {
        r.exec("./prog", &[]);
        r.put("prog", O_WRONLY, elf::exits_with(3));
        r.exec("./prog", &[]);
        r.rename("next", "prog");
        r.exec("./prog", &[]);
        let fd = r.open_mode(".", O_RDWR | O_TMPFILE, 0o755);
        r.write(fd, elf::exits_with(4));
        r.link_fd(fd, "linked");
        r.exec("./linked", &[]);
        r.close(fd);
        r.exec("./linked", &[]);
        r.unlink("prog");
        r.symlink("linked", "prog");
        r.exec("./prog", &[]);
        r.truncate("cut", 100);
        r.exec("./cut", &[]);
        let fd = r.open("big", O_RDWR);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        let (old, new) = (elf::exits_with(7), elf::exits_with(8));
        for at in 0..old.len() {
            if old[at] != new[at] {
                map.store(at, &new[at..=at]);
            }
        }
        r.done("munmap", map.unmap());
        r.close(fd);
        r.exec("./big", &[]);
    },
    ..Scenario::DEFAULT
};
