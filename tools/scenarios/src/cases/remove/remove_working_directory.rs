// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who stands in a deleted directory has no name, sees nothing, makes nothing, and can \
        leave",
    setup: |b| {
        b.file("lower/a/f", "x");
        b.lower(0).dir("merged/a");
        b.upper().dir("merged/a");
    },
    steps: |r| {
        r.unlink("lower/a/f");
        r.mkdir("new");
        r.mkdir("new/a");
        for top in ["lower", "merged", "new"] {
            let root = r.open(".", O_RDONLY | O_DIRECTORY);
            r.chdir(&format!("{top}/a"));
            r.working_name();
            r.rmdir(&format!("../../{top}/a"));
            r.working_name();
            r.mkdir("../a");
            for what in What::ALL {
                r.make(what, "x");
            }
            r.symlink("x", "y");
            r.link("../../other", "x");
            r.rename("../../other", "x");
            r.open_mode(".", O_RDWR | O_TMPFILE, 0o600);
            r.lstat("f");
            r.ls("../a");
            r.rmdir("../a");
            r.ls("..");
            r.chdir("..");
            r.working_name();
            r.fchdir(root);
        }
    },
    layers: Some(|l| {
        l.whiteout("lower/a")?;
        l.whiteout("merged/a")?;
        l.absent("new/a")
    }),
    not_on: &[
        ("read-only", "no working directory can be removed there"),
        (
            "read-only-erofs",
            "no working directory can be removed there",
        ),
    ],
    ..Scenario::DEFAULT
};
