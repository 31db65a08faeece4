// SPDX-License-Identifier: GPL-2.0-only
//! Reading a large file of which some pieces have been written.

use crate::prelude::*;
use crate::walk::show;

/// A descriptor from before the first write shows what was written, at its position and everywhere else.
pub fn part_descriptor_before(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, old| {
            r.read(old, 5000);
            layout.write(r);
            r.read(old, 200_000);
            r.all_of(old);
            r.with(layout.name(), O_RDWR, |r, fd| {
                r.write_ranges(fd, 2, partial::WRITES);
            });
            r.all_of(old);
            r.fstat(old);
        });
    })
}

/// RWF_NOWAIT reads what is in the file, or says that it would have to wait.
pub fn part_nowait(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        let contents = layout.contents();
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for advice in [libc::POSIX_FADV_DONTNEED, libc::POSIX_FADV_WILLNEED] {
                r.fadvise(fd, advice);
                for (at, length) in partial::RANGES {
                    let space = [Space::Bytes(*length)];
                    let result = sys::preadv2(fd.raw(), &space, *at as i64, libc::RWF_NOWAIT);
                    let behind = &contents[(*at).min(partial::SIZE)..];
                    let right = match &result {
                        Ok(data) => {
                            behind.starts_with(data) && data.is_empty() == behind.is_empty()
                        }
                        Err(error) => [libc::EAGAIN, libc::EOPNOTSUPP].contains(&error.0),
                    };
                    r.expect(
                        format_args!("{length} bytes at {at} without waiting"),
                        right,
                    );
                }
            }
        });
    })
}

/// pread at every kind of boundary, across several pieces, over the end and beyond it.
pub fn part_pread(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for (at, length) in partial::RANGES {
                r.pread(fd, *length, *at as i64);
            }
        });
    })
}

/// pread reads the hole in the middle as zeros.
pub fn part_pread_hole(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for (at, length) in partial::RANGES {
                r.pread(fd, *length, *at as i64);
            }
        });
    })
}

/// readv fills vectors whose parts end anywhere, at an offset and at the position of the file, up to memory that is
/// not there.
pub fn part_readv(b: &mut Builder) -> Steps {
    const SPACES: &[Space] = &[
        Space::Bytes(1),
        Space::Bytes(4095),
        Space::Bytes(0),
        Space::Bytes(4097),
        Space::Bytes(70_000),
        Space::Bytes(3),
    ];
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for (at, _) in partial::RANGES {
                r.preadv2(fd, SPACES, *at as i64, 0);
            }
            for _ in 0..5 {
                r.preadv2(fd, SPACES, -1, 0);
                r.lseek(fd, 0, SEEK_CUR);
            }
            for length in [1, 4096, 5000, 20_000] {
                let spaces = [Space::Bytes(length), Space::Nowhere(10)];
                r.preadv2(fd, &spaces, 4090, 0);
            }
        });
    })
}

/// Reads of any size from the beginning to the end give the whole file, each as much as it asks for.
pub fn part_sequential(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        for size in [1000, 4095, 4097, 65_537, 123_457] {
            r.with(layout.name(), O_RDONLY, |r, fd| {
                let mut contents = Vec::new();
                let last = loop {
                    let before = contents.len();
                    match sys::read(fd.raw(), size, None) {
                        Ok(data) => contents.extend(data),
                        Err(error) => break Err(error),
                    }
                    if contents.len() < before + size {
                        break Ok(contents.len() - before);
                    }
                };
                r.call(format_args!("the last read of {size}"), last);
                r.granules("read", &contents);
                r.read(fd, size);
            });
        }
    })
}

/// What two descriptors write in turn, each next to the other's, both show.
pub fn part_two_descriptors(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, one| {
            r.with(layout.name(), O_RDWR, |r, two| {
                for (number, (at, length)) in partial::WRITES.iter().enumerate() {
                    let (first, second) = if number % 2 == 0 {
                        (one, two)
                    } else {
                        (two, one)
                    };
                    let half = length / 2;
                    r.pwrite(first, partial::data(2, *at, half), *at as i64);
                    let rest = partial::data(3, at + half, length - half);
                    r.pwrite(second, rest, (at + half) as i64);
                    let around = at - 10..at + length + 10;
                    let seen = sys::read(first.raw(), around.len(), Some(around.start as i64));
                    r.call("seen", seen.map(|data| show(&data)));
                }
                r.all_of(one);
                r.all_of(two);
            });
        });
    })
}
