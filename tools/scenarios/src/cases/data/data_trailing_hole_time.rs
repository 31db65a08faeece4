// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file that ends in a hole keeps its modification time when it is copied up",
    setup: |b| {
        b.sparse("all hole", 1 << 20, &[]);
        b.sparse("ends in one", 1 << 20, &[(0, b"data")]);
        b.sparse(
            "begins with one",
            1 << 20,
            &[((1 << 20) - 4096, &[b'x'; 4096])],
        );
    },
    steps: |r| {
        for path in ["all hole", "ends in one", "begins with one"] {
            r.chmod(path, 0o600);
            r.stat(path);
        }
    },
    layers: Some(|l| l.in_upper("all hole")),
    ..Scenario::DEFAULT
};
