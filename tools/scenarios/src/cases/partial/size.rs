// SPDX-License-Identifier: GPL-2.0-only
//! Changing the size of a large file of which some pieces have been written.

use crate::prelude::*;

/// Where a file is cut, one after the other: within the last granule, within others, between two, in the hole, and
/// near the beginning.
const CUTS: &[i64] = &[
    307_250, 307_200, 270_001, 204_800, 205_850, 153_700, 150_000, 131_072, 120_001, 20_001, 4096,
    5,
];

/// A file that has been cut and made longer again has zeros there, and no old bytes.
pub fn part_truncate_down_up(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        for (number, cut) in CUTS.iter().enumerate() {
            r.truncate(layout.name(), *cut);
            if number % 2 == 0 {
                r.whole(layout.name());
            }
            r.truncate(layout.name(), partial::SIZE as i64 + 5000);
            r.whole(layout.name());
        }
    })
}

/// The same by one descriptor, each cut followed by a write beyond the end instead.
pub fn part_ftruncate_write(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            for cut in CUTS {
                r.ftruncate(fd, *cut);
                r.pwrite(fd, partial::data(2, 0, 100), cut + 30_000);
                r.all_of(fd);
            }
        });
    })
}

/// The first change of a file cuts it, or makes it longer.
pub fn part_truncate_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, |r, layout| {
        let size = match layout {
            Layout::Alternating => 250_001,
            Layout::Half => 206_000,
            Layout::One => 400_001,
        };
        r.truncate(layout.name(), size);
        r.whole(layout.name());
        layout.write(r);
        r.truncate(layout.name(), partial::SIZE as i64);
    })
}

/// A file is cut to the size that it has, before anything is written to it and afterwards. Which times that changes
/// is up to the file system, and on tmpfs to what the file holds.
pub fn part_truncate_same(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, |r, layout| {
        let name = layout.name();
        if layout != Layout::Alternating {
            r.chmod(name, 0o600);
        }
        r.truncate(name, partial::SIZE as i64);
        r.stat(name);
        layout.write(r);
        r.utimens(name, (5, 6));
        r.truncate(name, partial::SIZE as i64);
        r.stat(name);
    })
}

/// Longer files have zeros behind their old end, also where the last granule was copied.
pub fn part_truncate_up(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        for size in [partial::SIZE as i64 + 1, 311_296, 311_297, 400_000] {
            r.truncate(layout.name(), size);
            r.whole(layout.name());
        }
        r.put(layout.name(), O_WRONLY | O_APPEND, "the end");
    })
}

/// A file is emptied by truncate, ftruncate and O_TRUNC, and nothing of it comes back.
pub fn part_truncate_zero(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, old| {
            match layout {
                Layout::Alternating => drop(r.truncate(layout.name(), 0)),
                Layout::Half => r.with(layout.name(), O_RDWR, |r, fd| {
                    r.ftruncate(fd, 0);
                }),
                Layout::One => r.with(layout.name(), O_WRONLY | O_TRUNC, |_, _| {}),
            }
            r.all_of(old);
            r.fstat(old);
            r.truncate(layout.name(), partial::SIZE as i64);
            r.all_of(old);
        });
        r.with(layout.name(), O_RDWR, |r, fd| {
            r.write_ranges(fd, 2, partial::WRITES);
        });
    })
}

/// A descriptor that reads sees each cut at once: the end of the file, and zeros when it is longer again.
pub fn part_truncate_reader(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, reader| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                for cut in CUTS {
                    r.lseek(reader, cut - 5, SEEK_SET);
                    r.ftruncate(fd, *cut);
                    r.read(reader, 100);
                    r.read(reader, 100);
                    r.ftruncate(fd, partial::SIZE as i64);
                    r.read(reader, 5000);
                }
            });
        });
    })
}
