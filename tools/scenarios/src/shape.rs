// SPDX-License-Identifier: GPL-2.0-only
//! The layer shapes that scenarios run in, as a table: the matrix grows by adding rows.

use std::collections::BTreeSet;

use crate::acl;
use crate::disk;
use crate::mount::Api;
use crate::tree::{Entry, Kind, Place};

/// A file system a layer can be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fs {
    /// Memory.
    Tmpfs,
    /// A scratch disk with ext4.
    Ext4,
    /// A scratch disk with xfs (reflinks).
    Xfs,
    /// A scratch disk with btrfs (reflinks, subvolumes).
    Btrfs,
    /// A read-only image made from the scenarios' own descriptions.
    Erofs,
    /// The same, compressed and with times of whole seconds.
    Squashfs,
    /// The same for a CD, with Rock Ridge names.
    Iso9660,
}

impl Fs {
    /// Type name for mount(2).
    pub fn name(self) -> &'static str {
        match self {
            Self::Tmpfs => "tmpfs",
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::Erofs => "erofs",
            Self::Squashfs => "squashfs",
            Self::Iso9660 => "iso9660",
        }
    }

    /// The kernel module that has it.
    pub fn module(self) -> &'static str {
        match self {
            Self::Iso9660 => "isofs",
            other => other.name(),
        }
    }

    /// Serial number of the virtio disk that carries it; memory needs none.
    pub fn disk(self) -> Option<&'static str> {
        match self {
            Self::Tmpfs => None,
            other => Some(other.name()),
        }
    }

    /// Whether it is a read-only image, made on the host from an archive.
    pub fn is_image(self) -> bool {
        matches!(self, Self::Erofs | Self::Squashfs | Self::Iso9660)
    }

    /// Whether its times have no nanoseconds.
    pub fn whole_seconds(self) -> bool {
        matches!(self, Self::Squashfs | Self::Iso9660)
    }

    /// Why a lower layer on it cannot hold an entry, if it cannot.
    pub fn refuses(self, entry: &Entry) -> Option<&'static str> {
        if !self.is_image() {
            return None;
        }
        if entry.kind == Kind::Socket {
            return Some("an archive, of which the image is made, cannot hold a socket");
        }
        if entry.kind.is_sparse() {
            return Some("the image keeps no holes");
        }
        let seconds = entry.mtime.0;
        if seconds < 0 || (self.whole_seconds() && seconds > i64::from(u32::MAX)) {
            return Some("the image holds no times so far away");
        }
        let acl = |(name, _): &(String, Vec<u8>)| name == acl::ACCESS || name == acl::DEFAULT;
        match self {
            Self::Squashfs if entry.xattrs.iter().any(acl) => Some("squashfs keeps no ACLs"),
            Self::Iso9660 if entry.path.matches('/').count() > 5 || entry.path.len() > 200 => {
                Some("ISO 9660 has neither long names nor deep trees")
            }
            Self::Iso9660 if !entry.xattrs.is_empty() => Some("ISO 9660 has no attributes"),
            // The program that makes the image does not support it.
            Self::Iso9660 if entry.path.matches('/').count() > 30 => {
                Some("ISO 9660 has no trees that deep")
            }
            Self::Iso9660 if matches!(entry.kind, Kind::Dir { opaque: true }) => {
                Some("ISO 9660 has no attributes")
            }
            Self::Iso9660 if entry.kind == Kind::Whiteout => {
                Some("isofs tells no types with names, and overlayfs then lists whiteouts")
            }
            Self::Iso9660 if matches!(&entry.kind, Kind::Symlink(to) if is_untidy(to)) => {
                Some("Rock Ridge tidies the targets of links up")
            }
            Self::Iso9660 if matches!(entry.kind, Kind::Link(_)) => {
                Some("isofs gives each name a number of its own")
            }
            _ => None,
        }
    }

    /// The command that makes an empty one, with the size of the disk in MiB; the image is the last argument.
    pub fn mkfs(self) -> Option<(&'static str, u64)> {
        let mib = match self {
            Self::Xfs => 512,
            _ => 256,
        };
        Some((disk::mkfs(self.name())?, mib))
    }
}

/// Whether a path has components without effect.
fn is_untidy(path: &str) -> bool {
    path.split('/')
        .skip(1)
        .any(|part| part.is_empty() || part == ".")
        || path.starts_with("./")
}

/// What is special about a shape besides its layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Twist {
    /// Nothing.
    None,
    /// There is no upper layer: the union is read-only, and so is its oracle.
    ReadOnly,
    /// The lower layers are one layer, a read-only mount of this type made of them.
    Nested(&'static str),
    /// The tree is a directory of the union, seen through a bind mount.
    Bind,
    /// The steps have the union as their root directory.
    Chroot,
    /// The tree is seen through an id-mapped mount of the union, as its oracle is.
    Mapped,
    /// The lower layers have whiteouts in the form of aufs.
    Aufs,
    /// Large files come to the upper layer as a whole.
    Whole,
    /// An action between one step and the next.
    Between(Turn),
}

