// SPDX-License-Identifier: GPL-2.0-only

//! Names of extended attributes: which are private to the union, and how those of a nested union
//! pass through.
//!
//! Private attributes are overlayfs's (`trusted.overlay.*`), since the on-disk format is the same.
//! Our own have the same prefix, so that overlayfs hides them, too. With the option `userxattr`
//! they live under `user.` instead. They are never seen through the union.
//!
//! A union in whose tree the layers of another union lie must store the inner one's private
//! attributes. As overlayfs does, it stores them under a name with the prefix doubled:
//!
//! ```text
//! seen inside                 stored
//! trusted.overlay.opaque      trusted.overlay.overlay.opaque
//! ```
//!
//! The values are read by [`super::value`].

use super::mode::Kind;
use core::ffi::CStr;

/// The name space in which the private attributes live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum XattrSpace {
    /// `trusted.`: only a privileged process can read or write them.
    Trusted,
    /// `user.`: for mounts in a user namespace.
    User,
}

/// A private attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attr {
    /// Of a directory: it hides the directories beneath, or holds attribute whiteouts.
    Opaque,
    /// Where the lower part of this object is to be found.
    Redirect,
    /// File handle of the lower object this one was copied from.
    Origin,
    /// Of a directory: objects in it have lower origins.
    Impure,
    /// How the link count follows from that of the real inode.
    Nlink,
    /// Of an index entry: file handle of the upper object.
    Upper,
    /// Of the upper directory: the identity of the union.
    Uuid,
    /// The data of this file is in a lower layer.
    Metacopy,
    /// The immutable and append-only flags, which must not be set on the real inode.
    Protattr,
    /// Of an empty regular file in a directory marked for it: this is a whiteout.
    Whiteout,
    /// The inode number that the union shows for this object.
    UnionIno,
    /// Of the work directory: the key of the order of directory entries.
    UnionOrder,
    /// Of a file of which some data are in a lower layer: which.
    UnionPart,
}

impl Attr {
    /// Every private attribute.
    pub const ALL: [Attr; 13] = [
        Attr::Opaque,
        Attr::Redirect,
        Attr::Origin,
        Attr::Impure,
        Attr::Nlink,
        Attr::Upper,
        Attr::Uuid,
        Attr::Metacopy,
        Attr::Protattr,
        Attr::Whiteout,
        Attr::UnionIno,
        Attr::UnionOrder,
        Attr::UnionPart,
    ];

    /// Whether the attribute applies to objects of this kind. On others it is ignored.
    pub const fn is_of(self, kind: Kind) -> bool {
        match self {
            Attr::Opaque | Attr::Impure | Attr::Uuid | Attr::UnionOrder => {
                matches!(kind, Kind::Directory)
            }
            Attr::Whiteout | Attr::Metacopy | Attr::UnionPart => matches!(kind, Kind::Regular),
            Attr::Redirect | Attr::Protattr => matches!(kind, Kind::Regular | Kind::Directory),
            Attr::Origin | Attr::Nlink | Attr::Upper | Attr::UnionIno => true,
        }
    }
}

/// The full name of a private attribute, as it is stored.
pub const fn name(space: XattrSpace, attr: Attr) -> &'static CStr {
    let (trusted, user) = match attr {
        Attr::Opaque => (c"trusted.overlay.opaque", c"user.overlay.opaque"),
        Attr::Redirect => (c"trusted.overlay.redirect", c"user.overlay.redirect"),
        Attr::Origin => (c"trusted.overlay.origin", c"user.overlay.origin"),
        Attr::Impure => (c"trusted.overlay.impure", c"user.overlay.impure"),
        Attr::Nlink => (c"trusted.overlay.nlink", c"user.overlay.nlink"),
        Attr::Upper => (c"trusted.overlay.upper", c"user.overlay.upper"),
        Attr::Uuid => (c"trusted.overlay.uuid", c"user.overlay.uuid"),
        Attr::Metacopy => (c"trusted.overlay.metacopy", c"user.overlay.metacopy"),
        Attr::Protattr => (c"trusted.overlay.protattr", c"user.overlay.protattr"),
        Attr::Whiteout => (c"trusted.overlay.whiteout", c"user.overlay.whiteout"),
        Attr::UnionIno => (c"trusted.overlay.union.ino", c"user.overlay.union.ino"),
        Attr::UnionOrder => (c"trusted.overlay.union.order", c"user.overlay.union.order"),
        Attr::UnionPart => (c"trusted.overlay.union.part", c"user.overlay.union.part"),
    };
    match space {
        XattrSpace::Trusted => trusted,
        XattrSpace::User => user,
    }
}

