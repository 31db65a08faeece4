// SPDX-License-Identifier: GPL-2.0-only

//! Inode numbers of a union whose layers are exchanged, copied and changed directly: no two objects
//! have the same, and without interference each keeps its own.

mod events;
mod world;

use proptest::collection::vec;
use proptest::prelude::*;
use union_logic::inum::{shown, MAX_CHAIN};
use union_logic::value::{encode_union_ino, union_ino, Handle, Mark, Origin, MAX_MARK};

use events::{offline, offlines, online, onlines, Online};
use world::World;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever happened to the layers.
    #[test]
    fn no_number_is_there_twice(rounds in vec((onlines(), vec(offlines(), 0..4)), 1..6)) {
        let mut world = World::new();
        for (changes, behind) in rounds {
            world.check()?;
            for change in changes {
                online(&mut world, change);
                world.check()?;
            }
            for change in behind {
                offline(&mut world, change);
            }
            let layers = world.mounted.clone();
            world.mount(layers);
        }
        world.check()?;
    }

    /// Without interference, over copy-up, moving, linking and mounting again.
    #[test]
    fn numbers_stay(layers in vec(0..6usize, 1..2), changes in onlines(), more in onlines()) {
        let mut world = World::new();
        world.mount(layers);
        for change in changes {
            world.check_kept()?;
            // What was restored and is moved for the second time has a number of its own from then on.
            if !matches!(change, Online::Restore(_)) {
                online(&mut world, change);
            }
        }
        world.check_kept()?;
        let (layers, shown) = (world.mounted.clone(), world.shown.clone());
        world.mount(layers);
        world.shown = shown;
        world.check_kept()?;
        for change in more {
            if !matches!(change, Online::Restore(_)) {
                online(&mut world, change);
            }
            world.check_kept()?;
        }
    }

    /// A mark is read as it was written.
    #[test]
    fn marks(number in 1u64.., tag: u32, kind: u8, id in vec(any::<u8>(), 0..80), parent in vec(any::<u8>(), 0..80)) {
        let origin = Origin {
            tag,
            object: Handle::new(kind, &id),
            parent: Handle::new(kind, &parent),
        };
        prop_assert_eq!(origin.object.is_none(), id.is_empty() || id.len() > 64);
        let mut buffer = [0; MAX_MARK];
        let mark = encode_union_ino(number, &origin, &mut buffer);
        prop_assert_eq!(union_ino(mark), Ok(Mark { number, origin: Some(origin) }));
        for len in 0..mark.len() {
            prop_assert!(union_ino(&mark[..len]).is_err());
        }
    }
}

#[test]
fn made_up_reservations_are_not_followed_for_ever() {
    let mut asked = 0;
    shown(1, |_| {
        asked += 1;
        true
    });
    assert_eq!(asked, MAX_CHAIN);
}
