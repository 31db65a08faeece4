// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "leases are of regular files that nobody has open in the other way, and copy nothing",
    setup: |b| {
        b.file("f", "text");
        b.dir("d");
        b.fifo("p");
        b.upper().file("upper", "text");
    },
    steps: |r| {
        for (name, flags) in [
            ("d", O_RDONLY),
            ("p", O_RDWR | libc::O_NONBLOCK),
            ("f", O_WRONLY),
            ("f", O_RDWR),
            ("f", O_RDONLY | O_PATH),
        ] {
            let fd = r.open(name, flags);
            for kind in [F_RDLCK, F_WRLCK, F_UNLCK, 77] {
                r.set_lease(fd, kind);
            }
            r.close(fd);
        }
        for name in ["f", "upper"] {
            let reader = r.open(name, O_RDONLY);
            let second = r.open(name, O_RDONLY);
            r.set_lease(reader, F_WRLCK);
            r.set_lease(reader, F_RDLCK);
            r.set_lease(second, F_RDLCK);
            r.close(second);
            r.set_lease(reader, F_WRLCK);
            r.get_lease(reader);
            r.close(reader);
        }
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    ..Scenario::DEFAULT
};
