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
//! That is the *natural* number of an object. As long as every object shows its own, all differ. A
//! copy in the upper layer should show the number of the lower object it was made from, so it must
//! be certain that no other object does, whatever has happened to the layers since. Two things can
//! prove it:
//!
//! *Its place.* The lower object lies beneath the copy, under the same name of the same directory,
//! and has no other name ([`Beneath::is_origin_of`]). Then the copy hides it. The number is that of
//! the object there now; the record in the copy says which layer to look in, and whether it is
//! still the object that was copied.
//!
//! *A reservation.* A copy that leaves its place, or gets a second name, has its number reserved
//! first: from then on the number belongs to this one inode of the upper layer, and another object
//! with this natural number shows a different one ([`instead`]). Reservations are stored beside the
//! work directory. If one is lost, the copy loses its number; if its inode no longer exists, the
//! number is unused.
//!
//! A copy without either proof has its own natural number.
//!
//! With a redirect the same lower directory can show at two places. Objects below a redirect have
//! numbers in a separate space ([`Space`]), so the place is a proof there, too.
//!
//! 32-bit programs cannot get such numbers; they get others ([`Inums::short`]), made only from the
//! 64-bit number:
//!
//! ```text
//! bit 31   30 .. 28          27 .. 0
//!    0     file system       inode number there          when both fit
//!    1     hash of the number in 64 bits                 otherwise
//! ```
//!
//! 28 bits hold the numbers of most file systems, for instance those of an erofs image of 8 GiB,
//! which counts in units of 32 bytes. Hashed ones may collide.

use super::hash;
use super::value::{Handle, Mark};

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

    /// The number for 32-bit programs of the number `ino` of the union.
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

/// The number of an object whose natural number is reserved for another one.
pub const fn instead(number: u64) -> u64 {
    Space(INSTEAD).hashed(number)
}

/// The number of an object with this natural number: the first unreserved one of the chain natural
/// number, [`instead`] of it, instead of that, and so on. `is_reserved` is called at most
/// [`MAX_CHAIN`] times.
pub fn shown(natural: u64, mut is_reserved: impl FnMut(u64) -> bool) -> u64 {
    let mut number = natural;
    for _ in 0..MAX_CHAIN {
        if !is_reserved(number) {
            break;
        }
        number = instead(number);
    }
    number
}

/// Maximum length of a chain of reserved numbers. A chain grows by one when a layer is exchanged
/// and the object with exactly that number moves, so real chains are short. A user who may write
/// beside the work directory can store a longer one, and each lookup of an object would follow it
/// while others wait; beyond the limit, only that user's numbers collide.
pub const MAX_CHAIN: usize = 64;

/// Keeps the numbers of spaces and of [`instead`] apart from those of file systems.
const INSTEAD: u64 = 0x756e_696f_6e00_0001;

/// The number space of the lower objects of a directory: the natural one almost everywhere, a
/// separate one below a redirect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space(u64);

impl Space {
    /// Where there is no redirect.
    pub const NATURAL: Self = Space(0);

    /// The space below a redirect in a directory of this space. `carrier`: the natural number of
    /// the object with the redirect.
    #[must_use]
    pub const fn redirected(self, carrier: u64) -> Self {
        Space(hash::combine(hash::combine(INSTEAD, self.0), carrier) | 1)
    }

    /// Whether numbers differ from the natural ones.
    pub const fn is_natural(self) -> bool {
        self.0 == 0
    }

    /// The identity of the space.
    pub const fn id(self) -> u64 {
        self.0
    }

    /// The space with this identity.
    pub const fn with_id(id: u64) -> Self {
        Space(id)
    }

    /// The number of a lower object with this natural number. One with several links has the natural one in every
    /// space: it has it under all its names, and loses it when it is copied up.
    pub const fn number(self, natural: u64, several_links: bool) -> u64 {
        match self.is_natural() || several_links {
            true => natural,
            false => self.hashed(natural),
        }
    }

    const fn hashed(self, number: u64) -> u64 {
        HASHED | hash::spread(number ^ hash::spread(self.0)) >> 1
    }
}

/// A lower object that lies under the same name as a copy, in a lower directory of the same directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beneath {
    /// The identity of its file system, as far as there is one.
    pub tag: u32,
    /// Its handle.
    pub handle: Handle,
    /// The number it would show.
    pub number: u64,
    /// Whether it is of the same type as the copy.
    pub same_type: bool,
    /// Whether it has no other name: both it and the copy are directories or have a single link.
    pub single: bool,
}

impl Beneath {
    /// Whether it is the origin of the object with this mark, so that the copy has its number.
    ///
    /// For uniqueness it must be hidden and have no other name. It need be the copied object only
    /// so that the number stays constant; if a mark of version 1, or a file system without handles,
    /// has only a number, an equal number is enough.
    pub fn is_origin_of(&self, mark: &Mark) -> bool {
        let same = match &mark.origin {
            None => self.number == mark.number,
            Some(origin) if origin.tag != self.tag => false,
            Some(origin) if origin.object.is_none() => self.number == mark.number,
            Some(origin) => self.handle.is_stored_as(&origin.object),
        };
        same && self.same_type && self.single
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
