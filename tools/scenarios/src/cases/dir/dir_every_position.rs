// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "from the position behind any entry a listing goes on with the next, in any order and \
        after its end",
    setup: |b| every_dir(b, 24),
    steps: |r| {
        for dir in DIRS.into_iter().chain(["."]) {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            // One entry a call.
            let all = pieces(fd, 24);
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
                if piece(fd, 24).first() != all.get(at + 1) {
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
