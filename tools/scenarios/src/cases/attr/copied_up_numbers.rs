// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "d_ino is st_ino after copied-up files moved",
    setup: |b| {
        b.file("a/f", "text");
        b.dir("b");
    },
    steps: |r| {
        let check = |r: &mut Run, dir: &str| {
            let fd = sys::open(dir, O_RDONLY | O_DIRECTORY, 0).expect("open");
            let mut wrong = 0;
            for entry in sys::getdents(fd, 32768).unwrap_or_default() {
                let name = String::from_utf8_lossy(&entry.name).into_owned();
                if name != ".." && r.identity(&format!("{dir}/{name}")).1 != entry.ino {
                    wrong += 1;
                }
            }
            let _ = sys::close(fd);
            r.note(format_args!("{wrong} wrong numbers in {dir}"));
        };
        r.chmod("a/f", 0o600);
        check(r, "a");
        r.rename("a/f", "b/g");
        check(r, "b");
        r.link("b/g", "a/h");
        check(r, "a");
        r.mkdir("c");
        r.rename("b/g", "c/i");
        check(r, "c");
        check(r, "b");
    },
    ..Scenario::DEFAULT
};
