// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "writing nothing changes nothing and copies nothing up",
    setup: |b| {
        b.file("f", "0123456789").mode(0o6755);
        b.file("direct", "0123456789");
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.write(fd, "");
        r.pwrite(fd, "", 0);
        r.pwrite(fd, "", 1 << 40);
        r.pwrite(fd, "", -1);
        r.pwritev2(fd, &[Piece::Nowhere(0)], 0, libc::RWF_DSYNC);
        r.read(fd, 0);
        r.pread(fd, 0, 1 << 40);
        r.pread(fd, 0, -1);
        r.lseek(fd, 0, SEEK_CUR);
        r.copy_range(fd, Some(0), fd, Some(20), 0);
        r.sendfile(fd, fd, 0);
        let append = r.open("f", O_WRONLY | O_APPEND);
        r.write(append, "");
        r.read(append, 0);
        let reader = r.open("f", O_RDONLY);
        r.write(reader, "");
        let direct = r.open("direct", O_RDWR | O_DIRECT);
        r.write(direct, "");
        r.read(direct, 0);
        r.stat("f");
    },
    layers: Some(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    }),
    not_on: shape::NO_DIRECT,
    ..Scenario::DEFAULT
};
