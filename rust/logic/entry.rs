// SPDX-License-Identifier: GPL-2.0-only

//! One name in one layer.

use super::mode::Kind;

/// One name in one layer, independent of its encoding there (a 0:0 character device, an attribute,
/// a name prefix).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayerEntry {
    /// Nothing: the layers beneath decide.
    Absent,
    /// The name is hidden: whatever the layers beneath say, it is not there.
    Whiteout,
    /// A directory.
    Directory {
        /// Whether it hides the directories beneath it instead of merging with them.
        opaque: bool,
    },
    /// An object that is not a directory.
    Leaf(Kind),
    /// A regular file without data of its own: they are those of the next file beneath.
    WithoutData,
}

impl LayerEntry {
    /// The entry for an object of `kind` that is no whiteout; `opaque` counts for directories only.
    pub const fn of(kind: Kind, opaque: bool) -> LayerEntry {
        match kind {
            Kind::Directory => LayerEntry::Directory { opaque },
            leaf => LayerEntry::Leaf(leaf),
        }
    }
}
