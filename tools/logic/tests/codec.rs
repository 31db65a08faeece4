// SPDX-License-Identifier: GPL-2.0-only

//! Attribute values: those that overlayfs writes, ours, and any others.

use proptest::collection::vec;
use proptest::prelude::*;
use union_logic::codec::{classify, escape, is_general, unescape, Attr, Class, XattrSpace};
use union_logic::value::*;

#[test]
fn opaque_marks() {
    assert_eq!(opaque(OPAQUE_YES), Ok(Opaque::Yes));
    assert_eq!(opaque(b"x"), Ok(Opaque::XWhiteouts));
    assert_eq!(opaque(b""), Ok(Opaque::No));
    assert_eq!(opaque(b"yes"), Err(Corrupt(Attr::Opaque)));
}

#[test]
fn redirects() {
    assert_eq!(redirect(b"old"), Ok(Redirect::Relative(b"old")));
    assert_eq!(redirect(b"/a/b"), Ok(Redirect::Absolute(b"/a/b")));
    assert_eq!(redirect(b"..."), Ok(Redirect::Relative(b"...")));
    let bad: [&[u8]; 10] = [
        b"", b"/", b"a/b", b"//a", b"/a/", b"/a//b", b"..", b"/a/../b", b"/.", b"a\0",
    ];
    for value in bad {
        assert_eq!(redirect(value), Err(Corrupt(Attr::Redirect)), "{value:?}");
    }
}

/// As overlayfs writes it on a little-endian machine, for an ext4 inode (type 1: inode number and
/// generation).
#[test]
#[cfg(target_endian = "little")]
fn a_file_handle_of_overlayfs() {
    let mut value = vec![0x00, 0xfb, 0x1d, 0x00, 0x01];
    value.extend([0xaa; 16]);
    value.extend([0x0c, 0, 0, 0, 0x78, 0x56, 0x34, 0x12]);
    let expected = FileHandle::Known {
        kind: 1,
        of_upper: false,
        uuid: [0xaa; 16],
        id: &[0x0c, 0, 0, 0, 0x78, 0x56, 0x34, 0x12],
    };
    assert_eq!(file_handle(Attr::Origin, &value), Ok(expected));

    let header = file_handle_header(1, false, [0xaa; 16], 8).unwrap();
    assert_eq!(header, value[..21]);

    let mut later = value.clone();
    later[0] = 1;
    assert_eq!(file_handle(Attr::Origin, &later), Ok(FileHandle::Unknown));
    let mut other_order = value.clone();
    other_order[3] = 1;
    assert_eq!(
        file_handle(Attr::Origin, &other_order),
        Ok(FileHandle::Unknown)
    );
    other_order[3] = 3;
    assert!(matches!(
        file_handle(Attr::Origin, &other_order),
        Ok(FileHandle::Known { .. })
    ));
    let mut magic = value.clone();
    magic[1] = 0xfa;
    assert_eq!(file_handle(Attr::Upper, &magic), Err(Corrupt(Attr::Upper)));
    for len in 1..value.len() {
        let cut = file_handle(Attr::Origin, &value[..len]);
        assert_eq!(cut, Err(Corrupt(Attr::Origin)), "{len} bytes");
    }
    assert_eq!(file_handle(Attr::Origin, b""), Ok(FileHandle::Unknown));
}

#[test]
fn link_counts() {
    assert_eq!(nlink(b"U+0"), Ok(Nlink::Upper(0)));
    assert_eq!(nlink(b"L-12"), Ok(Nlink::Lower(-12)));
    assert_eq!(nlink(b"L+2147483647"), Ok(Nlink::Lower(i32::MAX)));
    assert_eq!(nlink(b"L-2147483648"), Ok(Nlink::Lower(i32::MIN)));
    let bad: [&[u8]; 9] = [
        b"",
        b"U",
        b"U+",
        b"X+1",
        b"U1",
        b"U+1 ",
        b"U+-1",
        b"L+2147483648",
        b"L-2147483649",
    ];
    for value in bad {
        assert_eq!(nlink(value), Err(Corrupt(Attr::Nlink)), "{value:?}");
    }
}

