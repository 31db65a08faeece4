// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "while two processes exchange and two look, neither name is ever missing nor is a file \
        lost",
    setup: |b| {
        b.file("a", "aaa");
        b.file("d/b", "bbb");
        b.file("c", "ccc");
    },
    steps: |r| {
        r.parallel(4, |number| {
            for _ in 0..60 {
                match number {
                    0 => sys::rename("a", "d/b", RENAME_EXCHANGE).expect("both are there"),
                    1 => sys::rename("d/b", "c", RENAME_EXCHANGE).expect("both are there"),
                    _ => {
                        for name in ["a", "d/b", "c"] {
                            let data = slurp(name).expect("the name is there");
                            assert_eq!(data.len(), 3, "never half a file");
                        }
                    }
                }
            }
        });
        let mut all: Vec<_> = ["a", "d/b", "c"]
            .map(|name| slurp(name).unwrap_or_default())
            .into();
        all.sort();
        r.expect("all three are left", all == [b"aaa", b"bbb", b"ccc"]);
        // Which is where is chance.
        for name in ["a", "d/b", "c"] {
            r.unlink(name);
        }
    },
    layers: Some(|l| l.whiteout("d/b")),
    ..Scenario::DEFAULT
};
