// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an opaque directory at each level of five layers hides what is beneath it and merges \
        with what is above",
    setup: |b| {
        for level in (0..4).rev() {
            b.lower(level);
            for opaque in 0..5 {
                let dir = format!("d{opaque}");
                if level == opaque {
                    b.opaque(&dir);
                }
                b.file(&format!("{dir}/level{level}"), "x");
                b.file(&format!("{dir}/all"), format!("{level}"));
                b.file(&format!("{dir}/sub/level{level}"), "x");
            }
        }
        b.upper().opaque("d4");
        b.file("d4/top", "x");
    },
    steps: |r| {
        for opaque in 0..5 {
            let dir = format!("d{opaque}");
            r.see(&dir);
            r.ls(&format!("{dir}/sub"));
            r.cat(&format!("{dir}/all"));
            for level in 0..4 {
                r.lstat(&format!("{dir}/level{level}"));
            }
            // What is hidden can be made anew.
            r.mkdir(&format!("{dir}/level3"));
            r.see(&format!("{dir}/level3"));
            r.unlink(&format!("{dir}/level0"));
            r.put(&format!("{dir}/all"), O_WRONLY | O_CREAT, "new");
        }
        r.rename("d4/all", "d3/all");
        r.remove_tree("d2", Vec::pop);
        r.ls(".");
    },
    layers: Some(|l| {
        l.opaque("d4")?;
        l.not_opaque("d0")?;
        l.absent("d4/level0")?;
        l.whiteout("d1/level0")?;
        l.not_opaque("d0/level3")?;
        l.whiteout("d2")
    }),
    ..Scenario::DEFAULT
};