#[test]
fn metacopy_headers() {
    let none = Metacopy {
        algorithm: 0,
        digest: &[],
    };
    assert_eq!(metacopy(b""), Ok(none));
    assert_eq!(metacopy(&[0, 4, 0, 0]), Ok(none));
    let sha256 = [&[0, 36, 0, 1][..], &[7; 32]].concat();
    let expected = Metacopy {
        algorithm: 1,
        digest: &[7; 32],
    };
    assert_eq!(metacopy(&sha256), Ok(expected));
    for bad in [&[0, 4, 0][..], &[1, 4, 0, 0], &[0, 5, 0, 0], &[0, 3, 0, 0]] {
        assert_eq!(metacopy(bad), Err(Corrupt(Attr::Metacopy)), "{bad:?}");
    }
}

#[test]
fn protected_attributes() {
    for immutable in [false, true] {
        for append in [false, true] {
            let flags = Protattr { immutable, append };
            assert_eq!(protattr(flags.encode()), Ok(flags));
        }
    }
    assert_eq!(protattr(b"ia"), protattr(b"ai"));
    assert_eq!(protattr(b"ii"), Err(Corrupt(Attr::Protattr)));
    assert_eq!(protattr(b"q"), Err(Corrupt(Attr::Protattr)));
}

#[test]
fn small_values() {
    assert_eq!(impure(b"y"), Ok(true));
    assert_eq!(impure(b"n"), Err(Corrupt(Attr::Impure)));
    assert_eq!(uuid(&[3; 16]), Ok([3; 16]));
    assert_eq!(uuid(&[3; 15]), Err(Corrupt(Attr::Uuid)));
}

