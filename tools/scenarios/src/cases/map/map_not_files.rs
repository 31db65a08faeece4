// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "directories and FIFOs cannot be mapped, devices say themselves what their mappings are",
    setup: |b| {
        b.dir("lower");
        b.lower(0).file("merged/a", "a");
        b.lower(1).file("merged/b", "b");
        b.anywhere();
        b.fifo("fifo");
        b.char_device("null", 1, 3).mode(0o666);
        b.char_device("zero", 1, 5).mode(0o666);
        b.upper().dir("upper");
    },
    steps: |r| {
        for name in ["lower", "merged", "upper"] {
            let fd = r.open(name, O_RDONLY | O_DIRECTORY);
            r.map(fd, PAGE, PROT_READ, MAP_PRIVATE);
            r.map(fd, PAGE, PROT_READ, MAP_SHARED);
        }
        let fd = r.open("fifo", O_RDWR | libc::O_NONBLOCK);
        r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        let fd = r.open("null", O_RDWR);
        r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        let fd = r.open("zero", O_RDWR);
        let zero = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.store(zero, 9, "shared");
        let own = r.map(fd, PAGE, PROT_RW, MAP_PRIVATE);
        r.in_child(|r| {
            r.look(zero, 9, 6);
            r.look(own, 9, 6);
        });
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    ..Scenario::DEFAULT
};
