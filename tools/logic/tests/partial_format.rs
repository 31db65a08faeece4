// SPDX-License-Identifier: GPL-2.0-only

//! What is written down of partial files is read as it was written, and anything else is refused.

use std::num::NonZeroU64;

use proptest::collection::vec;
use proptest::prelude::*;
use union_logic::alloc::{fail_after, AllocError};
use union_logic::partial::{
    check_sidecar, sidecar_head, Class, Facts, Form, Geometry, Granules, Header, How, Identity,
    MapAt, Mark, Owner, Ownership, Partial, Reason, Sameness, SidecarId, Source, Unreadable,
};

fn id(number: u64) -> SidecarId {
    SidecarId(NonZeroU64::new(number).expect("not 0"))
}

fn headers() -> impl Strategy<Value = Header> {
    let map = prop_oneof![
        Just(MapAt::Attribute),
        Just(MapAt::Sidecar(None)),
        (1u64..).prop_map(|number| MapAt::Sidecar(Some(id(number)))),
    ];
    let lower = (1u64..1 << 26, any::<i64>(), any::<u32>(), any::<u64>());
    (12u8..20, lower, 0.0..=1.0, map).prop_map(|(shift, lower, limit, map)| {
        let (size, seconds, nanoseconds, hash) = lower;
        Header {
            geometry: Geometry::new(size, shift).expect("not too many"),
            limit: (size as f64 * limit) as u64,
            lower: Identity {
                size,
                mtime: (seconds, nanoseconds),
                hash,
            },
            map,
        }
    })
}

fn granules(count: u64, some: &[u64]) -> Granules {
    let mut granules = Granules::none(count).expect("memory");
    for granule in some {
        granules.insert(&(granule % count..granule % count + 1));
    }
    granules
}

proptest! {
    #[test]
    fn what_is_written_is_read(header in headers(), some in vec(any::<u64>(), 0..20), bit: prop::sample::Index) {
        let count = header.geometry.count();
        let present = granules(count, &some);
        let value = header.encode(&present).expect("memory").to_vec();
        let (read, map) = Header::decode(&value).expect("sound");
        prop_assert_eq!(read, header);
        if header.map == MapAt::Attribute {
            let file = Partial::read(&header, map, header.lower.size, &header.lower).expect("sound");
            for granule in 0..count.min(100) {
                let bytes = header.geometry.bytes(&(granule..granule + 1));
                let is_upper = present.contains(granule) || bytes.start >= header.limit;
                let (source, end) = file.source(bytes.start, bytes.end);
                prop_assert_eq!(source == Source::Upper, is_upper);
                prop_assert!(bytes.start < end && end <= bytes.end);
            }
        } else {
            prop_assert!(map.is_empty());
        }
        // No bit of it may be another, and nothing may be missing or follow.
        let mut damaged = value.clone();
        let bit = bit.index(damaged.len() * 8);
        damaged[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Header::decode(&damaged).is_err());
        prop_assert!(Header::decode(&value[..value.len() - 1]).is_err());
        damaged.clone_from(&value);
        damaged.push(0);
        prop_assert!(Header::decode(&damaged).is_err());
    }

    /// Also with a checksum that is right: somebody who can write the attribute can make one.
    #[test]
    fn anything_can_be_read(
        words in vec(prop_oneof![any::<u64>(), 0u64..100, Just(u64::MAX), Just(i64::MAX as u64)], 0..12),
        shift in 0u8..70,
        flags in 0u8..3,
        upper_size: u64,
    ) {
        let mut value: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let _ = Header::decode(&value);
        if value.len() >= 8 {
            value[..8].copy_from_slice(&[1, flags, shift, 0, 0, 0, 0, 0]);
        }
        let checksum = union_logic::hash::name(2, &value).0;
        value.extend(checksum.to_le_bytes());
        if let Ok((header, map)) = Header::decode(&value) {
            prop_assert!(header.limit <= header.lower.size);
            // Maps in sidecars may be large; they are read in the same way.
            if header.geometry.count() < 1 << 16 {
                let file = Partial::read(&header, map, upper_size, &header.lower);
                let file = file.expect("the same lower file");
                let mut at = 0;
                for _ in 0..100 {
                    if at < upper_size {
                        let (_, end) = file.source(at, upper_size);
                        prop_assert!(end > at && end <= upper_size);
                        at = end;
                    }
                }
            }
        }
        for value in [&value[..], &value[..value.len().min(40)]] {
            let geometry = Geometry::new(1, 12).expect("small");
            let _ = check_sidecar(value, id(1), geometry, Owner { layer: 0, file: 0 });
            let _ = Mark::decode(value);
        }
    }
}

#[test]
fn without_memory_nothing_is_written_or_read() {
    let geometry = Geometry::new(1 << 20, 12).unwrap();
    let lower = Identity {
        size: 1 << 20,
        mtime: (1, 1),
        hash: 1,
    };
    let header = Header {
        geometry,
        limit: 5,
        lower,
        map: MapAt::Attribute,
    };
    let none = Granules::none(geometry.count()).unwrap();
    let value = header.encode(&none).unwrap();
    let (header, map) = Header::decode(&value).unwrap();
    fail_after(Some(0));
    let encoded = header.encode(&none).map(drop);
    let mut failures = 0;
    while {
        fail_after(Some(failures));
        let read = Partial::read(&header, map, 1 << 20, &lower).map(drop);
        assert!(matches!(read, Ok(()) | Err(Unreadable::NoMemory)));
        read.is_err()
    } {
        failures += 1;
    }
    fail_after(None);
    assert_eq!(encoded, Err(AllocError));
    assert!(failures > 0);
}

