// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "descriptors opened one by one have positions of their own, and those opened or rewound \
        later see what is there by then",
    setup: |b| every_dir(b, 20),
    steps: |r| {
        for dir in DIRS {
            let slow = r.open(dir, O_RDONLY | O_DIRECTORY);
            let fast = r.open(dir, O_RDONLY | O_DIRECTORY);
            let (mut by_slow, mut by_fast) = (piece(slow, 24), piece(fast, 200));
            loop {
                let (one, more) = (piece(slow, 32), piece(fast, 90));
                if one.is_empty() {
                    break;
                }
                by_slow.extend(one);
                by_fast.extend(more);
            }
            r.expect("both see the same", shown(&by_slow) == shown(&by_fast));
            r.note(format_args!("{:?}", shown(&by_fast)));
            r.lseek(slow, 0, SEEK_SET);
            r.expect("one is rewound", piece(slow, 24) == by_slow[..1]);
            r.expect("the other is not", piece(fast, 4096).is_empty());
            r.unlink(&format!("{dir}/05"));
            r.put(&format!("{dir}/new"), O_WRONLY | O_CREAT, "x");
            let late = r.open(dir, O_RDONLY | O_DIRECTORY);
            r.again(late);
            r.expect("still at the end", piece(fast, 4096).is_empty());
            r.close(slow);
            r.again(fast);
            r.close(late);
            r.again(fast);
        }
    },
    layers: Some(|l| {
        l.whiteout("lower/05")?;
        l.absent("upper/05")
    }),
    ..Scenario::DEFAULT
};