#[test]
fn inode_numbers() {
    let golden = [1, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01];
    let number = 0x0123_4567_89ab_cdef;
    let first = Mark {
        number,
        origin: None,
    };
    assert_eq!(union_ino(&golden), Ok(first));
    assert_eq!(union_ino(&golden[..8]), Err(Corrupt(Attr::UnionIno)));
    let origin = Origin {
        tag: 0x0a0b_0c0d,
        object: Handle::new(1, &[12, 0, 0, 0, 7, 7, 7, 7]),
        parent: Handle::new(2, &[2]),
    };
    let mut second = vec![2];
    second.extend(&golden[1..]);
    second.extend([0x0d, 0x0c, 0x0b, 0x0a]);
    second.extend([1, 8, 12, 0, 0, 0, 7, 7, 7, 7, 2, 1, 2]);
    let mut buffer = [0; MAX_MARK];
    assert_eq!(encode_union_ino(number, &origin, &mut buffer), second);
    let mark = Mark {
        number,
        origin: Some(origin),
    };
    assert_eq!(union_ino(&second), Ok(mark));
    for bad in [
        &second[..9],
        &second[..second.len() - 1],
        &[3, 1, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert_eq!(union_ino(bad), Err(Corrupt(Attr::UnionIno)));
    }
    second[1..9].fill(0);
    assert_eq!(union_ino(&second), Err(Corrupt(Attr::UnionIno)));
}

/// The mark of a copy on ext4 has room in an inode of 256 bytes beside that of a file without data.
#[test]
fn a_mark_has_a_digest_of_the_handle() {
    let handle = Handle::new(1, &[12, 0, 0, 0, 7, 7, 7, 7]);
    let origin = Origin {
        tag: 5,
        object: handle.digest(),
        parent: Handle::NONE,
    };
    let mut buffer = [0; MAX_MARK];
    assert_eq!(encode_union_ino(9, &origin, &mut buffer).len(), 20);
    assert!(handle.is_stored_as(&handle.digest()));
    assert!(
        handle.is_stored_as(&handle),
        "as an earlier version stored it"
    );
    for other in [
        Handle::new(1, &[12, 0, 0, 0, 8, 7, 7, 7]),
        Handle::new(2, &[12, 0, 0, 0, 7, 7, 7, 7]),
        Handle::new(1, &[12, 0, 0, 0]),
        Handle::NONE,
    ] {
        assert!(!other.is_stored_as(&handle.digest()), "{other:?}");
        assert!(!other.is_stored_as(&handle), "{other:?}");
    }
    assert!(Handle::NONE.digest().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Any bytes in a layer give a value or an error, and no panic.
    #[test]
    fn every_decoder_is_total(mut value in vec(any::<u8>(), 0..80), plausible: bool) {
        if let (true, Some(len)) = (plausible, value.get_mut(2)) {
            *len %= 80;
            value[0] = 0;
            value[1] = 0xfb;
        }
        let _ = opaque(&value);
        let _ = nlink(&value);
        let _ = metacopy(&value);
        let _ = protattr(&value);
        let _ = impure(&value);
        let _ = uuid(&value);
        let _ = union_ino(&value);
        if let Ok(FileHandle::Known { id, .. }) = file_handle(Attr::Origin, &value) {
            prop_assert_eq!(id.len() + 21, usize::from(value[2]));
        }
    }

    /// No redirect leads out of its layer.
    #[test]
    fn redirects_stay_inside(value in "[a./\0]{0,8}") {
        match redirect(value.as_bytes()) {
            Err(_) => (),
            Ok(Redirect::Relative(name)) => prop_assert!(!name.contains(&b'/')),
            Ok(Redirect::Absolute(path)) => {
                let mut names = path.split(|&b| b == b'/');
                prop_assert_eq!(names.next(), Some(&b""[..]));
                prop_assert!(names.all(|name| !matches!(name, b"" | b"." | b"..")));
            }
        }
    }

    #[test]
    fn numbers_round_trip(diff: i32, upper: bool, kind: u8, id in vec(any::<u8>(), 0..=234)) {
        let (letter, expected) = match upper {
            true => ('U', Nlink::Upper(diff)),
            false => ('L', Nlink::Lower(diff)),
        };
        prop_assert_eq!(nlink(format!("{letter}{diff:+}").as_bytes()), Ok(expected));

        let header = file_handle_header(kind, upper, [9; 16], id.len()).unwrap();
        let value = [&header[..], &id].concat();
        let expected = FileHandle::Known { kind, of_upper: upper, uuid: [9; 16], id: &id };
        prop_assert_eq!(file_handle(Attr::Upper, &value), Ok(expected));
    }

    /// Any name is either hidden, or seen under a name that leads back to it.
    #[test]
    fn names_lead_back(
        prefix in prop::sample::select(&["", "trusted.", "user.", "security."][..]),
        family in prop::sample::select(&["", "overlay.", "union.", "overlay.overlay.", "union.union."][..]),
        rest in "[a-z.]{0,8}",
        user: bool,
    ) {
        let space = if user { XattrSpace::User } else { XattrSpace::Trusted };
        let name = format!("{prefix}{family}{rest}").into_bytes();
        match classify(space, &name) {
            Class::Foreign => prop_assert_eq!(escape(space, &name), None),
            Class::Private(_) => prop_assert_eq!(unescape(space, &name), None),
            Class::Escaped => {
                let seen = unescape(space, &name).unwrap().concat();
                prop_assert_eq!(escape(space, &seen).unwrap().concat(), name);
            }
        }
    }
}

#[test]
fn a_handle_that_is_too_long_is_not_stored() {
    assert!(file_handle_header(1, false, [0; 16], 235).is_none());
}

#[test]
fn namespaces_that_every_file_system_has() {
    for name in [&b"user.a"[..], b"trusted.overlay.opaque", b"security.x"] {
        assert!(is_general(name));
    }
    for name in [
        &b"user."[..],
        b"user",
        b"system.x",
        b"btrfs.compression",
        b"",
    ] {
        assert!(!is_general(name));
    }
}
