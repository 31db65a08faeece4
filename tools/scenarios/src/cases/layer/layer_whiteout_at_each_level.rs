// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a whiteout at one level and a file or directory at another: the topmost of the two \
        decides",
    setup: |b| {
        for level in (0..4).rev() {
            b.lower(level);
            for whiteout in 0..4 {
                for object in (0..4).filter(|object| *object != whiteout) {
                    let name = format!("w{whiteout}o{object}");
                    if level == whiteout {
                        b.whiteout(&name);
                        b.whiteout(&format!("{name}.d"));
                    } else if level == object {
                        b.file(&name, &name);
                        b.file(&format!("{name}.d/f"), &name);
                    }
                }
            }
        }
    },
    steps: |r| {
        r.ls(".");
        for whiteout in 0..4 {
            for object in (0..4).filter(|object| *object != whiteout) {
                let name = format!("w{whiteout}o{object}");
                r.see(&name);
                r.see(&format!("{name}.d"));
                r.mkdir(&format!("{name}.d"));
                r.unlink(&name);
                r.put(&name, O_WRONLY | O_CREAT | O_EXCL, "new");
                r.unlink(&name);
            }
        }
        r.ls(".");
    },
    layers: Some(|l| {
        // Hidden below already: nothing more is needed. Visible: a whiteout.
        l.absent("w0o1")?;
        l.whiteout("w1o0")?;
        l.in_upper("w0o3.d")?;
        l.absent("w3o2.d")
    }),
    ..Scenario::DEFAULT
};
