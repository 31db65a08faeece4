// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the link count of a lower file grows and shrinks with its new names, as descriptors \
        see it too",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        for number in 0..200 {
            let name = format!("d/{number}");
            sys::link("f", &name, 0).expect("a link");
        }
        r.fstat(fd);
        r.unlink("f");
        r.stat("d/0");
        for number in (1..200).rev() {
            let name = format!("d/{number}");
            if number % 2 == 0 {
                sys::unlink(&name).expect("an unlink");
            } else {
                // Two names of one file: both stay.
                sys::rename("d/0", &name, 0).expect("nothing to do");
            }
        }
        r.fstat(fd);
        r.put("f", O_WRONLY | O_CREAT | O_EXCL, "another");
        r.rename("f", "d/1");
        r.fstat(fd);
        for name in r.names("d") {
            r.unlink(&format!("d/{name}"));
        }
        r.fstat(fd);
        r.pread(fd, 10, 0);
    },
    layers: Some(|l| l.upper_is(&["d", "f"])),
    ..Scenario::DEFAULT
};
