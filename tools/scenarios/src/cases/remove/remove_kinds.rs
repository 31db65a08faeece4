// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every kind of object of every layer goes by the call that is right for it, and by no \
        other",
    setup: |b| {
        for what in What::ALL {
            for dir in ["lower", "copied", "replaced"] {
                b.anywhere().object(what, &format!("{dir}/{what}"));
            }
            b.upper().object(what, &format!("top/{what}"));
        }
    },
    steps: |r| {
        r.mkdir("new");
        for what in What::ALL {
            r.chown(&format!("copied/{what}"), 5, 6);
            r.make(what, &format!("new/{what}"));
            let replaced = format!("replaced/{what}");
            r.remove(what, &replaced);
            r.make(what, &replaced);
            for dir in ["lower", "copied", "replaced", "top", "new"] {
                let name = format!("{dir}/{what}");
                if what.is_dir() {
                    r.unlink(&name);
                } else {
                    r.rmdir(&name);
                }
                if what == What::Full {
                    r.rmdir(&name);
                }
                r.see(&name);
                r.remove(what, &name);
                r.lstat(&name);
                r.unlink(&name);
                r.rmdir(&name);
            }
        }
        r.ls(".");
    },
    layers: Some(|l| {
        for what in What::ALL {
            for dir in ["lower", "copied", "replaced"] {
                l.whiteout(&format!("{dir}/{what}"))?;
            }
            l.absent(&format!("top/{what}"))?;
            l.absent(&format!("new/{what}"))?;
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
