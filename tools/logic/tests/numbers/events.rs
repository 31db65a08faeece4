// SPDX-License-Identifier: GPL-2.0-only

//! What happens to the layers, through the union and behind it.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::world::*;

/// What the union does, as users ask for it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Online {
    CopyUp(Place),
    Rename(Place, Place),
    Link(Place, Place),
    Unlink(Place),
    Create(Place),
    /// Where a whiteout was, what is beneath shows again.
    Restore(Place),
}

/// What others do while nothing is mounted.
#[derive(Clone, Debug)]
pub(crate) enum Offline {
    Nothing,
    Layers(Vec<usize>),
    /// `cp -a` within the upper layer.
    Copy(Place, Place),
    /// `ln`, `mv`, `rm` there.
    UpperLink(Place, Place),
    UpperMove(Place, Place),
    UpperRemove(Place),
    /// The upper layer is copied to another file system, with what is beside it.
    CopyUpper,
    Lose,
    /// `mv`, `ln`, `rm` and making files in a layer.
    LowerMove(usize, u8, u8),
    LowerLink(usize, u8, u8),
    LowerRemove(usize, u8),
    LowerCreate(usize, u8),
    /// A mark of version 1, with the number of anything.
    FirstVersion(Place, u64),
}

pub(crate) fn online(world: &mut World, what: Online) {
    match what {
        Online::CopyUp(place) => drop(world.copy_up(place)),
        Online::Rename(from, to) => world.rename(from, to),
        Online::Link(from, to) => world.link(from, to),
        Online::Unlink(place) => world.unlink(place),
        Online::Create(place) => {
            if world.at(place).is_none() {
                let ino = world.file_systems[UPPER].make(false);
                world.upper.insert(place, Held::Object(ino));
            }
        }
        Online::Restore(place) => {
            if world.upper.get(&place) == Some(&Held::Whiteout) {
                world.upper.remove(&place);
            }
        }
    }
    // Inodes that no longer exist have no owner.
    let alive = |fs: usize, ino: u64| world.file_systems[fs].inodes.contains_key(&ino);
    let at: Vec<_> = World::places()
        .filter_map(|place| Some((world.at(place)?.0, place)))
        .collect();
    world
        .shown
        .retain(|(real, place), _| alive(real.0, real.1) && at.contains(&(*real, *place)));
}