/// The action between the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// Caches are dropped: the next step finds nothing in memory.
    DropCaches,
    /// The union is unmounted and mounted again, unless a step keeps it busy.
    Remount,
    /// The same, and the upper layer becomes the topmost lower one, below a new upper layer. Large files come to the
    /// upper layer as a whole: in a lower layer parts of them are refused.
    Rotate,
}

/// One arrangement of layers.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Name in reports: `shape/scenario`.
    pub name: &'static str,
    /// File system of the upper layer, and of the plain directory that is the oracle.
    pub upper: Fs,
    /// File systems of the lower layers, in turn.
    pub lower: &'static [Fs],
    /// Number of lower layers.
    pub lowers: usize,
    /// How the union is mounted.
    pub api: Api,
    /// What else is special.
    pub twist: Twist,
}

impl Shape {
    /// File system of the lower layer `number`, 0 being the topmost.
    pub fn lower(&self, number: usize) -> Fs {
        self.lower[number % self.lower.len()]
    }

    /// Whether `name`, in the list of those that a scenario does not run on, means this shape: by the name of the
    /// shape, by a file system of a lower layer, or by `upper:` and that of the upper layer.
    pub fn is(&self, name: &str) -> bool {
        match name.strip_prefix("upper:") {
            Some(fs) => self.upper.name() == fs,
            None => self.name == name || self.lower.iter().any(|fs| fs.name() == name),
        }
    }

    /// Whether large files come to the upper layer as a whole, which is not the default.
    pub fn copies_whole(&self) -> bool {
        matches!(self.twist, Twist::Whole | Twist::Between(Turn::Rotate))
    }

    /// Whether times of the tree must be whole seconds, on all layers and for the oracle.
    pub fn whole_seconds(&self) -> bool {
        self.lower.iter().any(|fs| fs.whole_seconds())
    }

    /// Where an image has a layer of a scenario whose tree is on `count` lower layers.
    pub fn in_image(&self, count: usize, scenario: &str, number: usize) -> String {
        let times = if self.whole_seconds() { "s" } else { "ns" };
        format!("{count}-{times}/{scenario}/{number}")
    }

    /// Why a lower layer of the shape cannot hold an entry, if it cannot.
    pub fn refuses(&self, entry: &Entry) -> Option<&'static str> {
        if entry.place == Place::Upper {
            return None;
        }
        self.lower.iter().find_map(|fs| fs.refuses(entry))
    }
}

const fn row(
    name: &'static str,
    upper: Fs,
    lower: &'static [Fs],
    lowers: usize,
    api: Api,
    twist: Twist,
) -> Shape {
    Shape {
        name,
        upper,
        lower,
        lowers,
        api,
        twist,
    }
}

/// Every shape; the first is the plainest.
pub const SHAPES: &[Shape] = {
    use Api::{Fds, Mount, Strings};
    use Fs::{Btrfs, Erofs, Ext4, Iso9660, Squashfs, Tmpfs, Xfs};
    use Twist::{Aufs, Between, Bind, Chroot, Mapped, Nested, None, ReadOnly, Whole};
    &[
        row("tmpfs", Tmpfs, &[Tmpfs], 1, Mount, None),
        row("tmpfs-2", Tmpfs, &[Tmpfs], 2, Strings, None),
        row("tmpfs-3", Tmpfs, &[Tmpfs], 3, Fds, None),
        row("tmpfs-10", Tmpfs, &[Tmpfs], 10, Mount, None),
        row("tmpfs-500", Tmpfs, &[Tmpfs], 500, Fds, None),
        row(
            "tmpfs-mixed",
            Tmpfs,
            &[Ext4, Erofs, Tmpfs, Squashfs, Xfs],
            5,
            Strings,
            None,
        ),
        row("ext4-same", Ext4, &[Ext4], 1, Strings, None),
        row("ext4-tmpfs", Ext4, &[Tmpfs], 2, Mount, None),
        row("ext4-erofs", Ext4, &[Erofs], 1, Strings, None),
        row("ext4-squashfs", Ext4, &[Squashfs], 1, Mount, None),
        row("ext4-iso", Ext4, &[Iso9660], 1, Strings, None),
        row("xfs-same", Xfs, &[Xfs], 2, Strings, None),
        row("xfs-ext4", Xfs, &[Ext4], 3, Fds, None),
        row("xfs-erofs-10", Xfs, &[Erofs], 10, Strings, None),
        row("btrfs-same", Btrfs, &[Btrfs], 2, Strings, None),
        row("btrfs-erofs", Btrfs, &[Erofs], 1, Mount, None),
        row("read-only", Tmpfs, &[Tmpfs], 2, Mount, ReadOnly),
        row("read-only-erofs", Tmpfs, &[Erofs], 3, Strings, ReadOnly),
        row("over-union", Tmpfs, &[Tmpfs], 2, Strings, Nested("union")),
        row(
            "over-overlay",
            Tmpfs,
            &[Tmpfs],
            2,
            Strings,
            Nested("overlay"),
        ),
        row("aufs", Tmpfs, &[Tmpfs], 3, Mount, Aufs),
        row("bind", Tmpfs, &[Tmpfs], 2, Strings, Bind),
        row("chroot", Tmpfs, &[Tmpfs], 1, Fds, Chroot),
        row("mapped", Tmpfs, &[Tmpfs], 2, Strings, Mapped),
        row("mapped-ext4", Ext4, &[Xfs], 2, Fds, Mapped),
        row("whole", Tmpfs, &[Tmpfs], 2, Strings, Whole),
        row("whole-ext4", Ext4, &[Ext4], 1, Mount, Whole),
        row("whole-xfs", Xfs, &[Ext4], 1, Fds, Whole),
        row("whole-btrfs", Btrfs, &[Erofs], 1, Strings, Whole),
        row(
            "drop-caches",
            Tmpfs,
            &[Tmpfs],
            2,
            Strings,
            Between(Turn::DropCaches),
        ),
        row(
            "drop-caches-ext4",
            Ext4,
            &[Xfs],
            2,
            Strings,
            Between(Turn::DropCaches),
        ),
        row("remount", Tmpfs, &[Tmpfs], 2, Mount, Between(Turn::Remount)),
        row(
            "remount-ext4",
            Ext4,
            &[Xfs],
            2,
            Strings,
            Between(Turn::Remount),
        ),
        row(
            "remount-xfs",
            Xfs,
            &[Erofs],
            2,
            Strings,
            Between(Turn::Remount),
        ),
        row("rotate", Tmpfs, &[Tmpfs], 1, Strings, Between(Turn::Rotate)),
        row(
            "rotate-ext4",
            Ext4,
            &[Ext4],
            2,
            Strings,
            Between(Turn::Rotate),
        ),
    ]
};

