// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "open file description locks on ranges of a lower file",
    setup: |b| {
        b.file("f", vec![b'.'; 100]);
    },
    steps: |r| {
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR);
        r.ofd_lock(one, F_WRLCK, 0, 10);
        r.ofd_lock(two, F_RDLCK, 5, 1);
        r.ofd_lock(two, F_WRLCK, 10, 10);
        r.ofd_lock(one, F_UNLCK, 0, 0);
        r.ofd_lock(two, F_WRLCK, 0, 10);
        r.ofd_lock(one, F_RDLCK, 0, 1);
        r.close(two);
        r.ofd_lock(one, F_RDLCK, 0, 1);
    },
    ..Scenario::DEFAULT
};
