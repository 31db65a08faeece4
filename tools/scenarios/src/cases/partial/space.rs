// SPDX-License-Identifier: GPL-2.0-only
//! Holes and extents of a large file of which some pieces have been written, and fallocate(2).

use crate::prelude::*;

const PUNCH: i32 = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
const END: i64 = partial::SIZE as i64;

const COLLAPSE: i32 = FALLOC_FL_COLLAPSE_RANGE;
const INSERT: i32 = libc::FALLOC_FL_INSERT_RANGE;
const ZERO: i32 = FALLOC_FL_ZERO_RANGE;
/// Calls of fallocate, each followed by a look at the whole file through another descriptor.
fn allocate(b: &mut Builder, calls: &'static [(i32, i64, i64)]) -> Steps {
    partial::each(b, Middle::Hole, move |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, reader| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                for (mode, at, length) in calls {
                    r.fallocate(fd, *mode, *at, *length);
                    r.all_of(reader);
                    r.fstat(reader);
                }
                r.write_ranges(fd, 2, partial::WRITES);
            });
        });
    })
}

/// Allocating space within a file changes no byte, and beyond the end there are zeros.
pub fn part_allocate(b: &mut Builder) -> Steps {
    allocate(
        b,
        &[
            (0, 5000, 200_000),
            (FALLOC_FL_KEEP_SIZE, END - 5000, 50_000),
            (FALLOC_FL_KEEP_SIZE, 0, END),
            (0, END - 50, 5000),
            (0, END + 20_000, 10),
        ],
    )
}

/// Holes are punched within granules, across pieces, and over the end.
pub fn part_punch(b: &mut Builder) -> Steps {
    allocate(
        b,
        &[
            (PUNCH, 100, 200),
            (PUNCH, 4000, 200),
            (PUNCH, 20_481, 20_000),
            (PUNCH, 65_536, 16_384),
            (PUNCH, 110_000, 50_000),
            (PUNCH, 205_850, 4096),
            (PUNCH, END - 50, 5000),
            (PUNCH, END + 100, 5000),
        ],
    )
}

/// The first change of a file punches a hole, allocates space, or makes zeros.
pub fn part_allocate_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, |r, layout| {
        let mode = match layout {
            Layout::Alternating => PUNCH,
            Layout::Half => ZERO,
            Layout::One => 0,
        };
        r.with(layout.name(), O_RDWR, |r, fd| {
            r.fallocate(fd, mode, 70_001, 30_000);
            r.all_of(fd);
        });
        layout.write(r);
    })
}

/// Ranges are zeroed within granules, across pieces, and over the end.
pub fn part_zero_range(b: &mut Builder) -> Steps {
    allocate(
        b,
        &[
            (ZERO, 100, 200),
            (ZERO, 4000, 200),
            (ZERO, 20_481, 20_000),
            (ZERO, 110_000, 50_000),
            (ZERO | FALLOC_FL_KEEP_SIZE, END - 50, 5000),
            (ZERO, END - 50, 5000),
        ],
    )
}

/// Blocks are cut out of a file where its file system can do that.
pub fn part_collapse(b: &mut Builder) -> Steps {
    allocate(
        b,
        &[
            (COLLAPSE, 16_384, 32_768),
            (COLLAPSE, 114_688, 16_384),
            (COLLAPSE, 0, 16_384),
            (COLLAPSE, 100, 200),
            (COLLAPSE, 0, 1 << 20),
        ],
    )
}

/// Blocks are put into a file where its file system can do that.
pub fn part_insert(b: &mut Builder) -> Steps {
    allocate(
        b,
        &[
            (INSERT, 16_384, 32_768),
            (INSERT, 114_688, 16_384),
            (INSERT, 0, 16_384),
            (INSERT, 100, 200),
            (INSERT, 1 << 20, 16_384),
        ],
    )
}

