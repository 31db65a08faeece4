// SPDX-License-Identifier: GPL-2.0-only
//! Large lower files of which a program writes some pieces before a scenario uses them. A union may copy only what was
//! written and read the rest from below, in units of [`GRANULE`]: no call may show a difference.

use std::fmt::Display;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::run::{Fd, O_RDONLY, O_WRONLY, Piece, Run, slurp};
use crate::scenario::{Steps, steps};
use crate::sys;
use crate::tree::{Builder, Entry};
use crate::walk::hash;

/// The unit of such a copy.
pub const GRANULE: usize = 4096;

/// Bytes of a file; the last granule is not a whole one.
pub const SIZE: usize = (300 << 10) + 123;

/// Where nothing but zeros is: whole blocks of every file system.
pub const HOLE: Range<usize> = 112 << 10..176 << 10;

/// Where the written half of a file ends, within a granule.
const HALF: usize = SIZE / 2;

/// The one piece of a file that is written otherwise, within a granule.
const ONE: Range<usize> = 205_800..205_900;

/// Offsets and lengths of reads: within a granule and within a piece, at each kind of boundary, across several pieces,
/// over the end and beyond it.
pub const RANGES: &[(usize, usize)] = &[
    (0, 1),
    (1, 4094),
    (4095, 1),
    (4095, 2),
    (1, 4096),
    (2047, 12_291),
    (8192, 8192),
    (40_000, 90_000),
    (HOLE.start - 8, 16),
    (HOLE.start, HOLE.end - HOLE.start),
    (HOLE.end - 3, 10),
    (HALF - 5, 10),
    (155_640, 20),
    (ONE.start - 5, 10),
    (ONE.end - 5, 10),
    (204_799, 2),
    (208_895, 2),
    (307_199, 2),
    (307_200, 123),
    (307_000, 5000),
    (SIZE - 1, 1),
    (SIZE, 10),
    (SIZE + 5000, 10),
    (0, SIZE),
];

/// Offsets and lengths of writes, which do not overlap: across boundaries of granules, pieces and the hole, in one
/// granule, over several, and in the last one.
pub const WRITES: &[(usize, usize)] = &[
    (4095, 2),
    (8200, 4096),
    (20_470, 8202),
    (HOLE.start - 100, 5000),
    (HALF - 50, 100),
    (HOLE.end - 1, 2),
    (ONE.start - 20, 40),
    (230_001, 33_333),
    (307_190, 20),
    (SIZE - 3, 2),
];

/// Bytes of a generation for the place `at` of a file: those of the lower file, generation 0, are odd, and all others
/// even and not zero.
pub fn data(generation: u64, at: usize, length: usize) -> Vec<u8> {
    let byte = |at: usize| {
        let mixed = (at as u64 + (generation << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let byte = ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8;
        match generation {
            0 => byte | 1,
            _ => (byte & !1).max(2),
        }
    };
    (at..at + length).map(byte).collect()
}

/// Of what the written pieces are.
const WRITTEN: u64 = 1;

/// The contents of the lower file.
fn lower() -> &'static [u8] {
    static CONTENTS: OnceLock<Vec<u8>> = OnceLock::new();
    CONTENTS.get_or_init(|| {
        let mut contents = data(0, 0, SIZE);
        contents[HOLE].fill(0);
        contents
    })
}

/// How the zeros in the middle of a lower file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Middle {
    /// As a hole, which no image can hold.
    Hole,
    /// As bytes.
    Zeros,
}

