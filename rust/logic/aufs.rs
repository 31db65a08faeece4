// SPDX-License-Identifier: GPL-2.0-only

//! Whiteouts by name, as in aufs and in packed layers of container images.
//!
//! * `.wh.NAME` in a directory hides `NAME` in the layers beneath. In its own layer both may exist,
//!   and `NAME` replaces the hidden object;
//! * `.wh..wh..opq` in a directory makes it opaque;
//! * every name with this prefix is internal to the layer, and no part of the tree.

/// The prefix of whiteout names.
pub const PREFIX: &[u8] = b".wh.";
/// The name that makes its directory opaque.
pub const OPAQUE: &[u8] = b".wh..wh..opq";

/// The longest name a layer can hold.
const NAME_MAX: usize = 255;

/// Whether the name is no part of the tree.
pub fn is_reserved(name: &[u8]) -> bool {
    name.starts_with(PREFIX)
}

/// The name that an entry of this name hides in the layers beneath.
pub fn hidden_by(name: &[u8]) -> Option<&[u8]> {
    name.strip_prefix(PREFIX)
}

/// The name of the whiteout of a name.
pub struct Whiteout {
    name: [u8; NAME_MAX],
    len: usize,
}

impl Whiteout {
    /// The whiteout of `name`; none if it would be too long, because no layer can have it.
    pub fn of(name: &[u8]) -> Option<Self> {
        let len = PREFIX.len().checked_add(name.len())?;
        let mut whole = [0; NAME_MAX];
        let (prefix, rest) = whole.split_at_mut_checked(PREFIX.len())?;
        prefix.copy_from_slice(PREFIX);
        rest.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self { name: whole, len })
    }

    /// The name.
    pub fn name(&self) -> &[u8] {
        self.name.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let whiteout = |name: &[u8]| Whiteout::of(name).map(|w| w.name().to_vec());
        assert_eq!(whiteout(b"a").unwrap(), b".wh.a");
        assert_eq!(whiteout(&[b'n'; 251]).unwrap().len(), 255);
        assert_eq!(whiteout(&[b'n'; 252]), None);
        for name in [&b"a"[..], b".a", b"..wh.", b"n.wh.x"] {
            assert!(!is_reserved(name));
            assert_eq!(hidden_by(name), None);
            let whiteout = whiteout(name).unwrap();
            assert!(is_reserved(&whiteout));
            assert_eq!(hidden_by(&whiteout), Some(name));
        }
        for name in [OPAQUE, b".wh..wh.plnk", b".wh."] {
            assert!(is_reserved(name));
        }
    }
}
