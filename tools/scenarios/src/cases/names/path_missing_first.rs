// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a name that was looked up in vain is found once it is there, and in vain again once it is gone",
    setup: |b| {
        b.dir("d");
        b.lower(1).file("d/hidden", "x");
        b.lower(0).whiteout("d/hidden");
        b.anywhere().file("d/deleted", "x");
        b.file("f", "text");
    },
    steps: |r| {
        r.unlink("d/deleted");
        for name in ["d/hidden", "d/deleted", "d/never"] {
            let missing = |r: &mut Run| {
                r.stat(name);
                r.stat(&format!("{name}/x"));
            };
            missing(r);
            r.put(name, O_WRONLY | O_CREAT, "made");
            r.stat(name);
            r.unlink(name);
            missing(r);
            r.mkdir(name);
            r.put(&format!("{name}/x"), O_WRONLY | O_CREAT, "x");
            r.stat(&format!("{name}/x"));
            r.unlink(&format!("{name}/x"));
            r.rmdir(name);
            missing(r);
            r.link("f", name);
            r.cat(name);
            r.rename(name, "moved");
            missing(r);
            r.rename("moved", name);
            r.cat(name);
            r.unlink(name);
            missing(r);
            r.symlink("../f", name);
            r.cat(name);
            r.unlink(name);
        }
        r.ls("d");
    },
    layers: Some(|l| {
        // Nothing shows beneath it.
        l.absent("d/hidden")?;
        l.whiteout("d/deleted")?;
        l.absent("d/never")
    }),
    ..Scenario::DEFAULT
};
