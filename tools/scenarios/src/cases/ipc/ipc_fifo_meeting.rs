// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const WHY: &str = "what passes through a FIFO that is below does not change its time";

pub const SCENARIO: Scenario = Scenario {
    about: "processes meet at a FIFO: the open of each waits for the other, by whichever name and layer",
    setup: |b| {
        b.fifo("lower");
        b.fifo("copied");
        b.fifo("moved");
        b.upper().fifo("upper");
    },
    steps: |r| {
        for name in ["lower", "copied", "moved", "upper"] {
            r.with_peer(
                |r, turns| {
                    turns.give();
                    let fd = sys::open(name, O_RDONLY, 0);
                    let text = fd.and_then(|fd| sys::read(fd, 100, None));
                    turns.take();
                    let text = text.map(|text| text.escape_ascii().to_string());
                    r.call("the peer read", text);
                },
                |r, turns, pid| {
                    turns.pass();
                    // The reader is somewhere in open, waiting.
                    let stat = format!("/proc/{pid}/stat");
                    r.await_until("the reader sleeps", || {
                        std::fs::read_to_string(&stat).is_ok_and(|text| text.contains(") S "))
                    });
                    let now = match name {
                        "copied" => {
                            r.chmod(name, 0o600);
                            name
                        }
                        "moved" => {
                            r.rename(name, "renamed");
                            "renamed"
                        }
                        _ => name,
                    };
                    let fd = r.open(now, O_WRONLY);
                    r.write(fd, "to the reader");
                    turns.pass();
                    r.close(fd);
                },
            );
        }
    },
    layers: Some(|l| l.absent("lower")),
    allow: &[Allow {
        line: "walk ",
        why: WHY,
    }],
    ..Scenario::DEFAULT
};
