// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Without it, opening a FIFO for one direction waits for the other end.
const NOWAIT: i32 = libc::O_NONBLOCK;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a FIFO below, above and copied up; none copies it",
    setup: |b| {
        b.fifo("below");
        b.fifo("copied");
        b.upper().fifo("above");
    },
    steps: |r| {
        r.chmod("copied", 0o640);
        for fifo in ["below", "copied", "above"] {
            for flags in open_flags() {
                r.opens(fifo, flags | NOWAIT);
            }
            // A writer finds a reader, whichever way that one opened it.
            let reader = r.open(fifo, O_RDONLY | NOWAIT);
            r.opens(fifo, O_WRONLY | NOWAIT);
            r.opens(fifo, O_WRONLY | O_TRUNC | O_CREAT | NOWAIT);
            r.close(reader);
        }
    },
    layers: Some(|l| l.upper_is(&["above", "copied"])),
    ..Scenario::DEFAULT
};
