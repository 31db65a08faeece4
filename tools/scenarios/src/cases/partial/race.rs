// SPDX-License-Identifier: GPL-2.0-only
//! Reading a large file of which some pieces have been written while it changes.

use crate::prelude::*;

/// How much is written at a time.
const PIECE: usize = 5_003;

/// While all of a file is overwritten, again and again, readers see old bytes and new ones, and nothing else.
pub fn part_read_while_written(b: &mut Builder) -> Steps {
    const LAST: u64 = 6;
    partial::each(b, Middle::Zeros, |r, layout| {
        let newer = (2..=LAST).map(|generation| partial::data(generation, 0, partial::SIZE));
        let versions = std::iter::once(layout.contents()).chain(newer).collect();
        r.read_during(layout.name(), versions, |r| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                for generation in 2..=LAST {
                    let data = partial::data(generation, 0, partial::SIZE);
                    let result = partial::all(data.len(), |at, left| {
                        let piece = &data[at..at + left.min(PIECE)];
                        sys::write(fd.raw(), piece, Some(at as i64)).map(|count| count as i64)
                    });
                    r.call(format_args!("write generation {generation}"), result);
                }
            });
        });
    })
}

/// The same from the first write on.
pub fn part_read_while_first_written(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Hole, |r, layout| {
        let mut lower = vec![0; partial::SIZE];
        r.with(layout.name(), O_RDONLY, |r, fd| {
            let read = sys::pread_into(fd.raw(), &mut lower, 0);
            r.call("read before", read);
        });
        r.read_during(layout.name(), vec![lower, layout.contents()], |r| {
            layout.write(r);
        });
    })
}

/// While a file is cut and made longer, readers see old bytes, zeros and the end, and nothing else.
pub fn part_read_while_cut(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        let versions = vec![layout.contents(), Vec::new()];
        r.read_during(layout.name(), versions, |r| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                for cut in [300_001, 260_000, 204_801, 150_003, 120_000, 70_001, 3] {
                    r.ftruncate(fd, cut);
                    r.ftruncate(fd, partial::SIZE as i64);
                }
            });
        });
    })
}

/// Processes that write disjoint pieces at the same time, unaligned, lose nothing of one another.
pub fn part_writers_at_once(b: &mut Builder) -> Steps {
    const WRITERS: usize = 4;
    partial::each_unwritten(b, Middle::Hole, |r, layout| {
        r.parallel(WRITERS, |writer| {
            let fd = sys::open(layout.name(), O_RDWR, 0).expect("open");
            for at in (writer * PIECE..partial::SIZE).step_by(WRITERS * PIECE) {
                let length = PIECE.min(partial::SIZE - at);
                let data = partial::data(2 + writer as u64, at, length);
                assert_eq!(sys::write(fd, &data, Some(at as i64)), Ok(length));
                assert_eq!(sys::read(fd, length, Some(at as i64)), Ok(data));
            }
        });
        r.whole(layout.name());
        layout.write(r);
    })
}
