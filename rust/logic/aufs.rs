// SPDX-License-Identifier: GPL-2.0-only

//! Whiteouts as aufs had them, and as the layers of container images are packed: by names.
//!
//! * `.wh.NAME` in a directory hides `NAME` in the layers beneath; not in its own layer, where both
//!   may stand side by side, and `NAME` is what has been put in the place of the hidden one;
//! * `.wh..wh..opq` in a directory makes it opaque;
//! * every name that begins so is a note of the layer to itself, and no part of the tree.

/// How the names of whiteouts begin.
pub const PREFIX: &[u8] = b".wh.";
/// What makes the directory it is in opaque.
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
    /// That of `name`; none if it would be too long: no layer has it then.
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
