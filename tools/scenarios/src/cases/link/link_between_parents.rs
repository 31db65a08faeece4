// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "links lead from and to lower, merged, opaque and new directories, and every name can \
        be deleted by itself",
    setup: |b| {
        for dir in ["lower", "merged", "opaque"] {
            b.lower(0).file(&format!("{dir}/f"), "below");
            for to in ["lower", "merged", "opaque", "new"] {
                b.file(&format!("{dir}/{to}"), "gone");
            }
        }
        b.upper().opaque("opaque");
        b.file("opaque/f", "above");
        b.file("merged/g", "above");
    },
    steps: |r| {
        const DIRS: [&str; 4] = ["lower", "merged", "opaque", "new"];
        r.mkdir("new");
        r.put("new/f", O_WRONLY | O_CREAT, "new");
        for from in DIRS {
            for to in DIRS {
                let (old, new) = (format!("{from}/f"), format!("{to}/{from}"));
                let _ = sys::unlink(&new);
                r.link(&old, &new);
                r.see(&new);
                r.listed_number(to, from);
            }
        }
        for dir in DIRS {
            r.unlink(&format!("{dir}/f"));
            r.unlink(&format!("{dir}/lower"));
            r.ls(dir);
            r.lstat(&format!("{dir}/merged"));
        }
    },
    layers: Some(|l| {
        l.whiteout("lower/f")?;
        l.whiteout("merged/lower")?;
        l.absent("opaque/lower")?;
        l.absent("new/f")
    }),
    ..Scenario::DEFAULT
};
