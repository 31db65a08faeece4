// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory removed or replaced while it is read has no more entries, wherever one \
        seeks, and is not the one of its name made later",
    setup: |b| {
        every_dir(b, 9);
        b.upper().file("new/inside", "x");
    },
    steps: |r| {
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let begun = pieces(fd, 24);
            r.lseek(fd, 0, SEEK_SET);
            r.getdents(fd, 24);
            for name in r.names(dir) {
                r.unlink(&format!("{dir}/{name}"));
            }
            if dir == "upper" {
                r.rename("new", dir);
            } else {
                r.rmdir(dir);
            }
            r.getdents(fd, 4096);
            let _ = sys::lseek(fd.raw(), begun[4].next, SEEK_SET);
            r.getdents(fd, 4096);
            r.again(fd);
            if dir != "upper" {
                r.mkdir(dir);
            }
            r.put(&format!("{dir}/00"), O_WRONLY | O_CREAT, "again");
            r.rest(fd);
            r.again(fd);
            r.ls(dir);
        }
    },
    layers: Some(|l| {
        l.opaque("lower")?;
        l.opaque("merged")?;
        l.absent("new")
    }),
    ..Scenario::DEFAULT
};
