// SPDX-License-Identifier: GPL-2.0-only

//! The names of options, and what follows them.

/// What follows the name of an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A word.
    Word,
    /// A list of paths, with escapes.
    Paths,
    /// One path with escapes, or a file descriptor.
    EscapedPath,
    /// One path as it stands, or a file descriptor.
    Path,
}

macro_rules! keys {
    ($($(#[doc = $doc:expr])* $key:ident = $name:literal, $takes:ident;)*) => {
        /// An option.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Key {
            $($(#[doc = $doc])* $key,)*
        }

        impl Key {
            /// Every option, in the order in which they are documented.
            pub const ALL: &'static [Key] = &[$(Key::$key,)*];

            /// The name of the option.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Key::$key => $name,)*
                }
            }

            /// What follows the name.
            pub const fn takes(self) -> Takes {
                match self {
                    $(Key::$key => Takes::$takes,)*
                }
            }
        }
    };
}

keys! {
    /// The lower layers, topmost first.
    Lowerdir = "lowerdir", Paths;
    /// One more lower layer, beneath those given so far.
    LowerdirAdd = "lowerdir+", Path;
    /// A data-only lower layer.
    DatadirAdd = "datadir+", Path;
    /// The upper layer.
    Upperdir = "upperdir", EscapedPath;
    /// The work directory, on the file system of the upper layer.
    Workdir = "workdir", EscapedPath;
    /// Private attributes in the `user.` name space.
    Userxattr = "userxattr", Nothing;
    /// Require lower layers that cannot be written to.
    HardRo = "hard_ro", Nothing;
    /// One more mount of the union that has these layers, if there is one.
    Share = "share", Nothing;
    /// Ignore power cuts.
    Volatile = "volatile", Nothing;
    /// What a power cut may destroy.
    Fsync = "fsync", Word;
    /// Which whiteouts lower layers have.
    Whiteout = "whiteout", Word;
    /// Which type of file system statfs shows.
    Statfs = "statfs", Word;
    /// Whether what directories list is relied on, and recorded.
    Fallthru = "fallthru", Word;
    /// Which identity of the file system to show.
    Uuid = "uuid", Word;
    /// Check permissions by mode bits, as is always done.
    DefaultPermissions = "default_permissions", Nothing;
    /// Whether lower directories can be renamed.
    RedirectDir = "redirect_dir", Word;
    /// Whether hard links survive copy-up.
    Index = "index", Word;
    /// Whether file handles survive for export.
    NfsExport = "nfs_export", Word;
    /// Whether inode numbers of all layers share one space.
    Xino = "xino", Word;
    /// Whether files whose data are in a layer beneath are shown.
    Metacopy = "metacopy", Word;
    /// Whether files of which some data are in a layer beneath are made.
    Partial = "partial", Word;
    /// Whether data in a layer beneath are checked against digests.
    Verity = "verity", Word;
}

impl Key {
    /// The option of this name.
    pub fn from_name(name: &[u8]) -> Option<Key> {
        Key::ALL
            .iter()
            .copied()
            .find(|key| key.name().as_bytes() == name)
    }
}
