// SPDX-License-Identifier: GPL-2.0-only

//! The identity of a union: its UUID, and the `f_fsid` of statfs(2) that is made of it.
//!
//! The rules are overlayfs's (`ovl_init_uuid_xattr()`), and the UUID is where it has it: an
//! attribute of the upper directory ([`super::codec::Attr::Uuid`]). They differ if there is no
//! upper layer to store a UUID in: the identity is then derived from the layers, if they have one.

use super::hash;
use super::options::Uuid;

/// What is to be done for an identity, at mount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// The union has this UUID.
    Own([u8; 16]),
    /// It is to get a new one, which the upper directory keeps.
    Make,
    /// It has none: `f_fsid` is that of the real file system.
    Real,
}

/// What is to be done with an upper layer. `stored`: what its directory keeps; `used`: whether something was
/// copied up into it already.
///
/// An upper layer that has been used without a UUID stays without, because programs may know its
/// `f_fsid`.
pub const fn plan(option: Uuid, stored: Option<[u8; 16]>, used: bool) -> Plan {
    match (option, stored) {
        (Uuid::Null | Uuid::Off, _) => Plan::Real,
        (Uuid::On | Uuid::Auto, Some(uuid)) => Plan::Own(uuid),
        (Uuid::On, None) => Plan::Make,
        (Uuid::Auto, None) if used => Plan::Real,
        (Uuid::Auto, None) => Plan::Make,
    }
}

/// The UUID of a union without an upper layer, made from the identities of its layers, topmost
/// first. `None` if one of them has none.
pub fn of_layers(layers: impl Iterator<Item = Option<u64>>) -> Option<[u8; 16]> {
    let (mut low, mut high) = (0, !0);
    for layer in layers {
        let layer = layer?;
        low = hash::combine(low, layer);
        high = hash::combine(high, !layer);
    }
    let (low, high) = (low.to_le_bytes(), high.to_le_bytes());
    let mut uuid = [0; 16];
    for (byte, value) in uuid.iter_mut().zip(low.into_iter().chain(high)) {
        *byte = value;
    }
    Some(as_random(uuid))
}

/// Random bits, as a UUID of version 4.
pub const fn as_random(mut uuid: [u8; 16]) -> [u8; 16] {
    uuid[6] = uuid[6] & 0x0f | 0x40;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}

/// The `f_fsid` that belongs to a UUID (`uuid_to_fsid()`): its lower word, and its higher one.
pub const fn fsid(uuid: [u8; 16]) -> [i32; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = uuid;
    [
        i32::from_le_bytes([a, b, c, d]) ^ i32::from_le_bytes([i, j, k, l]),
        i32::from_le_bytes([e, f, g, h]) ^ i32::from_le_bytes([m, n, o, p]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: Option<[u8; 16]> = Some([7; 16]);

    #[test]
    fn plans_are_overlayfs_s() {
        for used in [false, true] {
            assert_eq!(plan(Uuid::On, STORED, used), Plan::Own([7; 16]));
            assert_eq!(plan(Uuid::Auto, STORED, used), Plan::Own([7; 16]));
            assert_eq!(plan(Uuid::On, None, used), Plan::Make);
            for stored in [None, STORED] {
                assert_eq!(plan(Uuid::Null, stored, used), Plan::Real);
                assert_eq!(plan(Uuid::Off, stored, used), Plan::Real);
            }
        }
        assert_eq!(plan(Uuid::Auto, None, false), Plan::Make);
        assert_eq!(plan(Uuid::Auto, None, true), Plan::Real);
    }

    #[test]
    fn layers_are_an_identity_if_all_have_one() {
        let of = |layers: &[Option<u64>]| of_layers(layers.iter().copied());
        assert_eq!(of(&[Some(1), None]), None);
        assert_eq!(of(&[Some(1), Some(2)]), of(&[Some(1), Some(2)]));
        let different = [
            of(&[Some(1)]),
            of(&[Some(2)]),
            of(&[Some(1), Some(2)]),
            of(&[Some(2), Some(1)]),
        ];
        for (at, one) in different.iter().enumerate() {
            assert!(different[..at].iter().all(|other| one != other));
        }
    }

    #[test]
    fn an_fsid_is_the_halves_together() {
        let mut uuid = [0; 16];
        uuid[0] = 1;
        uuid[8] = 3;
        uuid[15] = 0x80;
        assert_eq!(fsid(uuid), [2, i32::MIN]);
        assert_eq!(as_random([0xff; 16])[6], 0x4f);
        assert_eq!(as_random([0xff; 16])[8], 0xbf);
    }
}
