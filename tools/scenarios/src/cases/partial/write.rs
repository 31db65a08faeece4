// SPDX-License-Identifier: GPL-2.0-only
//! Writing more into a large file of which some pieces have been written.

use crate::prelude::*;

/// Two descriptors with O_APPEND and one without, by RWF_APPEND, append in turn behind an end within a granule.
pub fn part_append(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        let append = O_APPEND | O_RDWR;
        r.with(layout.name(), append, |r, one| {
            r.with(layout.name(), append, |r, two| {
                r.with(layout.name(), O_RDWR, |r, plain| {
                    for turn in 0..4 {
                        for (number, fd) in [one, two].into_iter().enumerate() {
                            r.write(fd, partial::data(2, turn, 1000 + number));
                            r.lseek(fd, 0, SEEK_CUR);
                        }
                        let data = partial::data(3, turn, 3000);
                        r.pwritev2(plain, &[Piece::Data(&data)], 0, libc::RWF_APPEND);
                    }
                    r.all_of(one);
                    r.all_of(plain);
                });
            });
        });
    })
}

/// The first write of all is one at the end.
pub fn part_append_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, |r, layout| {
        r.put(layout.name(), O_WRONLY | O_APPEND, "the end");
        r.whole(layout.name());
        layout.write(r);
    })
}

/// A write beyond the end makes zeros between, whatever the copied part of the last granule had.
pub fn part_beyond_end(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            for at in [1, 5_000, 40_000, 100_001].map(|behind| partial::SIZE + behind) {
                r.pwrite(fd, partial::data(2, at, 10), at as i64);
                r.fstat(fd);
                r.pread(fd, 100_000, partial::SIZE as i64 - 200);
            }
        });
    })
}

/// One byte is written at each end of a granule: written before or not, in the hole, and the last one.
pub fn part_granule_ends(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            for granule in [0, 1, 2, 27, 28, 35, 37, 38, 43, 44, 49, 50, 51, 74, 75] {
                let begin = granule * partial::GRANULE;
                let end = (begin + partial::GRANULE).min(partial::SIZE) - 1;
                r.write_ranges(fd, 2, &[(begin, 1), (end, 1)]);
            }
            r.all_of(fd);
        });
    })
}

/// What is missing is written granule by granule from the end to the beginning, so that nothing of the lower file is
/// left.
pub fn part_completed(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            let mut result = Ok(0);
            for at in (0..partial::SIZE).step_by(partial::GRANULE).rev() {
                let length = partial::GRANULE.min(partial::SIZE - at);
                let written = sys::write(fd.raw(), &partial::data(2, at, length), Some(at as i64));
                result = result.and_then(|before| Ok(before + written?));
            }
            r.call("written from the end", result);
            r.all_of(fd);
            r.write_ranges(fd, 3, partial::WRITES);
        });
    })
}

/// Writes across boundaries of granules, pieces and the hole change what they name and nothing around it.
pub fn part_pwrite_across(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            for (at, length) in partial::WRITES {
                r.write_ranges(fd, 2, &[(*at, *length)]);
                r.pread(fd, length + 20, *at as i64 - 10);
            }
        });
    })
}

/// The same for a lower file without a hole, each write by a descriptor that only writes.
pub fn part_pwrite_zeros(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        for range in partial::WRITES {
            r.with(layout.name(), O_WRONLY, |r, fd| {
                r.write_ranges(fd, 2, &[*range]);
            });
        }
    })
}

/// pwritev writes vectors whose parts end anywhere, at an offset and at the position of the file, up to memory that
/// is not there.
pub fn part_pwritev(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            for (at, length) in partial::WRITES {
                let data = partial::data(2, *at, *length);
                let (front, back) = data.split_at(length / 3);
                let pieces = [Piece::Data(front), Piece::Data(b""), Piece::Data(back)];
                r.pwritev2(fd, &pieces, *at as i64, 0);
            }
            r.lseek(fd, 100_001, SEEK_SET);
            for _ in 0..3 {
                let data = partial::data(3, 0, 9001);
                let pieces = [Piece::Data(&data[..4097]), Piece::Data(&data[4097..])];
                r.pwritev2(fd, &pieces, -1, 0);
                r.lseek(fd, 0, SEEK_CUR);
            }
            // Nothing of this can be written.
            r.pwritev2(fd, &[Piece::Nowhere(6000)], 60_001, 0);
            r.all_of(fd);
        });
    })
}