/// What a stored attribute name means to the union.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Not ours: seen under its own name.
    Foreign,
    /// Ours, and never seen; `None` if it is one we do not know, perhaps of a later version.
    Private(Option<Attr>),
    /// A private attribute of a union inside: seen under the name that [`unescape`] gives.
    Escaped,
}

/// What private names begin with.
const fn prefix(space: XattrSpace) -> &'static [u8] {
    match space {
        XattrSpace::Trusted => b"trusted.overlay.",
        XattrSpace::User => b"user.overlay.",
    }
}

/// What stands behind the prefix once more to escape a private name of a union inside.
const ESCAPE: &[u8] = b"overlay.";

/// What the attribute stored as `stored` means.
pub fn classify(space: XattrSpace, stored: &[u8]) -> Class {
    match stored.strip_prefix(prefix(space)) {
        None => Class::Foreign,
        Some(rest) if rest.starts_with(ESCAPE) => Class::Escaped,
        Some(_) => Class::Private(
            Attr::ALL
                .into_iter()
                .find(|&attr| name(space, attr).to_bytes() == stored),
        ),
    }
}

/// Whether the name is in a namespace that any file system with extended attributes has, so that
/// one may hold it though another cannot.
pub fn is_general(name: &[u8]) -> bool {
    [&b"user."[..], b"trusted.", b"security."]
        .iter()
        .any(|prefix| name.starts_with(prefix) && name.len() > prefix.len())
}

/// The name under which an attribute [`Class::Escaped`] is seen, in two parts to be joined.
pub fn unescape(space: XattrSpace, stored: &[u8]) -> Option<[&[u8]; 2]> {
    let rest = stored.strip_prefix(prefix(space))?.strip_prefix(ESCAPE)?;
    Some([prefix(space), rest])
}

/// The name under which an attribute seen as `seen` is stored, in three parts to be joined; `None`
/// if it is stored under the same name.
pub fn escape(space: XattrSpace, seen: &[u8]) -> Option<[&[u8]; 3]> {
    let rest = seen.strip_prefix(prefix(space))?;
    Some([prefix(space), ESCAPE, rest])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACES: [XattrSpace; 2] = [XattrSpace::Trusted, XattrSpace::User];

    #[test]
    fn every_private_name_is_known_as_such() {
        for space in SPACES {
            for attr in Attr::ALL {
                let stored = name(space, attr).to_bytes();
                assert_eq!(classify(space, stored), Class::Private(Some(attr)));
            }
        }
    }

    #[test]
    fn unknown_names_with_our_prefix_stay_hidden() {
        let later = classify(XattrSpace::Trusted, b"trusted.overlay.later");
        assert_eq!(later, Class::Private(None));
        let bare = classify(XattrSpace::User, b"user.overlay.");
        assert_eq!(bare, Class::Private(None));
    }

    #[test]
    fn the_other_space_is_foreign() {
        for attr in Attr::ALL {
            let user = name(XattrSpace::User, attr).to_bytes();
            assert_eq!(classify(XattrSpace::Trusted, user), Class::Foreign);
        }
        let close = classify(XattrSpace::Trusted, b"trusted.overlays");
        assert_eq!(close, Class::Foreign);
    }

    #[test]
    fn nested_names_go_one_level_down_and_back() {
        for space in SPACES {
            for attr in Attr::ALL {
                let seen = name(space, attr).to_bytes();
                let stored = escape(space, seen).unwrap().concat();
                assert_eq!(classify(space, &stored), Class::Escaped);
                assert_eq!(unescape(space, &stored).unwrap().concat(), seen);
                let deeper = escape(space, &stored).unwrap().concat();
                assert_eq!(unescape(space, &deeper).unwrap().concat(), stored);
            }
        }
        assert_eq!(escape(XattrSpace::Trusted, b"user.mime_type"), None);
        assert_eq!(unescape(XattrSpace::Trusted, b"trusted.overlay.x"), None);
    }

    #[test]
    fn the_stored_names_are_overlayfs_s() {
        let origin = name(XattrSpace::Trusted, Attr::Origin).to_bytes();
        assert_eq!(origin, b"trusted.overlay.origin");
        let stored = escape(XattrSpace::Trusted, origin).unwrap().concat();
        assert_eq!(stored, b"trusted.overlay.overlay.origin");
    }
}