#[test]
fn later_versions_are_told_from_damage() {
    assert_eq!(Header::decode(&[2, 0, 0]), Err(Unreadable::Version(2)));
    assert_eq!(Header::decode(&[]), Err(Unreadable::Damaged));
    assert_eq!(Header::decode(&[1]), Err(Unreadable::Damaged));
}

#[test]
fn the_mark_is_overlayfs_s_or_one_that_it_refuses() {
    assert_eq!(Mark::decode(b""), Ok(Mark::Lower));
    let digest = [0, 6, 0, 1, 0xaa, 0xbb];
    assert_eq!(Mark::decode(&digest), Ok(Mark::Lower), "with a digest");
    assert_eq!(Mark::decode(b"P"), Ok(Mark::Partial));
    for wrong in [&b"Q"[..], b"PP", &[0, 9, 0, 1]] {
        assert_eq!(Mark::decode(wrong), Err(Unreadable::Damaged));
    }
    // Shorter than a header of theirs, and not empty.
    assert!((1..4).contains(&Mark::Partial.encode().len()));
    assert_eq!(Form::of(None), Form::Whole);
}

#[test]
fn a_lower_file_is_known_again() {
    let then = Identity {
        size: 10,
        mtime: (1, 5),
        hash: 1,
    };
    let copied = Identity { hash: 2, ..then };
    assert_eq!(then.compare(&then), Sameness::Same);
    assert_eq!(then.compare(&copied), Sameness::Copied);
    for other in [
        Identity { size: 11, ..copied },
        Identity {
            mtime: (1, 6),
            ..copied
        },
    ] {
        assert_eq!(then.compare(&other), Sameness::Other);
    }
    // Times in whole seconds prove nothing.
    let coarse = |hash| Identity {
        mtime: (1, 0),
        hash,
        ..then
    };
    assert_eq!(coarse(1).compare(&coarse(2)), Sameness::Other);
}

#[test]
fn a_sidecar_is_one_file_s() {
    let geometry = Geometry::new(1 << 31, 16).unwrap();
    let of = |layer, file| Owner { layer, file };
    let head = sidecar_head(id(7), geometry, of(1, 2)).unwrap();
    let check = |owner| check_sidecar(&head, id(7), geometry, owner);
    assert_eq!(check(of(1, 2)), Ok(Ownership::Known));
    assert_eq!(check(of(1, 3)), Err(Unreadable::OtherFile));
    assert_eq!(check(of(2, 2)), Ok(Ownership::Moved));
    assert_eq!(check(of(2, 3)), Ok(Ownership::Moved));
    let other = Geometry::new(1 << 32, 16).unwrap();
    for wrong in [
        check_sidecar(&head, id(8), geometry, of(1, 2)),
        check_sidecar(&head, id(7), other, of(1, 2)),
        check_sidecar(&head[1..], id(7), geometry, of(1, 2)),
        check_sidecar(&[], id(7), geometry, of(1, 2)),
    ] {
        assert_eq!(wrong, Err(Unreadable::NoSidecar));
    }
}

#[test]
fn how_files_are_copied_up() {
    let facts = Facts {
        size: 1 << 20,
        class: Class::Journal,
        has_identity: true,
        shares_blocks: false,
        is_mark_safe: true,
        reason: Reason::Data,
    };
    let small = Facts {
        size: 4096,
        ..facts
    };
    let how = |facts: Facts, reason| Facts { reason, ..facts }.how();
    assert_eq!(how(facts, Reason::Data), How::Granules);
    assert_eq!(how(small, Reason::Data), How::Unsynced);
    assert_eq!(how(small, Reason::Size), How::Granules);
    assert_eq!(how(facts, Reason::Everything), How::Unsynced);
    let unknown = Facts {
        has_identity: false,
        ..facts
    };
    assert_eq!(how(unknown, Reason::Data), How::Unsynced);
    assert_eq!(how(unknown, Reason::Size), How::Unsynced);
    let shared = Facts {
        shares_blocks: true,
        ..facts
    };
    assert_eq!(how(shared, Reason::Attributes), How::Metadata);
    assert_eq!(how(shared, Reason::Data), How::Unsynced);
    assert_eq!(how(shared, Reason::Size), How::Unsynced);
    let reasons = [
        Reason::Attributes,
        Reason::Data,
        Reason::Size,
        Reason::Everything,
    ];
    for size in [4096, 1 << 20] {
        let facts = Facts { size, ..facts };
        assert_eq!(how(facts, Reason::Attributes), How::Metadata);
        for reason in reasons {
            let empty = Facts { size: 0, ..facts };
            let disordered = Facts {
                class: Class::None,
                ..facts
            };
            let forgeable = Facts {
                is_mark_safe: false,
                ..facts
            };
            for facts in [empty, disordered, forgeable] {
                assert_eq!(how(facts, reason), How::Synced);
            }
        }
    }
}
