// SPDX-License-Identifier: GPL-2.0-only
//! Self-describing contents: every cell of a file has its file, its writer, and its position. So the contents of a disk
//! after a power cut can be distinguished: an old cell, a new one, one of another file, zeros.

/// Size of a cell. Files consist of whole cells, and so do sectors, so that no power cut tears one.
pub const CELL: usize = 64;

/// The state of a cell of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Zeros: a hole, or space that was never written.
    Zero,
    /// Written by the operation of this number, 0 being the contents of a lower layer.
    Version(usize),
    /// Of another file, of another place in the file, or never written.
    Foreign,
}

/// The bytes of a cell.
pub fn encode(inode: usize, version: usize, index: usize) -> [u8; CELL] {
    let mut cell = [b'-'; CELL];
    for half in cell.chunks_exact_mut(CELL / 2) {
        for (place, number, end) in [(0, inode, b'.'), (9, version, b'.'), (18, index, b'|')] {
            for (at, digit) in half[place..place + 8].iter_mut().enumerate() {
                *digit = b"0123456789abcdef"[number >> (28 - 4 * at) & 15];
            }
            half[place + 8] = end;
        }
    }
    cell[CELL - 1] = b'\n';
    cell
}

/// The bytes of `count` cells from `index` on.
pub fn encode_run(inode: usize, version: usize, index: usize, count: usize) -> Vec<u8> {
    (index..index + count)
        .flat_map(|index| encode(inode, version, index))
        .collect()
}

/// The state of the bytes at `index` of a file.
pub fn decode(inode: usize, index: usize, bytes: &[u8]) -> Cell {
    // A cell never begins with a zero.
    if bytes.first() == Some(&0) && bytes.iter().all(|byte| *byte == 0) {
        return Cell::Zero;
    }
    let version = bytes
        .get(9..17)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| usize::from_str_radix(digits, 16).ok());
    match version {
        Some(version) if encode(inode, version, index) == bytes => Cell::Version(version),
        _ => Cell::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_says_what_it_is() {
        let cell = encode(7, 0x1234, 99);
        assert!(cell.starts_with(b"00000007.00001234.00000063|-"));
        assert_eq!(decode(7, 99, &cell), Cell::Version(0x1234));
        assert_eq!(decode(7, 98, &cell), Cell::Foreign);
        assert_eq!(decode(6, 99, &cell), Cell::Foreign);
        assert_eq!(decode(7, 99, &[0; CELL]), Cell::Zero);
        let mut torn = cell;
        torn[40] = 0;
        assert_eq!(decode(7, 99, &torn), Cell::Foreign);
        assert_eq!(decode(7, 99, &cell[..20]), Cell::Foreign);
    }

    #[test]
    fn a_run_is_its_cells() {
        let run = encode_run(1, 2, 3, 2);
        assert_eq!(run[..CELL], encode(1, 2, 3));
        assert_eq!(run[CELL..], encode(1, 2, 4));
    }
}