/// Which pieces of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Every other granule.
    Alternating,
    /// The first half.
    Half,
    /// A part of one granule.
    One,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Alternating, Self::Half, Self::One];

    /// The name of the file that has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alternating => "alternating",
            Self::Half => "half",
            Self::One => "one",
        }
    }

    /// The pieces.
    pub fn pieces(self) -> Vec<Range<usize>> {
        match self {
            Self::Alternating => (0..SIZE)
                .step_by(2 * GRANULE)
                .map(|at| at..at + GRANULE)
                .collect(),
            Self::Half => std::iter::once(0..HALF).collect(),
            Self::One => std::iter::once(ONE).collect(),
        }
    }

    /// The contents of the file when they are written.
    pub fn contents(self) -> Vec<u8> {
        let mut contents = lower().to_vec();
        for piece in self.pieces() {
            contents[piece.clone()].copy_from_slice(&data(WRITTEN, piece.start, piece.len()));
        }
        contents
    }

    /// Writes the pieces: one line.
    pub fn write(self, r: &mut Run) {
        self.write_from(r, |piece| data(WRITTEN, piece.start, piece.len()));
    }

    /// The same with other data.
    pub fn write_from(self, r: &mut Run, data: impl Fn(&Range<usize>) -> Vec<u8>) {
        let result = sys::open(self.name(), O_WRONLY, 0).and_then(|fd| {
            let written: sys::Result<usize> = self
                .pieces()
                .iter()
                .map(|piece| sys::write(fd, &data(piece), Some(piece.start as i64)))
                .sum();
            sys::close(fd).and(written)
        });
        r.call(format_args!("write pieces of {}", self.name()), result);
    }
}

/// Describes a lower file.
pub fn file(b: &mut Builder, path: &str, middle: Middle) {
    let contents = lower();
    match middle {
        Middle::Zeros => b.file(path, contents),
        Middle::Hole => sparse(b, path, contents),
    };
}

fn sparse<'a>(b: &'a mut Builder, path: &str, contents: &[u8]) -> &'a mut Entry {
    let pieces = [
        (0, &contents[..HOLE.start]),
        (HOLE.end as u64, &contents[HOLE.end..]),
    ];
    b.sparse(path, SIZE as u64, &pieces)
}

/// Runs `op` on a file of each layout, whose pieces it writes itself, and shows the file afterwards.
pub fn each_unwritten(
    b: &mut Builder,
    middle: Middle,
    op: impl Fn(&mut Run, Layout) + 'static,
) -> Steps {
    for layout in Layout::ALL {
        file(b, layout.name(), middle);
    }
    on_each(|_, _| {}, op)
}

/// Runs `op` on a file of each layout, and shows the file afterwards.
pub fn each(b: &mut Builder, middle: Middle, op: impl Fn(&mut Run, Layout) + 'static) -> Steps {
    for layout in Layout::ALL {
        file(b, layout.name(), middle);
    }
    on_each(|r, layout| layout.write(r), op)
}

/// The steps for files that are described already: all are prepared before the first is used.
pub fn on_each(
    prepare: impl Fn(&mut Run, Layout) + 'static,
    op: impl Fn(&mut Run, Layout) + 'static,
) -> Steps {
    steps(move |r| {
        for layout in Layout::ALL {
            prepare(r, layout);
        }
        for layout in Layout::ALL {
            r.note(format_args!("-- {}", layout.name()));
            op(r, layout);
            r.whole(layout.name());
        }
    })
    .not_on(
        &["read-only", "read-only-erofs"],
        "no pieces can be written there",
    )
}

/// Repeats a call that may move less than it is asked for, until all is moved or there is no more. The call gets how
/// much has been moved and how much is left.
pub fn all(
    length: usize,
    mut call: impl FnMut(usize, usize) -> sys::Result<i64>,
) -> sys::Result<usize> {
    let mut moved = 0;
    while moved < length {
        match call(moved, length - moved)? {
            0 => break,
            count => moved += count as usize,
        }
    }
    Ok(moved)
}

/// The length of some data, and a short hash of each granule that is not zero: two lines differ where the data do.
pub fn granules(data: &[u8]) -> String {
    let words = data.chunks(GRANULE).map(|granule| {
        if granule.iter().all(|byte| *byte == 0) {
            "-".to_owned()
        } else {
            format!("{:04x}", hash(granule) as u16)
        }
    });
    let words: Vec<_> = words.collect();
    format!("{} bytes [{}]", data.len(), words.join(" "))
}

