// SPDX-License-Identifier: GPL-2.0-only

//! Digests in marks and digests of files: every case of overlayfs's `ovl_validate_verity()` and
//! `ovl_need_meta_copy_up()`.

use union_logic::options::Verity;
use union_logic::value::{encode_metacopy, metacopy, Metacopy, MAX_DIGEST, MAX_METACOPY};
use union_logic::verity::{agree, asks, mark, Refused};

const WITHOUT: Metacopy<'static> = Metacopy {
    algorithm: 0,
    digest: &[],
};

const SHA256: Metacopy<'static> = Metacopy {
    algorithm: 1,
    digest: &[7; 32],
};

const SHA512: Metacopy<'static> = Metacopy {
    algorithm: 2,
    digest: &[9; 64],
};

#[test]
fn what_is_asked_for() {
    for (verity, without, with) in [
        (Verity::Off, Ok(false), Ok(false)),
        (Verity::On, Ok(false), Ok(true)),
        (Verity::Require, Err(Refused::NoneStored), Ok(true)),
    ] {
        assert_eq!(asks(verity, &WITHOUT), without);
        assert_eq!(asks(verity, &SHA256), with);
        // An algorithm without a digest is one that no file has.
        let empty = Metacopy {
            algorithm: 1,
            digest: &[],
        };
        assert_eq!(asks(verity, &empty), with);
        // A digest without an algorithm is none.
        let nameless = Metacopy {
            algorithm: 0,
            digest: &[7; 32],
        };
        assert_eq!(asks(verity, &nameless), without);
    }
}

#[test]
fn what_agrees() {
    assert_eq!(agree(&SHA256, Some((1, &[7; 32]))), Ok(()));
    assert_eq!(agree(&SHA256, None), Err(Refused::NoneThere));
    let mut other = [7; 32];
    other[31] = 8;
    let others: [(u8, &[u8]); 5] = [
        (1, &other),
        (1, &[7; 31]),
        (1, &[7; 33]),
        (1, &[]),
        // Two algorithms can have digests of one length.
        (2, &[7; 32]),
    ];
    for there in others {
        assert_eq!(agree(&SHA256, Some(there)), Err(Refused::Differs));
    }
}

#[test]
fn what_is_stored() {
    let there: (u8, &[u8]) = (1, &[7; 32]);
    for (verity, without, with) in [
        (Verity::Off, Some(WITHOUT), Some(WITHOUT)),
        (Verity::On, Some(WITHOUT), Some(SHA256)),
        (Verity::Require, None, Some(SHA256)),
    ] {
        assert_eq!(mark(verity, None), without);
        assert_eq!(mark(verity, Some(there)), with);
    }
    // What one mount stores, it accepts.
    for verity in [Verity::Off, Verity::On, Verity::Require] {
        for there in [None, Some(there)] {
            if let Some(mark) = mark(verity, there) {
                if asks(verity, &mark).unwrap() {
                    assert_eq!(agree(&mark, there), Ok(()));
                }
            }
        }
    }
}

#[test]
fn how_it_is_stored() {
    let mut buffer = [0xaa; MAX_METACOPY];
    assert_eq!(encode_metacopy(&WITHOUT, &mut buffer), Some(&[][..]));
    let stored = [&[0, 36, 0, 1][..], &[7; 32]].concat();
    assert_eq!(encode_metacopy(&SHA256, &mut buffer), Some(&stored[..]));
    let stored = [&[0, 68, 0, 2][..], &[9; 64]].concat();
    assert_eq!(encode_metacopy(&SHA512, &mut buffer), Some(&stored[..]));
    for len in 0..=MAX_DIGEST + 1 {
        let digest = vec![5; len];
        let mark = Metacopy {
            algorithm: 255,
            digest: &digest,
        };
        let stored = encode_metacopy(&mark, &mut buffer).map(metacopy);
        assert_eq!(stored, (len <= MAX_DIGEST).then_some(Ok(mark)));
    }
}
