// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "extents of lower and upper files are mapped as far as the layers can",
    setup: |b| {
        b.file("f", vec![b'x'; 20_000]);
    },
    steps: |r| {
        let fd = r.open("f", O_RDWR);
        r.write(fd, "T");
        r.fsync(fd);
        let result = sys::fiemap_count(fd.raw()).map(|count| count > 0);
        r.call("FIEMAP of a copied-up file finds extents", result);
    },
    ..Scenario::DEFAULT
};
