// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "with O_APPEND all writes go to the end of the moment, whatever offset they name",
    setup: |b| {
        b.file("f", "begin");
    },
    steps: |r| {
        let one = r.open("f", O_RDWR | O_APPEND);
        let two = r.open("f", O_RDWR | O_APPEND);
        let plain = r.open("f", O_RDWR);
        r.pwrite(one, "1", 0);
        r.lseek(one, 0, SEEK_CUR);
        r.pwrite(two, "2", 2);
        r.write(one, "3");
        r.lseek(one, 0, SEEK_CUR);
        r.pwrite(plain, "4", 20);
        r.in_child(|r| r.write(two, "5"));
        r.pwritev2(one, &[Piece::Data(b"6"), Piece::Data(b"7")], 0, 0);
        r.ftruncate(plain, 3);
        r.write(one, "8");
        r.write(two, "9");
        r.read(two, 10);
        r.all_see(&[one, two, plain]);
    },
    ..Scenario::DEFAULT
};
