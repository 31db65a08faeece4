// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "files move between lower, merged, opaque, new and renamed directories, and whiteouts \
        are left only where needed",
    setup: |b| {
        for to in ["lower", "merged", "opaque", "new", "again"] {
            for from in ["lower", "merged", "opaque", "again"] {
                b.lower(0).file(&format!("{from}/{to}"), "below");
            }
            b.upper().opaque("opaque");
            b.file(&format!("opaque/{to}"), "above");
            b.file(&format!("merged/{to}-top"), "above");
        }
    },
    steps: |r| {
        const DIRS: [&str; 5] = ["lower", "merged", "opaque", "new", "again"];
        r.remove_tree("again", Vec::pop);
        r.mkdir("elsewhere");
        r.rename("elsewhere", "again");
        r.mkdir("new");
        for to in DIRS {
            r.put(&format!("new/{to}"), O_WRONLY | O_CREAT, "new");
            r.put(&format!("again/{to}"), O_WRONLY | O_CREAT, "again");
        }
        for from in DIRS {
            for to in DIRS {
                r.rename(&format!("{from}/{to}"), &format!("{to}/{from}-moved"));
                r.see(&format!("{to}/{from}-moved"));
                r.lstat(&format!("{from}/{to}"));
            }
        }
        for dir in DIRS {
            r.ls(dir);
        }
    },
    layers: Some(|l| {
        for to in ["lower", "merged", "opaque", "new", "again"] {
            l.whiteout(&format!("lower/{to}"))?;
            l.whiteout(&format!("merged/{to}"))?;
            l.absent(&format!("opaque/{to}"))?;
            l.absent(&format!("new/{to}"))?;
            l.absent(&format!("again/{to}"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
