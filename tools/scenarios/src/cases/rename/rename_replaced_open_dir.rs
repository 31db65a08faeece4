// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a replaced directory that is open lists nothing and takes nothing, whichever layer it \
        was in",
    setup: |b| {
        b.lower(0).dir("lower");
        b.dir("merged");
        b.file("emptied/f", "x");
        b.upper().dir("merged");
        b.dir("upper");
    },
    steps: |r| {
        r.unlink("emptied/f");
        for name in ["lower", "merged", "emptied", "upper"] {
            let fd = r.open(name, O_RDONLY | O_DIRECTORY);
            r.make(What::Full, "new");
            r.rename("new", name);
            let left = sys::getdents(fd.raw(), 4096).unwrap_or_default();
            let left = left.iter().any(|entry| !entry.name.starts_with(b"."));
            r.expect("nothing is left in it", !left);
            r.unlink_at(fd, "in");
            r.in_child(|r| {
                r.fchdir(fd);
                r.working_name();
                r.put("x", O_WRONLY | O_CREAT, "x");
                r.mkdir("x");
                r.rename("../lower/in", "x");
                r.stat(".");
            });
            r.see(name);
        }
    },
    layers: Some(|l| {
        l.opaque("lower")?;
        l.opaque("merged")?;
        l.opaque("emptied")?;
        l.not_opaque("upper")
    }),
    ..Scenario::DEFAULT
};
