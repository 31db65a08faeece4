// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "lseek refuses what is no place in the file, and stays where it was",
    setup: |b| {
        b.file("lower", "0123456789");
        b.fifo("fifo");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        for (path, flags) in [
            ("lower", O_RDONLY),
            ("upper", O_RDONLY),
            ("lower", O_PATH),
            ("fifo", O_RDWR),
        ] {
            let fd = r.open(path, flags);
            r.lseek(fd, 4, SEEK_SET);
            for (offset, whence) in [
                (-1, SEEK_SET),
                (-5, SEEK_CUR),
                (-11, SEEK_END),
                (0, 5),
                (0, -1),
                (i64::MAX, SEEK_CUR),
                (i64::MIN, SEEK_END),
                (i64::MAX, SEEK_END),
                (-1, SEEK_DATA),
                (-1, SEEK_HOLE),
                (10, SEEK_DATA),
                (10, SEEK_HOLE),
                (i64::MAX, SEEK_HOLE),
                (0, SEEK_CUR),
                (9, SEEK_DATA),
                (9, SEEK_HOLE),
                (-10, SEEK_END),
                (100, SEEK_CUR),
            ] {
                r.lseek(fd, offset, whence);
            }
            // A FIFO has nothing to read, for ever.
            if path != "fifo" {
                r.read(fd, 5);
            }
            r.close(fd);
        }
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    not_on: &[(
        "top:btrfs",
        "btrfs takes offsets before the file for its beginning",
    )],
    ..Scenario::DEFAULT
};
