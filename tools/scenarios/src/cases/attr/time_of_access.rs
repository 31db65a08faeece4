// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every way to read a file of the upper layer moves its access time, and looking does not",
    setup: |b| {
        b.upper().file("f", "#!/none\n");
        b.file("to", "");
        b.symlink("l", "f");
        b.dir("d");
    },
    steps: |r| {
        let ways: [fn(&mut Run); 11] = [
            |r| {
                r.cat("f");
            },
            |r| {
                r.cat("l");
            },
            |r| {
                let fd = r.open("f", O_RDONLY);
                r.pread(fd, 1, 3);
                r.close(fd);
            },
            |r| {
                let fd = r.open("f", O_RDONLY);
                let map = r.mmap(fd, 4, PROT_READ, MAP_PRIVATE);
                r.mapped("the mapping", &map);
            },
            |r| {
                let (from, to) = (r.open("f", O_RDONLY), r.open("to", O_WRONLY));
                r.sendfile(to, from, 4);
            },
            |r| {
                let (from, to) = (r.open("f", O_RDONLY), r.open("to", O_WRONLY));
                r.splice(from, to, 4);
            },
            |r| {
                r.access("f", R_OK);
                r.stat("l");
                r.listxattr("f");
            },
            |r| r.readlink("l"),
            |r| r.ls("d"),
            |r| {
                let fd = r.open("f", O_RDONLY);
                r.lseek(fd, 0, SEEK_DATA);
            },
            |r| {
                let fd = r.open("f", O_PATH);
                r.fstat(fd);
            },
        ];
        for way in ways {
            for name in ["f", "l", "d", "to"] {
                r.utimens(name, (1_000_000_000, 5));
            }
            r.touched(&["f", "l", "d"], way);
        }
    },
    not_on: shape::READS_AT_TOP,
    ..Scenario::DEFAULT
};
