// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a replaced file lives on through its descriptors, whichever layer it was in",
    setup: |b| {
        for name in ["lower", "copied", "written"] {
            b.file(name, "victim").mode(0o640);
            b.file(&format!("{name}-new"), "successor");
        }
    },
    steps: |r| {
        r.chmod("copied", 0o600);
        r.put("top", O_WRONLY | O_CREAT, "victim");
        r.put("top-new", O_WRONLY | O_CREAT, "successor");
        for name in ["lower", "copied", "written", "top"] {
            let reader = r.open(name, O_RDONLY);
            let writer = r.open(name, O_RDWR);
            if name == "written" {
                r.pwrite(writer, "V", 0);
            }
            r.rename(&format!("{name}-new"), name);
            r.fstat(reader);
            r.pread(reader, 20, 0);
            r.pwrite(writer, "deleted", 0);
            r.pread(writer, 20, 0);
            r.pread(reader, 20, 0);
            r.fchmod(reader, 0o444);
            r.fstat(writer);
            r.ftruncate(writer, 3);
            r.fstat(reader);
            r.see(name);
        }
    },
    layers: Some(|l| {
        l.whiteout("lower-new")?;
        l.absent("top-new")
    }),
    ..Scenario::DEFAULT
};
