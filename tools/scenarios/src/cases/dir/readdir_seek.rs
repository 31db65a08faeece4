// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "positions of an open directory can be returned to",
    setup: |b| {
        for n in 0..50 {
            b.file(&format!("d/{n:02}"), "");
        }
    },
    steps: |r| {
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.unlink("d/07");
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let some = |fd: Fd| sys::getdents(fd.raw(), 256).unwrap_or_default();
        let first = some(fd);
        let position = sys::lseek(fd.raw(), 0, SEEK_CUR);
        let second = some(fd);
        let third = some(fd);
        r.expect("there is more than one buffer", !third.is_empty());
        let back = position.and_then(|position| sys::lseek(fd.raw(), position, SEEK_SET));
        r.expect("seeking back works", back.is_ok());
        r.expect("the same names come again", some(fd) == second);
        let middle = second.first().map_or(0, |entry| entry.next);
        r.expect(
            "seeking to d_off works",
            sys::lseek(fd.raw(), middle, SEEK_SET).is_ok(),
        );
        r.expect("the next name follows", some(fd).first() == second.get(1));
        r.lseek(fd, 0, SEEK_SET);
        r.expect("rewinding starts again", some(fd) == first);
    },
    ..Scenario::DEFAULT
};
