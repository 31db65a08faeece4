// SPDX-License-Identifier: GPL-2.0-only
//! Random changes of a large file of which some pieces have been written.

use crate::prelude::*;

/// Random changes by descriptors from before the first write and after it, and by others later.
pub fn part_churn(b: &mut Builder) -> Steps {
    const LARGEST: usize = partial::SIZE + 20_000;
    partial::each_unwritten(b, Middle::Hole, |r, layout| {
        let seed = 10 + layout as u64;
        r.with(layout.name(), O_RDONLY, |r, reader| {
            layout.write(r);
            for round in 0..3 {
                r.with(layout.name(), O_RDWR, |r, one| {
                    r.with(layout.name(), O_RDWR | O_APPEND, |r, two| {
                        r.churn_below(&[reader, one, two], seed + 3 * round, 30, LARGEST);
                    });
                });
            }
        });
        for round in 3..6 {
            r.with(layout.name(), O_RDWR, |r, fd| {
                r.churn_below(&[fd], seed + 3 * round, 15, LARGEST);
            });
        }
    })
}

/// Random changes without mappings, copies and truncations, which leave a file in parts for long.
pub fn part_churn_written(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Hole, |r, layout| {
        let mut dice = random::Dice::new(layout as u64);
        for round in 0..10 {
            r.with(layout.name(), O_RDWR, |r, fd| {
                for step in 0..10 {
                    let at = dice.roll(partial::SIZE);
                    let length = (1 + dice.roll(6_000)).min(partial::SIZE - at);
                    match dice.roll(4) {
                        0 => drop(r.pread(fd, 3 * length, at as i64)),
                        1 if step == 9 => r.fsync(fd),
                        _ => r.write_ranges(fd, 2 + round, &[(at, length)]),
                    }
                }
                r.all_of(fd);
            });
        }
    })
}
