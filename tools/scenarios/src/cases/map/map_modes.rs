// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what a file may be mapped for follows from how it was opened; a refused mapping copies nothing",
    setup: |b| {
        for name in ["reader", "writer", "both", "path"] {
            b.file(name, vec![b'.'; 5000]);
        }
        b.upper().file("upper", vec![b'.'; 5000]);
    },
    steps: |r| {
        for (name, flags) in [
            ("reader", O_RDONLY),
            ("writer", O_WRONLY),
            ("path", O_RDONLY | O_PATH),
            ("upper", O_RDONLY),
            ("upper", O_WRONLY),
            ("upper", O_RDWR),
            ("both", O_RDWR),
        ] {
            let fd = r.open(name, flags);
            for protection in [PROT_NONE, PROT_READ, PROT_WRITE, PROT_RW, PROT_EXEC] {
                for flags in [MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE] {
                    r.map(fd, 5000, protection, flags);
                }
            }
            r.close(fd);
        }
    },
    layers: Some(|l| l.upper_is(&["upper", "both"])),
    ..Scenario::DEFAULT
};
