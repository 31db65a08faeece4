// SPDX-License-Identifier: GPL-2.0-only
//! Data that go from a large file of which some pieces have been written, or into it, without the program.

use std::os::fd::RawFd;

use crate::prelude::*;
use crate::walk::show;

/// As much as fits into a pipe, whatever the pages.
const PIPED: usize = 32 << 10;

/// What comes out of a pipe that `fill` puts data into, `length` bytes in pieces of any size.
fn through_pipe(
    length: usize,
    mut fill: impl FnMut(RawFd, usize, usize) -> sys::Result<i64>,
) -> sys::Result<Vec<u8>> {
    let (reader, writer) = sys::pipe()?;
    let mut got = Vec::new();
    let result = partial::all(length, |moved, left| {
        let count = fill(writer, moved, left.min(PIPED))?;
        got.extend(sys::read(reader, count as usize, None)?);
        Ok(count)
    });
    sys::close(reader)?;
    sys::close(writer)?;
    result.map(|_| got)
}

/// splice takes out of a file what is in it, at every kind of boundary.
pub fn part_splice_from(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for (at, length) in partial::RANGES {
                let result = through_pipe(*length, |writer, moved, count| {
                    let from = Some((at + moved) as i64);
                    sys::splice_at(fd.raw(), from, writer, None, count, 0)
                });
                r.call(
                    format_args!("splice({at}, {length})"),
                    result.map(|data| show(&data)),
                );
            }
        });
    })
}

/// One call of splice takes as much out of a file as fits into a pipe, in however many pieces that is.
pub fn part_splice_once(b: &mut Builder) -> Steps {
    // Fewer pages than a pipe has room for, with a part of a page at both ends; more than that.
    const LENGTHS: [usize; 2] = [14 * 4096, 40 * 4096];
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for (at, length) in partial::RANGES
                .iter()
                .flat_map(|(at, _)| LENGTHS.map(|length| (*at, length)))
            {
                let (reader, writer) = sys::pipe().expect("a pipe");
                let result = sys::splice_at(fd.raw(), Some(at as i64), writer, None, length, 0);
                r.call(format_args!("splice({at}, {length})"), result);
                let _ = (sys::close(reader), sys::close(writer));
            }
        });
    })
}

/// splice puts what is in a pipe into a file, across boundaries.
pub fn part_splice_to(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            let (reader, writer) = sys::pipe().expect("a pipe");
            for (at, length) in partial::WRITES {
                let data = partial::data(2, *at, *length);
                let result = data
                    .chunks(PIPED)
                    .enumerate()
                    .try_for_each(|(number, piece)| {
                        sys::write(writer, piece, None)?;
                        let at = at + number * PIPED;
                        let to = |moved| Some((at + moved) as i64);
                        partial::all(piece.len(), |moved, left| {
                            sys::splice_at(reader, None, fd.raw(), to(moved), left, 0)
                        })
                        .map(drop)
                    });
                r.done(format_args!("splice into {at}, {length}"), result);
            }
            let _ = (sys::close(reader), sys::close(writer));
            r.all_of(fd);
        });
    })
}

/// sendfile to a pipe and to a file.
pub fn part_sendfile_from(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for (at, length) in partial::RANGES {
                let result = through_pipe(*length, |writer, moved, count| {
                    let from = (at + moved) as i64;
                    sys::sendfile_at(writer, fd.raw(), from, count).map(|(count, _)| count)
                });
                r.call(
                    format_args!("sendfile({at}, {length})"),
                    result.map(|data| show(&data)),
                );
            }
            let copy = format!("copy of {}", layout.name());
            r.with(&copy, O_RDWR | O_CREAT, |r, to| {
                let result = partial::all(partial::SIZE + 1, |moved, left| {
                    sys::sendfile_at(to.raw(), fd.raw(), moved as i64, left).map(|(count, _)| count)
                });
                r.call("sendfile of all", result);
                r.all_of(to);
            });
        });
    })
}

/// sendfile from another file across boundaries.
pub fn part_sendfile_to(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        let source = source(r, layout);
        r.with(&source, O_RDONLY, |r, from| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                for (at, length) in partial::WRITES {
                    r.lseek(fd, *at as i64, SEEK_SET);
                    let result = partial::all(*length, |moved, left| {
                        let at = (at + moved) as i64;
                        sys::sendfile_at(fd.raw(), from.raw(), at, left).map(|(count, _)| count)
                    });
                    r.call("sendfile", result);
                }
                r.all_of(fd);
            });
        });
    })
}

/// Makes another file of the same size: its name.
fn source(r: &mut Run, layout: Layout) -> String {
    let name = format!("source for {}", layout.name());
    r.put(
        &name,
        O_WRONLY | O_CREAT,
        partial::data(2, 0, partial::SIZE),
    );
    name
}

