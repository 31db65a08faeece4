// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a second name for an object of every kind in every layer, at a free and at a deleted \
        name",
    setup: |b| {
        for what in What::ALL {
            b.anywhere().object(what, &format!("lower/{what}"));
            b.object(what, &format!("copied/{what}"));
            b.upper().object(what, &format!("top/{what}"));
        }
        b.anywhere().dir("to");
        for dir in ["lower", "copied", "top", "new"] {
            for what in What::ALL {
                b.object(what, &format!("to/{dir}-{what}"));
            }
        }
    },
    steps: |r| {
        r.mkdir("new");
        for what in What::ALL {
            r.chown(&format!("copied/{what}"), 5, 6);
            r.make(what, &format!("new/{what}"));
            for dir in ["lower", "copied", "top", "new"] {
                let (from, to) = (format!("{dir}/{what}"), format!("to/{dir}-{what}"));
                r.link(&from, &to);
                r.link(&from, &format!("{to}-free"));
                r.remove(what, &to);
                r.link(&from, &to);
                r.see(&from);
                r.see(&to);
                let same = r.identity(&from) == r.identity(&to);
                r.expect("one inode, unless it is a directory", same != what.is_dir());
            }
        }
        r.ls("to");
    },
    layers: Some(|l| {
        l.absent("lower/empty")?;
        for what in What::LEAVES {
            for dir in ["lower", "copied", "top", "new"] {
                let (one, two) = (format!("{dir}/{what}"), format!("to/{dir}-{what}"));
                if l.stat(&one)?.st_ino != l.stat(&two)?.st_ino {
                    return Err(format!("{one} and {two} must be one inode"));
                }
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
