// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names that look like those of the union's own work are ordinary names",
    setup: |b| {
        b.file("#00000001", "lower");
        b.file("work/incompat/volatile/f", "lower");
        b.file(".wh.f", "lower");
        b.dir("index");
    },
    steps: |r| {
        for number in 0..6 {
            let name = format!("#{number:08x}");
            r.put(&name, O_WRONLY | O_CREAT, &name);
            r.unlink(&name);
            r.mkdir(&name);
            r.see(&name);
        }
        r.unlink("work/incompat/volatile/f");
        r.rmdir("work/incompat/volatile");
        r.put("work/incompat/volatile", O_WRONLY | O_CREAT, "x");
        r.put(".wh.f", O_WRONLY, "L");
        r.put("f", O_WRONLY | O_CREAT | O_EXCL, "f");
        r.unlink(".wh.f");
        r.put("index/f", O_WRONLY | O_CREAT, "f");
        r.rename("#00000003", "index/#00000001");
        r.ls(".");
        r.ls("index");
    },
    layers: Some(|l| {
        l.opaque("#00000001")?;
        l.not_opaque("#00000002")?;
        l.whiteout(".wh.f")
    }),
    not_on: shape::NO_SUCH_NAMES,
    ..Scenario::DEFAULT
};