/// copy_file_range out of a file into another, at the same offset and at another.
pub fn part_copy_range_from(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for shift in [0, 1000, 16_384] {
                let copy = format!("copy of {}, {shift}", layout.name());
                r.with(&copy, O_RDWR | O_CREAT, |r, to| {
                    for (at, length) in partial::RANGES {
                        let at = *at as i64;
                        r.copy_file_range(fd, at, to, at + shift, *length);
                    }
                    r.all_of(to);
                });
            }
        });
    })
}

/// copy_file_range out of another file into one, at the same offset, at another, and over the end.
pub fn part_copy_range_to(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        let source = source(r, layout);
        r.with(&source, O_RDONLY, |r, from| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                for (at, length) in partial::WRITES {
                    r.copy_file_range(from, *at as i64, fd, *at as i64, *length);
                }
                r.all_of(fd);
                for (at, to_at, length) in [
                    (1, 60_000, 5000),
                    (65_536, 98_304, 32_768),
                    (300_000, 270_000, 50_000),
                    (0, partial::SIZE as i64 - 10, 5000),
                    (0, 327_680, 16_384),
                ] {
                    r.copy_file_range(from, at, fd, to_at, length);
                }
                r.all_of(fd);
            });
        });
    })
}

/// copy_file_range within one file, between what was written and what was not.
pub fn part_copy_range_within(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            for (at, to_at, length) in [
                (0, 200_001, 5000),
                (150_000, 1, 70_000),
                (300_000, 100_001, 7323),
                (16_384, 65_536, 16_384),
                (114_688, 16_384, 16_384),
                (8192, partial::SIZE as i64, 20_000),
                // These overlap.
                (0, 1000, 5000),
                (1000, 0, 5000),
            ] {
                r.copy_file_range(fd, at, fd, to_at, length);
                r.all_of(fd);
            }
        });
    })
}

/// FICLONE and FICLONERANGE, out of a file and into it, where its file system shares blocks.
pub fn part_clone(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        let source = source(r, layout);
        r.with(&source, O_RDONLY, |r, from| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                let copy = format!("copy of {}", layout.name());
                r.with(&copy, O_RDWR | O_CREAT, |r, copy| {
                    if !r.clone_range(fd, 0, 0, copy, 0) {
                        // Where nothing can be cloned, any of the possible errors may come first.
                        return;
                    }
                    r.all_of(copy);
                    // What is written into one of them stays out of the other.
                    r.write_ranges(fd, 3, partial::WRITES);
                    r.all_of(copy);
                    r.clone_range(fd, 4096, 65_536, copy, 409_600);
                    r.clone_range(fd, 100, 4096, copy, 0);
                    r.all_of(copy);
                    r.clone_range(from, 16_384, 8192, fd, 8192);
                    r.clone_range(from, 0, 16_384, fd, 151_552);
                    r.clone_range(from, 0, 4096, fd, 100);
                    r.all_of(fd);
                    r.clone_range(fd, 0, 16_384, fd, 229_376);
                    r.all_of(fd);
                    r.ficlone(copy, fd);
                    r.all_of(copy);
                    r.ficlone(fd, from);
                    r.all_of(fd);
                    r.all_of(from);
                });
            });
        });
    })
}

/// FIDEDUPERANGE shares what is equal where the file system shares blocks, and changes no byte.
pub fn part_dedupe(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        let same = format!("same as {}", layout.name());
        r.put(&same, O_WRONLY | O_CREAT, layout.contents());
        r.with(layout.name(), O_RDWR, |r, fd| {
            r.with(&same, O_RDWR, |r, same| {
                let probe = format!("copy of {}", layout.name());
                let mut shares = false;
                r.with(&probe, O_RDWR | O_CREAT, |r, probe| {
                    shares = r.clone_range(same, 0, 0, probe, 0);
                });
                if !shares {
                    // Where no blocks can be shared, any of the possible errors may come first.
                    return;
                }
                for (at, to_at, length) in [
                    (0, 0, 16_384),
                    (16_384, 16_384, 65_536),
                    (147_456, 147_456, 16_384),
                    (294_912, 294_912, 12_411),
                    (0, 16_384, 16_384),
                    (100, 100, 4096),
                ] {
                    r.dedupe_range(fd, at, length, same, to_at);
                    r.dedupe_range(same, at, length, fd, to_at);
                }
                r.all_of(fd);
                r.all_of(same);
            });
        });
    })
    .allow(
        "FIDEDUPERANGE",
        "files that are not all in the upper layer are not compared: EPERM",
    )
}
