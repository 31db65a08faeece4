// SPDX-License-Identifier: GPL-2.0-only
//! O_DIRECT on a large file of which some pieces have been written.

use crate::prelude::*;

/// Lengths and offsets of whole pages of any machine: within a piece, across several, over the end, and beyond it.
const PAGES: &[(usize, i64)] = &[
    (16_384, 0),
    (16_384, 16_384),
    (65_536, 32_768),
    (65_536, 98_304),
    (16_384, 147_456),
    (16_384, 196_608),
    (131_072, 180_224),
    (16_384, 294_912),
    (327_680, 0),
    (16_384, 311_296),
];

/// O_DIRECT reads of whole pages give what has been written a moment before, buffered, and what is below.
pub fn part_direct_read(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        for round in 0..2 {
            r.with(layout.name(), O_RDONLY | O_DIRECT, |r, direct| {
                for (length, at) in PAGES {
                    r.pread_aligned(direct, *length, 0, *at);
                }
                if round == 0 {
                    r.with(layout.name(), O_RDWR, |r, fd| {
                        r.write_ranges(fd, 2, partial::WRITES);
                    });
                }
            });
        }
    })
}

/// The file is read by the smallest blocks that O_DIRECT takes everywhere, one after the other.
pub fn part_direct_blocks(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDONLY | O_DIRECT, |r, fd| {
            let mut contents = Vec::new();
            let mut block = Aligned::new(4096, 0);
            let result = partial::all(partial::SIZE + 1, |at, _| {
                let count = sys::pread_into(fd.raw(), &mut block, at as i64)?;
                contents.extend_from_slice(&block[..count]);
                Ok(if count < 4096 { 0 } else { 4096 })
            });
            r.call("whole blocks", result);
            r.granules("read", &contents);
        });
    })
}

/// O_DIRECT writes of whole pages are seen by every descriptor, and make a file longer.
pub fn part_direct_write(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, reader| {
            r.with(layout.name(), O_RDWR | O_DIRECT, |r, direct| {
                for (number, (length, at)) in [
                    (16_384, 16_384),
                    (16_384, 147_456),
                    (65_536, 98_304),
                    (16_384, 196_608),
                    (16_384, 294_912),
                    (16_384, 344_064),
                ]
                .into_iter()
                .enumerate()
                {
                    r.pwrite_aligned(direct, b'a' + number as u8, length, at);
                    r.all_of(reader);
                }
                r.pread_aligned(direct, 360_448, 0, 0);
            });
        });
    })
}

/// The first write of all is one by O_DIRECT.
pub fn part_direct_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR | O_DIRECT, |r, direct| {
            r.pwrite_aligned(direct, b'x', 16_384, 81_920);
            r.pread_aligned(direct, 65_536, 0, 65_536);
        });
        layout.write(r);
    })
}
