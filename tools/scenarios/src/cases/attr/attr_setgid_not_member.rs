// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an owner outside the group of a file cannot make it set-group-id",
    setup: |b| {
        for name in ["low", "copied", "dir/in"] {
            b.file(name, "text").owner(1000, 500);
        }
        b.dir("dir").owner(1000, 500);
        b.upper().file("top", "text").owner(1000, 500);
    },
    steps: |r| {
        r.utimens("copied", (5, 5));
        for name in ["low", "copied", "top", "dir", "dir/in"] {
            r.as_user(1000, 1000, |r| {
                r.chmod(name, 0o6755);
                r.stat(name);
                r.chmod(name, 0o1755);
                r.stat(name);
            });
            sys::become_user(1000, 1000, &[7, 500]).expect("root may become anyone");
            r.chmod(name, 0o6755);
            sys::become_root().expect("the way back to root");
            r.stat(name);
            // Whoever changes another bit afterwards drops this one, too.
            r.as_user(1000, 1000, |r| {
                r.chmod(name, 0o6711);
            });
            r.stat(name);
        }
    },
    ..Scenario::DEFAULT
};
