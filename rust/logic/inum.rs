// SPDX-License-Identifier: GPL-2.0-only

//! Inode numbers of the union, made from those of its file systems.
//!
//! The union has one device number, so the numbers of several file systems must share one space. A
//! number depends on nothing but the file system and the number there, so it is the same after a
//! copy-up (which records it), a rename and a remount.
//!
//! A file system may itself be several number spaces, *parts*: the subvolumes of btrfs, what an
//! overlayfs takes from several file systems. The part a layer begins in counts as a file system;
//! what lies in another part gets a hashed number.
//!
//! ```text
//! bit 63   62 .. 47          46 .. 0
//!    0     file system       inode number there          when both fit
//!    1     hash of both                                  otherwise
//! ```
//!
//! The widths are fixed: adding a layer from a further file system changes no number of the others.
//!
//! Programs of 32 bits cannot be told such numbers, so these get others ([`Inums::short`]), made of
//! the number in 64 bits and nothing else:
//!
//! ```text
//! bit 31   30 .. 28          27 .. 0
//!    0     file system       inode number there          when both fit
//!    1     hash of the number in 64 bits                 otherwise
//! ```
//!
//! 28 bits hold the numbers of most file systems, those of an erofs image of 8 GiB for instance,
//! which counts in 32 bytes. Hashed ones may meet.

use super::hash;

const INO_BITS: u32 = 47;
const FSID_BITS: u32 = 16;
const HASHED: u64 = 1 << 63;

const SHORT_INO_BITS: u32 = 28;
const SHORT_FSID_BITS: u32 = 3;
const SHORT_HASHED: u64 = 1 << 31;

/// The rule by which the inode numbers of one union are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inums {
    file_systems: u32,
}

impl Inums {
    /// The rule for a union whose layers lie on `file_systems` different file systems.
    pub const fn new(file_systems: u32) -> Self {
        Inums { file_systems }
    }

    /// On how many file systems the layers lie.
    pub const fn file_systems(self) -> u32 {
        self.file_systems
    }

    /// The inode number in the union of inode `ino` of file system number `fsid` (counted from 0).
    ///
    /// Never 0, which user space takes for a deleted entry. With one file system it is `ino`
    /// itself.
    pub const fn project(self, fsid: u32, ino: u64) -> u64 {
        self.project_part(fsid, 0, ino)
    }

    /// The same for an inode of part `part` of the file system; 0 is the part the layer begins in.
    pub const fn project_part(self, fsid: u32, part: u64, ino: u64) -> u64 {
        if ino != 0 && part == 0 {
            if self.file_systems <= 1 {
                return ino;
            }
            if ino >> INO_BITS == 0 && fsid >> FSID_BITS == 0 {
                return ((fsid as u64) << INO_BITS) | ino;
            }
        }
        let space = match part {
            0 => fsid as u64,
            part => hash::spread(part) ^ fsid as u64,
        };
        HASHED | hash::spread(ino ^ hash::spread(space)) >> 1
    }

    /// What a program of 32 bits is told for the number `ino` of the union: a number that fits.
    ///
    /// Never 0. With one file system it is `ino` itself if that fits, as it would be without a
    /// union.
    pub const fn short(self, ino: u64) -> u64 {
        if self.file_systems <= 1 && ino >> 32 == 0 {
            return ino;
        }
        let (fsid, rest) = (ino >> INO_BITS, ino & ((1 << INO_BITS) - 1));
        if rest >> SHORT_INO_BITS == 0 && fsid >> SHORT_FSID_BITS == 0 {
            return fsid << SHORT_INO_BITS | rest;
        }
        SHORT_HASHED | hash::spread(ino) >> 33
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_system_keeps_its_numbers() {
        let one = Inums::new(1);
        for ino in [1, 2, 1 << 46, 1 << 47, u64::MAX] {
            assert_eq!(one.project(0, ino), ino);
        }
    }

    #[test]
    fn numbers_that_fit_never_meet() {
        let many = Inums::new(500);
        assert_eq!(many.project(0, 12), 12);
        assert_eq!(many.project(3, 12), 3 << 47 | 12);
        assert_eq!(many.project(65535, (1 << 47) - 1), u64::MAX >> 1);
    }

    #[test]
    fn numbers_that_do_not_fit_are_set_apart() {
        let many = Inums::new(2);
        for (fsid, ino) in [(0, 1 << 47), (1, u64::MAX), (65536, 1)] {
            assert!(many.project(fsid, ino) >> 63 == 1, "{fsid} {ino}");
        }
        assert_ne!(many.project(0, 1 << 60), many.project(1, 1 << 60));
    }

    #[test]
    fn parts_do_not_meet() {
        let one = Inums::new(1);
        assert_eq!(one.project_part(0, 0, 257), 257);
        let numbers = [(0, 257), (258, 257), (259, 257), (258, 256)];
        let mut numbers = numbers.map(|(part, ino)| one.project_part(0, part, ino));
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
        assert_ne!(
            Inums::new(2).project_part(1, 258, 257),
            one.project_part(0, 258, 257)
        );
    }

    #[test]
    fn short_numbers_of_small_ones_never_meet() {
        let many = Inums::new(8);
        let most = (1 << 28) - 1;
        for fsid in 0..8 {
            for ino in [1, 12, most] {
                let short = many.short(many.project(fsid, ino));
                assert_eq!(short, u64::from(fsid) << 28 | ino);
            }
        }
        assert_eq!(many.short(many.project(7, most)), u64::from(u32::MAX >> 1));
        for (fsid, ino) in [(0, most + 1), (8, 1), (1, 1 << 40), (0, 1 << 60), (0, 0)] {
            let short = many.short(many.project(fsid, ino));
            assert_eq!(short >> 31, 1, "{fsid} {ino}");
        }
    }

    #[test]
    fn short_numbers_of_one_file_system_are_its_own() {
        let one = Inums::new(1);
        for ino in [1, 1 << 30, u64::from(u32::MAX)] {
            assert_eq!(one.short(ino), ino);
        }
        for ino in [1 << 32, u64::MAX, one.project_part(0, 258, 257)] {
            assert_eq!(one.short(ino) >> 31, 1, "{ino}");
        }
    }

    #[test]
    fn short_numbers_seldom_meet() {
        let many = Inums::new(2);
        let mut short: Vec<_> = (0..10_000)
            .map(|number| many.short(many.project(1, (1 << 33) + 64 * number)))
            .collect();
        short.sort_unstable();
        short.dedup();
        assert!(short.len() > 9_995, "{}", short.len());
    }

    #[test]
    fn zero_is_never_made() {
        for file_systems in [0, 1, 2] {
            assert_ne!(Inums::new(file_systems).project(0, 0), 0);
        }
    }
}
