// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what chown leaves of the set-id bits depends on type, mode and caller, not on the layer",
    setup: |b| {
        for layer in ["low", "top"] {
            if layer == "top" {
                b.upper();
            }
            for (name, mode) in MODES {
                b.file(&format!("{layer}/{name}"), "x")
                    .mode(mode)
                    .owner(1000, 1000);
            }
            b.dir(&format!("{layer}/dir"))
                .mode(0o6755)
                .owner(1000, 1000);
            b.fifo(&format!("{layer}/fifo"))
                .mode(0o6755)
                .owner(1000, 1000);
        }
    },
    steps: |r| {
        let names = MODES.map(|(name, _)| name);
        let all = names.iter().chain(&["dir", "fifo"]);
        for path in all.flat_map(|name| [format!("low/{name}"), format!("top/{name}")]) {
            r.as_user(1000, 1000, |r| {
                r.chown(&path, u32::MAX, 1000);
            });
            r.lstat(&path);
            r.chmod(&path, 0o6755);
            r.chown(&path, u32::MAX, u32::MAX);
            r.lstat(&path);
            r.chmod(&path, 0o2644);
            r.chown(&path, 1001, u32::MAX);
            r.lstat(&path);
        }
    },
    ..Scenario::DEFAULT
};

const MODES: [(&str, u32); 4] = [
    ("both", 0o6755),
    ("user", 0o4711),
    ("group", 0o2755),
    // Without execute permission for the group the bit does not mean another identity.
    ("lock", 0o2745),
];
