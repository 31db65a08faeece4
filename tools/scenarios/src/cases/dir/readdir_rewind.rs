// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a rewound directory shows what has changed",
    setup: |b| {
        b.file("d/a", "a");
        b.file("d/b", "b");
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let names = |fd: Fd| {
            let mut names = Vec::new();
            while let Ok(more) = sys::getdents(fd.raw(), 4096) {
                if more.is_empty() {
                    break;
                }
                names.extend(
                    more.into_iter()
                        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned()),
                );
            }
            names.sort();
            names
        };
        r.note(format_args!("{:?}", names(fd)));
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.unlink("d/a");
        r.lseek(fd, 0, SEEK_SET);
        r.note(format_args!("{:?}", names(fd)));
        r.rename("d/b", "d/c");
        r.lseek(fd, 0, SEEK_SET);
        r.note(format_args!("{:?}", names(fd)));
    },
    ..Scenario::DEFAULT
};