pub(crate) fn offline(world: &mut World, what: Offline) {
    let object = |world: &World, place| match world.upper.get(&place) {
        Some(&Held::Object(ino)) => Some(ino),
        _ => None,
    };
    let remove = |world: &mut World, place| {
        if let Some(Held::Object(ino)) = world.upper.remove(&place) {
            world.file_systems[UPPER].drop_link(ino);
        }
    };
    match what {
        Offline::Nothing => {}
        Offline::Layers(layers) => world.mounted = layers,
        Offline::Copy(from, to) => {
            if let (Some(ino), true) = (object(world, from), from != to) {
                remove(world, to);
                let Inode { is_dir, mark, .. } = world.file_systems[UPPER].inodes[&ino].clone();
                let copy = world.file_systems[UPPER].make(is_dir);
                world.file_systems[UPPER]
                    .inodes
                    .get_mut(&copy)
                    .unwrap()
                    .mark = mark;
                world.upper.insert(to, Held::Object(copy));
            }
        }
        Offline::UpperLink(from, to) => {
            if let (Some(ino), true) = (object(world, from), from != to) {
                if !world.file_systems[UPPER].inodes[&ino].is_dir {
                    world.file_systems[UPPER]
                        .inodes
                        .get_mut(&ino)
                        .unwrap()
                        .links += 1;
                    remove(world, to);
                    world.upper.insert(to, Held::Object(ino));
                }
            }
        }
        Offline::UpperMove(from, to) => {
            if let (Some(ino), true) = (object(world, from), from != to) {
                remove(world, to);
                world.upper.remove(&from);
                world.upper.insert(to, Held::Object(ino));
            }
        }
        Offline::UpperRemove(place) => remove(world, place),
        Offline::CopyUpper => {
            let mut copies = BTreeMap::new();
            let held: Vec<(Place, u64)> = World::places()
                .filter_map(|place| Some((place, object(world, place)?)))
                .collect();
            // In another order.
            for &(place, ino) in held.iter().rev() {
                let old = world.file_systems[UPPER].inodes[&ino].clone();
                let copy = *copies
                    .entry(ino)
                    .or_insert_with(|| world.file_systems[UPPER].make(old.is_dir));
                let inode = world.file_systems[UPPER].inodes.get_mut(&copy).unwrap();
                *inode = Inode {
                    generation: inode.generation,
                    ..old
                };
                world.upper.insert(place, Held::Object(copy));
            }
            for (ino, _) in copies {
                world.file_systems[UPPER].inodes.remove(&ino);
            }
        }
        Offline::Lose => world.reserved.clear(),
        Offline::LowerMove(layer, from, to) => {
            let Layer { fs, names } = &mut world.layers[layer];
            if let (Some(ino), true) = (names.remove(&from), from != to) {
                if let Some(replaced) = names.insert(to, ino) {
                    world.file_systems[*fs].drop_link(replaced);
                }
            }
        }
        Offline::LowerLink(layer, from, to) => {
            let Layer { fs, names } = &mut world.layers[layer];
            let fs = &mut world.file_systems[*fs];
            if let (Some(&ino), true) = (names.get(&from), from != to) {
                if !fs.inodes[&ino].is_dir {
                    fs.inodes.get_mut(&ino).unwrap().links += 1;
                    if let Some(replaced) = names.insert(to, ino) {
                        fs.drop_link(replaced);
                    }
                }
            }
        }
        Offline::LowerRemove(layer, name) => {
            let Layer { fs, names } = &mut world.layers[layer];
            if let Some(ino) = names.remove(&name) {
                world.file_systems[*fs].drop_link(ino);
            }
        }
        Offline::LowerCreate(layer, name) => {
            let Layer { fs, names } = &mut world.layers[layer];
            let ino = world.file_systems[*fs].make(name == 3);
            if let Some(replaced) = names.insert(name, ino) {
                world.file_systems[*fs].drop_link(replaced);
            }
        }
        Offline::FirstVersion(place, number) => {
            if let Some(ino) = object(world, place) {
                let inode = world.file_systems[UPPER].inodes.get_mut(&ino).unwrap();
                let mut mark = vec![1];
                mark.extend(number.to_le_bytes());
                inode.mark = Some(mark);
            }
        }
    }
}

pub(crate) fn place() -> impl Strategy<Value = Place> {
    (0..DIRS, 0..NAMES)
}

pub(crate) fn onlines() -> impl Strategy<Value = Vec<Online>> {
    let one = prop_oneof![
        3 => place().prop_map(Online::CopyUp),
        3 => (place(), place()).prop_map(|(from, to)| Online::Rename(from, to)),
        2 => (place(), place()).prop_map(|(from, to)| Online::Link(from, to)),
        2 => place().prop_map(Online::Unlink),
        1 => place().prop_map(Online::Create),
        2 => place().prop_map(Online::Restore),
    ];
    vec(one, 0..12)
}

pub(crate) fn offlines() -> impl Strategy<Value = Offline> {
    let layers = vec(0..6usize, 1..4).prop_map(|mut layers| {
        let mut seen = Vec::new();
        layers.retain(|layer| {
            !seen.contains(layer) && {
                seen.push(*layer);
                true
            }
        });
        layers
    });
    let layer = || 0..6usize;
    let name = || 0..NAMES;
    prop_oneof![
        2 => Just(Offline::Nothing),
        4 => layers.prop_map(Offline::Layers),
        2 => (place(), place()).prop_map(|(from, to)| Offline::Copy(from, to)),
        2 => (place(), place()).prop_map(|(from, to)| Offline::UpperLink(from, to)),
        2 => (place(), place()).prop_map(|(from, to)| Offline::UpperMove(from, to)),
        2 => place().prop_map(Offline::UpperRemove),
        1 => Just(Offline::CopyUpper),
        1 => Just(Offline::Lose),
        2 => (layer(), name(), name()).prop_map(|(l, a, b)| Offline::LowerMove(l, a, b)),
        2 => (layer(), name(), name()).prop_map(|(l, a, b)| Offline::LowerLink(l, a, b)),
        2 => (layer(), name()).prop_map(|(l, a)| Offline::LowerRemove(l, a)),
        2 => (layer(), name()).prop_map(|(l, a)| Offline::LowerCreate(l, a)),
        2 => (place(), (0..4u64, 1..12u64)).prop_map(|(at, (fsid, ino))| {
            Offline::FirstVersion(at, fsid << 47 | ino)
        }),
    ]
}
