// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what a user makes over a whiteout is his, also the directory with its mark, and where \
        he may make nothing the name stays deleted",
    setup: |b| {
        for dir in ["open", "closed", "his"] {
            for name in ["f", "d", "s"] {
                b.file(&format!("{dir}/{name}"), "old");
            }
        }
        b.dir("open").mode(0o1777);
        b.dir("his").owner(1000, 1000).mode(0o700);
    },
    steps: |r| {
        for dir in ["open", "closed", "his"] {
            for name in ["f", "d", "s"] {
                r.unlink(&format!("{dir}/{name}"));
            }
            r.as_user(1000, 2000, |r| {
                r.make(What::File, &format!("{dir}/f"));
                r.make(What::Full, &format!("{dir}/d"));
                r.make(What::Symlink, &format!("{dir}/s"));
                r.make(What::Char, &format!("{dir}/c"));
                r.link(&format!("{dir}/f"), &format!("{dir}/d/f"));
                r.rename(&format!("{dir}/d"), &format!("{dir}/e"));
                r.rmdir(&format!("{dir}/e"));
            });
            r.ls(dir);
        }
        r.stat("open/e");
        r.lstat("his/s");
    },
    layers: Some(|l| {
        for name in ["f", "d", "s"] {
            l.whiteout(&format!("closed/{name}"))?;
        }
        l.whiteout("open/d")
    }),
    ..Scenario::DEFAULT
};
