// SPDX-License-Identifier: GPL-2.0-only

//! What the options choose between.

/// What a power cut may destroy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fsync {
    /// The data of a copied-up file reaches the disk before the file appears under its name.
    #[default]
    Auto,
    /// The same for everything that is copied up.
    Strict,
    /// Nothing is synced; after a crash the upper layer must be thrown away.
    Volatile,
}

impl Fsync {
    /// The value of the option.
    pub const fn name(self) -> &'static str {
        match self {
            Fsync::Auto => "auto",
            Fsync::Strict => "strict",
            Fsync::Volatile => "volatile",
        }
    }
}

/// Which identity the file system has: its UUID, and what statfs shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Uuid {
    /// One of its own, except for an upper layer that was used without.
    #[default]
    Auto,
    /// One of its own, recorded in the upper layer.
    On,
    /// That of the file system of the upper layer, or of the topmost layer.
    Null,
    /// The same; and records of lower objects are valid whatever UUID their file system has now.
    Off,
}

impl Uuid {
    /// The value of the option.
    pub const fn name(self) -> &'static str {
        match self {
            Uuid::Auto => "auto",
            Uuid::On => "on",
            Uuid::Null => "null",
            Uuid::Off => "off",
        }
    }
}

/// Which type of file system statfs shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StatfsType {
    /// The union's own.
    #[default]
    Union,
    /// FUSE's: containers/storage uses it to check that a mount by its mount program still exists.
    Fuse,
}

/// Which whiteouts lower layers have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Whiteouts {
    /// Those of overlayfs: devices and attributes.
    #[default]
    Overlay,
    /// Those of aufs as well ([`aufs`](super::super::aufs)).
    Aufs,
}

/// What is done about redirects, which lead to the lower parts of a directory that was renamed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Redirects {
    /// They are followed, and made when a directory with lower parts is renamed. With attributes in
    /// `user.` they are neither: the owner of a directory could have written one, and reach through it
    /// what permissions deny.
    #[default]
    Make,
    /// They are followed. To rename such a directory is refused (`EXDEV`).
    Follow,
    /// A directory that has one is refused.
    Refuse,
}

/// What is done about a file whose data are in a layer beneath ([`value::Metacopy`](super::super::value::Metacopy)).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Metacopy {
    /// It is shown with the data of that layer.
    #[default]
    On,
    /// It is refused. With attributes in `user.` it always is: the owner of a file could have made
    /// the mark, and read through it what permissions deny.
    Off,
}

/// Whether data in a layer beneath must have the fs-verity digest recorded with the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verity {
    /// Digests are ignored.
    #[default]
    Off,
    /// Data must have the digest, if one is recorded.
    On,
    /// A file without a recorded digest is refused.
    Require,
}

impl Verity {
    /// The value of the option.
    pub const fn name(self) -> &'static str {
        match self {
            Verity::Off => "off",
            Verity::On => "on",
            Verity::Require => "require",
        }
    }
}