/// Shapes in which upper layers become lower ones.
pub const ROTATE: &[&str] = &["rotate", "rotate-ext4"];

/// Shapes with an action between the steps.
pub const FORGETFUL: &[&str] = &[
    "drop-caches",
    "drop-caches-ext4",
    "remount",
    "remount-ext4",
    "remount-xfs",
    "rotate",
    "rotate-ext4",
];

/// Shapes whose upper layer is on another file system than lower layers.
pub const APART: &[&str] = &[
    "xfs-ext4",
    "xfs-erofs-10",
    "btrfs-erofs",
    "whole-xfs",
    "whole-btrfs",
    "remount-ext4",
    "remount-xfs",
];

/// Shapes with an id-mapped mount of the union.
pub const MAPPED: &[&str] = &["mapped", "mapped-ext4"];

/// Why a scenario whose assertions name owners in the upper layer cannot run in [`MAPPED`].
pub const OTHER_OWNERS: &str = "the upper layer has other owners than the union shows";

/// Read-only file systems that the host makes.
pub const IMAGES: &[&str] = &["erofs", "squashfs", "iso9660"];

/// Why a scenario that compares inode numbers cannot run in [`ROTATE`].
pub const NUMBERS_IN_TOP: &str =
    "an inode number is recorded with the copy in the upper layer, not in a former upper layer";

/// Why a scenario that records access times in the upper layer cannot run in [`ROTATE`].
pub const READ_UNSEEN: &str = "reading a lower file does not change its access time";

/// Why a scenario that records the contents of memory cannot run in [`FORGETFUL`].
pub const FORGOTTEN: &str = "nothing stays in memory between the steps";

/// Why a scenario that shares blocks of lower files cannot run in [`APART`].
pub const SHARES_NO_BLOCKS: &str = "file systems share no blocks with others";

/// Why a scenario that sets flags of lower inodes cannot run on [`IMAGES`].
pub const NO_FLAGS: &str = "the file system reports no flags of its inodes";

/// Why a scenario that opens lower files with O_DIRECT cannot run on squashfs and ISO 9660.
pub const NO_DIRECT: &str = "the file system does no direct I/O";

/// Why a scenario with names in the form of aufs's whiteouts cannot run with those.
pub const NO_SUCH_NAMES: &str = "a name that begins with .wh. is no part of the tree there";

/// Why a scenario that needs /proc cannot run in a chroot.
pub const NO_PROC: &str = "a chroot has no /proc";

/// Why a scenario that needs a user namespace cannot run in a chroot.
pub const NO_USERNS: &str = "no user namespace can be made in a chroot";

/// Why a scenario that lists attributes without privileges cannot have btrfs as its oracle.
pub const BTRFS_LISTS_TRUSTED: &str = "btrfs lists attributes of trusted.* to everybody";

/// Why a scenario that records access times of links cannot run on layers that update them for every reader.
pub const LOOKED_AT: &str = "the layers are read first, links included";

/// Every file system a shape names, once each.
pub fn file_systems() -> BTreeSet<Fs> {
    SHAPES
        .iter()
        .flat_map(|shape| shape.lower.iter().copied().chain([shape.upper]))
        .collect()
}

/// The numbers of lower layers that shapes with images of `fs` have.
pub fn image_sizes(fs: Fs) -> BTreeSet<usize> {
    SHAPES
        .iter()
        .filter(|shape| shape.lower.contains(&fs))
        .map(|shape| shape.lowers)
        .collect()
}
