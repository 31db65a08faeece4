// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "SEEK_DATA and SEEK_HOLE on a lower file copy nothing",
    setup: |b| {
        b.sparse(
            "f",
            1 << 20,
            &[(0, &[b'a'; 4096]), (1 << 19, &[b'b'; 4096])],
        );
    },
    steps: |r| {
        let fd = r.open("f", O_RDONLY);
        r.lseek(fd, 0, SEEK_HOLE);
        r.lseek(fd, 4096, SEEK_DATA);
        r.lseek(fd, 1 << 19, SEEK_HOLE);
        r.lseek(fd, 1 << 20, SEEK_DATA);
        r.lseek(fd, -1, SEEK_SET);
        r.lseek(fd, 10, SEEK_END);
        r.lseek(fd, 10, SEEK_SET);
        r.read(fd, 5);
        r.lseek(fd, 0, SEEK_CUR);
        r.close(fd);
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
