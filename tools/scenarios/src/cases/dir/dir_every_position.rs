// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Bytes for one entry of the tree, and not for two.
const ONE: usize = 32;

pub const SCENARIO: Scenario = Scenario {
    about: "from the position behind any entry a listing goes on with the next, in any order and \
        after its end",
    setup: |b| every_dir(b, 24),
    steps: |r| {
        for dir in DIRS.into_iter().chain(["."]) {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let all = pieces(fd, ONE);
            r.note(format_args!("{:?}", shown(&all)));
            let mut wrong = Vec::new();
            let count = all.len();
            // Backwards, then in leaps.
            let order = (0..count).rev().chain((0..count).map(|n| n * 7 % count));
            for at in order {
                let next = all[at].next;
                if sys::lseek(fd.raw(), next, SEEK_SET) != Ok(next) {
                    wrong.push(format!("seek to {at}"));
                }
                if piece(fd, ONE).first() != all.get(at + 1) {
                    wrong.push(format!("one behind {at}"));
                }
                let _ = sys::lseek(fd.raw(), next, SEEK_SET);
                let rest = shown(&pieces(fd, 4096));
                if rest != shown(&all[at + 1..]) {
                    wrong.push(format!("rest behind {at}"));
                }
            }
            r.note(format_args!("wrong: {wrong:?}"));
            r.again(fd);
        }
    },
    ..Scenario::DEFAULT
};
