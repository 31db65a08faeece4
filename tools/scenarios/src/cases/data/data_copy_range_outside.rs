// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "between the tree and a file outside copy_file_range says EXDEV and sendfile copies",
    setup: |b| {
        b.file("lower", "0123456789");
        b.upper().file("upper", "0123456789");
    },
    steps: |r| {
        let outside = r.memfd();
        r.write(outside, "outside");
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR);
            r.copy_range(fd, Some(0), outside, Some(7), 5);
            r.copy_range(outside, Some(0), fd, Some(0), 5);
            r.clone_range(outside, 0, 0, fd, 0);
            r.clone_range(fd, 0, 0, outside, 0);
            r.cat(path);
            r.sendfile(outside, fd, 5);
            r.sendfile_at(fd, outside, 0, 3);
            r.pread(outside, 40, 0);
            r.pread(fd, 40, 0);
        }
    },
    ..Scenario::DEFAULT
};
