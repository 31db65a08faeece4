// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower program is executed by way of its descriptor, also after it was deleted",
    setup: |b| {
        b.file("prog", elf::exits_with(42)).mode(0o755);
        b.file("other", elf::exits_with(43)).mode(0o755);
        b.file("plain", elf::exits_with(44));
    },
    steps: |r| {
        let prog = r.open("prog", O_PATH);
        let other = r.open("other", O_RDONLY);
        let plain = r.open("plain", O_RDONLY);
        for fd in [prog, other, plain] {
            r.exec(&fd.proc_path(), &[]);
        }
        r.unlink("prog");
        r.rename("other", "moved");
        r.fchmod(plain, 0o755);
        for fd in [prog, other, plain] {
            r.exec(&fd.proc_path(), &[]);
        }
        // Somebody who writes keeps it from being executed.
        let writer = r.open("moved", O_RDWR);
        r.exec(&other.proc_path(), &[]);
        r.close(writer);
        r.exec(&other.proc_path(), &[]);
    },
    layers: Some(|l| l.whiteout("prog")),
    ..Scenario::DEFAULT
};
