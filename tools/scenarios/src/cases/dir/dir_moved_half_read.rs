// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory that is moved while it is read, or whose parent is, is listed to its end, \
        and .. is where it has come to",
    setup: |b| {
        b.lower(0).dir("target");
        b.upper().dir("up/per/d");
        for number in 0..20 {
            b.file(&format!("up/per/d/{number:02}"), "x");
        }
        b.dir("target");
        b.file("other", "x");
    },
    steps: |r| {
        let fd = r.open("up/per/d", O_RDONLY | O_DIRECTORY);
        r.hold();
        for (old, new, own, parent) in [
            ("up/per", "up/moved", "up/moved/d", "up/moved"),
            ("up", "target/up", "target/up/moved/d", "target/up/moved"),
            ("target/up/moved/d", "target/d", "target/d", "target"),
            ("target/d", "d", "d", "."),
        ] {
            r.lseek(fd, 0, SEEK_SET);
            let mut all = piece(fd, 100);
            r.rename(old, new);
            all.extend(pieces(fd, 100));
            r.note(format_args!("{:?}", shown(&all)));
            r.again(fd);
            r.dots(fd, own, parent);
        }
        r.mkdir("aside");
        let aside = r.open("aside", O_RDONLY | O_DIRECTORY);
        r.rename2("aside", "d", RENAME_EXCHANGE);
        r.again(fd);
        r.again(aside);
        r.dots(fd, "aside", ".");
        r.dots(aside, "d", ".");
    },
    layers: Some(|l| {
        l.in_upper("aside/00")?;
        l.absent("up")
    }),
    ..Scenario::DEFAULT
};
