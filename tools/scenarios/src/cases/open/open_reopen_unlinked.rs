// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a deleted file can be opened again by way of its descriptor, written and read",
    setup: |b| {
        b.file("d/lower", "0123456789");
        b.file("d/copied", "0123456789");
        b.upper().file("d/upper", "0123456789");
    },
    steps: |r| {
        for name in ["d/lower", "d/copied", "d/upper"] {
            if name == "d/copied" {
                r.chmod(name, 0o600);
            }
            let first = r.open(name, O_RDONLY);
            r.unlink(name);
            let reader = r.reopen(first, O_RDONLY);
            r.read(reader, 4);
            let writer = r.reopen(first, O_RDWR | O_APPEND);
            r.write(writer, "abc");
            r.read(reader, 20);
            r.pread(first, 20, 0);
            r.fstat(first);
            let cut = r.reopen(first, O_WRONLY | O_TRUNC);
            r.write(cut, "new");
            r.pread(first, 20, 0);
            r.fstat(reader);
            r.reopen(first, O_RDONLY | O_CREAT | O_EXCL);
            r.reopen(first, O_RDONLY | O_DIRECTORY);
        }
        r.ls("d");
    },
    layers: Some(|l| {
        l.whiteout("d/lower")?;
        l.whiteout("d/copied")?;
        l.absent("d/upper")
    }),
    ..Scenario::DEFAULT
};
