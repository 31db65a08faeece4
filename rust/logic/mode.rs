// SPDX-License-Identifier: GPL-2.0-only

//! Types and permissions of objects.

/// The bits of a mode that say no type.
pub const PERMISSIONS: u16 = 0o7777;
/// Set-user-id.
pub const SET_USER_ID: u16 = 0o4000;
/// The set-group-id bit.
pub const SET_GROUP_ID: u16 = 0o2000;
/// That the group may execute the file.
pub const GROUP_EXECUTE: u16 = 0o0010;

/// The type of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A character device. A whiteout, though stored as one, is never called so.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Kind; 7] = [
        Kind::Regular,
        Kind::Directory,
        Kind::Symlink,
        Kind::CharDevice,
        Kind::BlockDevice,
        Kind::Fifo,
        Kind::Socket,
    ];

    /// The kind in the type bits of a mode; the other bits do not matter.
    pub const fn from_mode(mode: u16) -> Option<Kind> {
        // A `DT_` value is the type bits of the mode, moved down: the kernel's S_DT().
        match mode >> 12 {
            0o01 => Some(Kind::Fifo),
            0o02 => Some(Kind::CharDevice),
            0o04 => Some(Kind::Directory),
            0o06 => Some(Kind::BlockDevice),
            0o10 => Some(Kind::Regular),
            0o12 => Some(Kind::Symlink),
            0o14 => Some(Kind::Socket),
            _ => None,
        }
    }

    /// The type bits of a mode.
    pub const fn to_mode(self) -> u16 {
        match self {
            Kind::Fifo => 0o010000,
            Kind::CharDevice => 0o020000,
            Kind::Directory => 0o040000,
            Kind::BlockDevice => 0o060000,
            Kind::Regular => 0o100000,
            Kind::Symlink => 0o120000,
            Kind::Socket => 0o140000,
        }
    }

    /// The mode of an object of this kind with these permissions.
    pub const fn with(self, permissions: u16) -> u16 {
        self.to_mode() | permissions & PERMISSIONS
    }

    /// The kind of a directory entry's `DT_` value; none for `DT_UNKNOWN` and `DT_WHT`.
    pub const fn from_dt(dt: u8) -> Option<Kind> {
        match dt {
            1 => Some(Kind::Fifo),
            2 => Some(Kind::CharDevice),
            4 => Some(Kind::Directory),
            6 => Some(Kind::BlockDevice),
            8 => Some(Kind::Regular),
            10 => Some(Kind::Symlink),
            12 => Some(Kind::Socket),
            _ => None,
        }
    }

    /// The `DT_` value of a directory entry of this kind.
    pub const fn to_dt(self) -> u8 {
        match self {
            Kind::Fifo => 1,
            Kind::CharDevice => 2,
            Kind::Directory => 4,
            Kind::BlockDevice => 6,
            Kind::Regular => 8,
            Kind::Symlink => 10,
            Kind::Socket => 12,
        }
    }

    /// Whether this is a directory: the one kind that layers merge.
    pub const fn is_directory(self) -> bool {
        matches!(self, Kind::Directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_dt_values_agree() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_mode(kind.to_mode() | 0o7777), Some(kind));
            assert_eq!(Kind::from_dt(kind.to_dt()), Some(kind));
            assert_eq!(u16::from(kind.to_dt()) << 12, kind.to_mode());
        }
    }

    #[test]
    fn unknown_types_are_no_kind() {
        assert_eq!(Kind::from_dt(0), None, "DT_UNKNOWN");
        assert_eq!(Kind::from_dt(14), None, "DT_WHT");
        assert_eq!(Kind::from_mode(0o644), None);
        assert_eq!(Kind::from_mode(0o170000), None);
        assert_eq!((0..=255).filter_map(Kind::from_dt).count(), Kind::ALL.len());
    }
}