/// SEEK_DATA and SEEK_HOLE skip nothing but zeros, before and after more changes, and the last hole is at the end.
pub fn part_seek(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            walk(r, fd);
            for at in [0, 4095, 4096, 114_687, 114_688, 180_000, END - 1] {
                r.seek_data(fd, at);
            }
            for whence in [SEEK_DATA, SEEK_HOLE] {
                for at in [END, END + 1] {
                    let result = sys::lseek(fd.raw(), at, whence);
                    r.expect(format_args!("{at} is refused"), result.is_err());
                }
            }
            r.write_ranges(fd, 2, partial::WRITES);
            walk(r, fd);
            r.fallocate(fd, PUNCH, 16_384, 81_920);
            walk(r, fd);
            r.fsync(fd);
            walk(r, fd);
            r.ftruncate(fd, END + 100_000);
            walk(r, fd);
            r.ftruncate(fd, 150_001);
            walk(r, fd);
        });
    })
}

/// Follows the map of a file from hole to hole. Where they are is up to the file system.
fn walk(r: &mut Run, fd: Fd) {
    let contents = sys::read(fd.raw(), 1 << 20, Some(0)).unwrap_or_default();
    let size = contents.len();
    let mut at = 0;
    let wrong = loop {
        if at == size {
            break None;
        }
        let data = match sys::lseek(fd.raw(), at as i64, SEEK_DATA) {
            Ok(data) => data as usize,
            Err(Errno(libc::ENXIO)) => size,
            Err(error) => break Some(format!("SEEK_DATA({at}): {error}")),
        };
        if data < at || data > size || contents[at..data].iter().any(|byte| *byte != 0) {
            break Some(format!("a hole from {at} to {data}"));
        }
        if data == size {
            break None;
        }
        at = match sys::lseek(fd.raw(), data as i64, SEEK_HOLE) {
            Ok(hole) if hole as usize > data && hole as usize <= size => hole as usize,
            other => break Some(format!("SEEK_HOLE({data}): {other:?}")),
        };
    };
    r.note(format_args!("map of {size} bytes, wrong: {wrong:?}"));
}

/// FIEMAP works where it does on a plain file, and every byte that is not zero lies in an extent.
pub fn part_fiemap(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            extents(r, fd);
            r.write_ranges(fd, 2, partial::WRITES);
            extents(r, fd);
            r.fallocate(fd, PUNCH, 16_384, 81_920);
            extents(r, fd);
            r.ftruncate(fd, END + 100_000);
            extents(r, fd);
        });
        r.with(layout.name(), O_RDONLY, extents);
    })
}

/// Asks for the extents, so many at a time as one call gives.
fn extents(r: &mut Run, fd: Fd) {
    /// Writes out dirty pages before it looks.
    const SYNC: u32 = 1;
    let mut contents = sys::read(fd.raw(), 1 << 20, Some(0)).unwrap_or_default();
    let mut at = 0;
    let result = loop {
        match sys::fiemap(fd.raw(), at, u64::MAX - at, SYNC) {
            Ok(found) => {
                for (start, length, _) in &found {
                    let end = (start + length).min(contents.len() as u64) as usize;
                    let start = (*start as usize).min(end);
                    contents[start..end].fill(0);
                    at = end as u64;
                }
                if found.is_empty() || at == contents.len() as u64 {
                    break Ok(());
                }
            }
            Err(error) => break Err(error),
        }
    };
    let outside = contents.iter().position(|byte| *byte != 0);
    let result = result.map(|()| format!("outside of extents: {outside:?}"));
    r.call("FIEMAP", result);
}

/// A file takes blocks, and its size is what was written last, synced or not.
pub fn part_blocks(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        let look = |r: &mut Run| {
            r.stat(layout.name());
            let blocks = sys::stat(layout.name(), 0).map(|stat| stat.st_blocks > 0);
            r.call("it takes blocks", blocks);
        };
        look(r);
        r.with(layout.name(), O_RDWR, |r, fd| {
            look(r);
            r.fsync(fd);
            look(r);
            r.write_ranges(fd, 2, partial::WRITES);
            look(r);
            r.ftruncate(fd, 150_001);
            r.fsync(fd);
            look(r);
        });
        look(r);
    })
}
