// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "quota calls on a tree without quotas fail and harm nothing",
    setup: |b| {
        b.file("low", "text");
        b.upper().file("top", "text");
    },
    steps: |r| {
        for name in ["low", "top", "."] {
            for flags in [O_RDONLY, O_PATH] {
                let fd = r.open(name, flags).raw();
                // Q_GETFMT, Q_GETINFO, Q_GETQUOTA, Q_SETQUOTA, one there is not.
                for command in [0x80_0004, 0x80_0005, 0x80_0007, 0x80_0008, 0x80_00ff] {
                    let refused = sys::quotactl_fd(fd, command, 1000).is_err();
                    r.expect(format_args!("{command:#x} on {name} is refused"), refused);
                }
            }
        }
        r.stat("top");
    },
    layers: Some(|l| l.absent("low")),
    ..Scenario::DEFAULT
};
