// SPDX-License-Identifier: GPL-2.0-only

//! Calls that only a union has: ioctl(2) on an open directory, or on an open regular file of it.

/// The type of the calls (`_IOC_TYPE`).
const TYPE: u32 = 0xf7;

/// Bytes of a name, with the NUL at its end.
pub const NAME: usize = 256;

/// Restores a deleted name of a lower layer: the argument points to the name, NUL-terminated within
/// [`NAME`] bytes. `_IOW(0xf7, 1, char[256])`.
///
/// Requires `CAP_SYS_ADMIN` in the user namespace of the mount (`EPERM`), the right to make names
/// in the directory (`EACCES`), and ownership of the restored object or `CAP_FOWNER` over its owner
/// (`EPERM`). `ENOENT` if no whiteout has that name; `EEXIST` if the name is visible; `EINVAL` if
/// it is not a valid name.
pub const RESTORE: u32 = number(WRITE, 1, NAME as u32);

/// Gives the fallthru set of the directory, as a [`record`](super::record) with layers for places: the
/// argument points to a [`Buffer`]. `_IOWR(0xf7, 2, struct { __u64 address; __u64 size; })`.
///
/// Requires `CAP_SYS_ADMIN` in the user namespace of the mount. Returns 0 and sets the size to the
/// bytes used; `ERANGE`, and the size to the bytes needed, if there is not enough room.
pub const FALLTHRUS: u32 = number(READ | WRITE, 2, BUFFER as u32);

/// Bytes of the argument of [`FALLTHRUS`]: address and size of a buffer, eight bytes each.
pub const BUFFER: usize = 16;

/// Makes sure that the data of a file which is in the upper layer are there as well: of a directory of which
/// overlayfs with its default options, or a program that reads the upper directory, sees everything
/// then. A file that is in a lower layer only is left alone. The argument points to the number of bytes of
/// data copied, 0 if there was nothing to do. On a regular file. `_IOR(0xf7, 3, __u64)`.
///
/// Requires that the file is open for writing, or `CAP_SYS_ADMIN` in the user namespace of the mount
/// (`EPERM`). `EROFS` if the mount, the union or its upper layer is read-only; `EINTR` by a fatal signal.
pub const SETTLE: u32 = number(READ, 3, 8);

/// Tells where the data of a file are: the argument points to a [`Place`] and a number of bytes, those
/// that [`SETTLE`] would copy. On a regular file, and for whoever has it open.
/// `_IOR(0xf7, 4, struct { __u64 place; __u64 bytes; })`.
pub const DATA: u32 = number(READ, 4, DATA_REPLY as u32);

/// Says that no file of the upper layer is partial any more: each was settled ([`SETTLE`]). The directory
/// `work/incompat/union.partial` is then removed, which keeps overlayfs from using the upper layer. On the
/// root directory of the union, without an argument. `_IO(0xf7, 5)`.
///
/// Requires `CAP_SYS_ADMIN` in the user namespace of the mount (`EPERM`). `EBUSY` if this mount has made
/// partial files that are there still; `EINVAL` if the directory is not the root; `EROFS`.
pub const SETTLED: u32 = number(0, 5, 0);

/// Says that the lower file under a name has the rest of the data of the partial file there, which is refused
/// because it is not the lower file that was copied up: its layer was exchanged or written anew. The argument
/// is as that of [`RESTORE`]. On a directory. `_IOW(0xf7, 6, char[256])`.
///
/// Requires `CAP_SYS_ADMIN` in the user namespace of the mount (`EPERM`). `ERANGE` if the lower file has
/// another size; `EIO` if what the upper layer says of the file is damaged; `ENOENT`; `EINVAL` if the name is
/// not valid, or no regular file has it; `EROFS`. Of a file that is not refused nothing is changed.
pub const ACCEPT: u32 = number(WRITE, 6, NAME as u32);

/// Bytes of the argument of [`DATA`].
pub const DATA_REPLY: usize = 16;

/// Where the data of a regular file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the upper layer.
    Upper,
    /// In a lower layer, and the upper layer has nothing of the file.
    Lower,
    /// In a lower layer; the upper layer has the attributes.
    Below,
    /// In both: the upper layer has the pieces that were written to.
    Both,
}

impl Place {
    /// As [`DATA`] tells it.
    pub fn number(self) -> u64 {
        match self {
            Place::Upper => 0,
            Place::Lower => 1,
            Place::Below => 2,
            Place::Both => 3,
        }
    }

    /// The one with this number.
    pub fn with_number(number: u64) -> Option<Self> {
        [Place::Upper, Place::Lower, Place::Below, Place::Both]
            .into_iter()
            .find(|place| place.number() == number)
    }
}

/// Whether these bytes can name an entry of a directory, apart from their number.
pub fn names_an_entry(bytes: &[u8]) -> bool {
    !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/')
}

const WRITE: u32 = 1;
const READ: u32 = 2;

/// `_IOC()` of most architectures, x86 and arm64 among them.
const fn number(direction: u32, nr: u32, size: u32) -> u32 {
    direction << 30 | size << 16 | TYPE << 8 | nr
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_header() {
        assert_eq!(RESTORE, 0x4100_f701);
        assert_eq!(FALLTHRUS, 0xc010_f702);
        assert_eq!(SETTLE, 0x8008_f703);
        assert_eq!(DATA, 0x8010_f704);
        assert_eq!(SETTLED, 0xf705);
        assert_eq!(ACCEPT, 0x4100_f706);
    }

    #[test]
    fn places_have_numbers() {
        let numbers = [
            (0, Place::Upper),
            (1, Place::Lower),
            (2, Place::Below),
            (3, Place::Both),
        ];
        for (number, place) in numbers {
            assert_eq!(place.number(), number);
            assert_eq!(Place::with_number(number), Some(place));
        }
        assert_eq!(Place::with_number(4), None);
    }

    #[test]
    fn some_bytes_name_no_entry() {
        for name in [&b""[..], b".", b"..", b"/", b"a/b"] {
            assert!(!names_an_entry(name));
        }
        for name in [&b"a"[..], b"...", b".a"] {
            assert!(names_an_entry(name));
        }
    }
}
