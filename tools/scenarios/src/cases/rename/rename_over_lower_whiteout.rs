// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names that whiteouts of lower layers hide are free, and those whiteouts suffice when \
        they are left again",
    setup: |b| {
        b.lower(2).file("a", "bottom");
        b.file("d/sub/f", "bottom");
        b.file("kept", "bottom");
        b.lower(1).whiteout("a");
        b.whiteout("d");
        b.lower(0).file("f", "text");
        b.file("kept", "top");
    },
    steps: |r| {
        r.rename2("f", "a", RENAME_NOREPLACE);
        r.rename("a", "b");
        r.lstat("a");
        r.make(What::Full, "new");
        r.rename2("new", "d", RENAME_NOREPLACE);
        r.see("d");
        r.mkdir("d/sub");
        r.see("d/sub");
        r.rename("d", "e");
        r.lstat("d");
        r.rename("kept", "d");
        r.see("d");
        r.rename("d", "a");
        r.ls(".");
    },
    layers: Some(|l| {
        l.in_upper("a")?;
        l.absent("d")?;
        l.whiteout("f")?;
        l.whiteout("kept")
    }),
    ..Scenario::DEFAULT
};