impl Run<'_> {
    /// Records the granules of some data.
    pub fn granules(&mut self, what: impl Display, data: &[u8]) {
        self.note(format_args!("{what}: {}", granules(data)));
    }

    /// Opens a file by its name and records the granules of all of it.
    pub fn whole(&mut self, path: &str) {
        let result = slurp(path).map(|data| granules(&data));
        self.call(format_args!("whole({path:?})"), result);
    }

    /// Records the granules of all that a descriptor shows in one read.
    pub fn all_of(&mut self, fd: Fd) {
        let result = sys::read(fd.raw(), 1 << 20, Some(0)).map(|data| granules(&data));
        self.call(format_args!("all of {fd}"), result);
    }

    /// Runs `steps` with a descriptor, and closes it.
    pub fn with(&mut self, path: &str, flags: i32, steps: impl FnOnce(&mut Self, Fd)) {
        let fd = self.open(path, flags);
        steps(self, fd);
        self.close(fd);
    }

    /// Writes data of a generation to each range.
    pub fn write_ranges(&mut self, fd: Fd, generation: u64, ranges: &[(usize, usize)]) {
        for (at, length) in ranges {
            self.pwrite(fd, data(generation, *at, *length), *at as i64);
        }
    }

    /// The same by one call of pwritev2(2) with `flags` for each.
    pub fn write_ranges_with(&mut self, fd: Fd, generation: u64, flags: i32) {
        for (at, length) in WRITES {
            let data = data(generation, *at, *length);
            self.pwritev2(fd, &[Piece::Data(&data)], *at as i64, flags);
        }
    }

    /// Runs `change` while a thread reads the file again and again, at least twice, through a descriptor of its own:
    /// each byte must be that of one of the versions, and zero beyond the end of a version.
    pub fn read_during(
        &mut self,
        path: &str,
        versions: Vec<Vec<u8>>,
        change: impl FnOnce(&mut Self),
    ) {
        let fd = sys::open(path, O_RDONLY, 0).unwrap_or(-1);
        self.in_child(|r| {
            let done = Arc::new(AtomicBool::new(false));
            let seen = done.clone();
            let reader = std::thread::spawn(move || {
                let mut passes = 0;
                while passes < 2 || !seen.load(Ordering::Relaxed) {
                    for at in (0..SIZE).step_by(9_001) {
                        let data = sys::read(fd, 9_001, Some(at as i64))?;
                        let of_version = |(index, byte): (usize, &u8)| {
                            let is =
                                |version: &Vec<u8>| version.get(at + index).unwrap_or(&0) == byte;
                            versions.iter().any(is)
                        };
                        if let Some(wrong) = data.iter().enumerate().position(|it| !of_version(it))
                        {
                            return Ok(Some(at + wrong));
                        }
                    }
                    passes += 1;
                }
                sys::Result::Ok(None)
            });
            change(r);
            done.store(true, Ordering::Relaxed);
            match reader.join() {
                Ok(Ok(wrong)) => r.note(format_args!("a wrong byte was read at {wrong:?}")),
                Ok(Err(error)) => r.note(format_args!("a read failed: {error}")),
                Err(_) => r.note("the reader panicked"),
            }
        });
        let _ = sys::close(fd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_layout_and_no_others_are_new() {
        for layout in Layout::ALL {
            let contents = layout.contents();
            let pieces = layout.pieces();
            for (at, byte) in contents.into_iter().enumerate() {
                let written = pieces.iter().any(|piece| piece.contains(&at));
                let is_new = byte != 0 && byte % 2 == 0;
                assert_eq!(is_new, written, "{layout:?}: {at}");
                assert_eq!(byte == 0, !written && HOLE.contains(&at));
            }
        }
    }

    #[test]
    fn writes_do_not_overlap_and_stay_within_the_file() {
        let ends = WRITES.iter().map(|(at, length)| at + length);
        let next = WRITES.iter().map(|(at, _)| *at).skip(1).chain([SIZE]);
        assert!(ends.zip(next).all(|(end, next)| end <= next));
    }

    #[test]
    fn moving_in_parts_ends_with_the_last_byte_or_the_first_nothing() {
        let three = |_, left: usize| Ok(left.min(3) as i64);
        assert_eq!(all(10, three), Ok(10));
        assert_eq!(all(10, |moved, _| Ok(if moved < 6 { 3 } else { 0 })), Ok(6));
    }
}
