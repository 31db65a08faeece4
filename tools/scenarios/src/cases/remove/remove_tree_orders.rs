// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a tree spread over all layers is deleted from its first names, from its last, or \
        zigzag, and made again three times",
    setup: |b| {
        for dir in ["t", "t/a", "t/a/b", "t/a/b/c", "t/d"] {
            b.anywhere().dir(dir);
            for name in ["m", "n", "o", "p"] {
                b.file(&format!("{dir}/{name}"), "below");
            }
            b.upper().file(&format!("{dir}/k"), "top");
            b.file(&format!("{dir}/n"), "top");
            b.lower(0).whiteout(&format!("{dir}/q"));
        }
    },
    steps: |r| {
        const ORDERS: [fn(&mut Vec<String>) -> Option<String>; 3] = [
            Vec::pop,
            |names| (!names.is_empty()).then(|| names.remove(0)),
            |names| {
                names.reverse();
                names.pop()
            },
        ];
        for order in ORDERS {
            r.remove_tree("t", order);
            r.lstat("t");
            for dir in ["t", "t/d", "t/a", "t/a/b"] {
                r.mkdir(dir);
                r.see(dir);
                for name in ["m", "q", "x"] {
                    r.put(
                        &format!("{dir}/{name}"),
                        O_WRONLY | O_CREAT | O_EXCL,
                        "again",
                    );
                }
            }
        }
        r.lstat("t/a/b/c");
    },
    layers: Some(|l| {
        l.opaque("t")?;
        l.not_opaque("t/a")?;
        l.absent("t/a/b/c")
    }),
    ..Scenario::DEFAULT
};
