// SPDX-License-Identifier: GPL-2.0-only

//! Inode numbers of a union whose layers are exchanged, copied and changed directly: no two objects
//! have the same, and without interference each keeps its own.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use union_logic::hash;
use union_logic::inum::{shown, Beneath, Inums, Space, MAX_CHAIN};
use union_logic::value::{encode_union_ino, union_ino, Handle, Mark, Origin, MAX_MARK};

/// An object of a file system.
#[derive(Clone, Debug)]
struct Inode {
    generation: u32,
    is_dir: bool,
    links: u32,
    /// As it is stored; of a copy.
    mark: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Default)]
struct Fs {
    /// 0: nothing tells it from others.
    tag: u32,
    has_handles: bool,
    inodes: BTreeMap<u64, Inode>,
    generation: u32,
}

impl Fs {
    /// Numbers that are free are given again, as ext4 does; what had them before had another generation.
    fn make(&mut self, is_dir: bool) -> u64 {
        let ino = (1..).find(|ino| !self.inodes.contains_key(ino)).unwrap();
        self.generation += 1;
        let inode = Inode {
            generation: self.generation,
            is_dir,
            links: 1,
            mark: None,
        };
        self.inodes.insert(ino, inode);
        ino
    }

    fn drop_link(&mut self, ino: u64) {
        let inode = self.inodes.get_mut(&ino).unwrap();
        inode.links -= 1;
        if inode.links == 0 {
            self.inodes.remove(&ino);
        }
    }

    fn handle(&self, ino: u64) -> Handle {
        let mut id = ino.to_le_bytes().to_vec();
        id.extend(self.inodes[&ino].generation.to_le_bytes());
        match self.has_handles {
            true => Handle::new(1, &id),
            false => Handle::NONE,
        }
    }
}

/// A directory of a layer.
#[derive(Clone, Debug)]
struct Layer {
    fs: usize,
    names: BTreeMap<u8, u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    Object(u64),
    Whiteout,
}

/// A name in one of the directories of the union. All of them have the same lower directories: the first by its
/// name, the others by redirects.
type Place = (u8, u8);

const DIRS: u8 = 3;
const NAMES: u8 = 5;
/// Where the upper layer is. Layers may be there, too.
const UPPER: usize = 0;

/// What is real, as (file system, number).
type Real = (usize, u64);

#[derive(Clone, Debug)]
struct World {
    file_systems: Vec<Fs>,
    layers: Vec<Layer>,
    upper: BTreeMap<Place, Held>,
    /// Number, proof.
    reserved: Vec<(u64, u64)>,
    /// Which layers are mounted, topmost first.
    mounted: Vec<usize>,
    /// Numbers that were shown in this mount, by what is real.
    shown: BTreeMap<(Real, Place), u64>,
}

impl World {
    fn new() -> Self {
        let mut world = World {
            file_systems: Vec::new(),
            layers: Vec::new(),
            upper: BTreeMap::new(),
            reserved: Vec::new(),
            mounted: Vec::new(),
            shown: BTreeMap::new(),
        };
        // The upper layer's; one with its own identity; two that look like one; one without identity and handles.
        for (tag, has_handles) in [(1, true), (2, true), (3, true), (3, true), (0, false)] {
            let fs = Fs {
                tag,
                has_handles,
                ..Fs::default()
            };
            world.file_systems.push(fs);
        }
        // The carriers of redirects.
        for _ in 0..DIRS {
            world.file_systems[UPPER].make(true);
        }
        for fs in [1, 2, 3, 4, UPPER, 1] {
            let mut names = BTreeMap::new();
            for name in 0..NAMES - 1 {
                names.insert(name, world.file_systems[fs].make(name == 2));
            }
            world.layers.push(Layer { fs, names });
        }
        world.mounted = vec![0, 1];
        world
    }

    fn inums(&self) -> (Inums, Vec<usize>) {
        let mut order = vec![UPPER];
        for &layer in &self.mounted {
            let fs = self.layers[layer].fs;
            if !order.contains(&fs) {
                order.push(fs);
            }
        }
        (Inums::new(order.len() as u32), order)
    }

    fn natural(&self, (fs, ino): Real) -> u64 {
        let (inums, order) = self.inums();
        let fsid = order.iter().position(|&it| it == fs).unwrap();
        inums.project(fsid as u32, ino)
    }

    fn shown_as(&self, number: u64) -> u64 {
        shown(number, |number| self.is_reserved(number))
    }

    fn is_reserved(&self, number: u64) -> bool {
        self.reserved.iter().any(|&(it, _)| it == number)
    }

    fn space(&self, dir: u8) -> Space {
        match dir {
            0 => Space::NATURAL,
            _ => Space::NATURAL.redirected(self.natural((UPPER, u64::from(dir) + 1))),
        }
    }

    fn proof(&self, ino: u64) -> u64 {
        let generation = self.file_systems[UPPER].inodes[&ino].generation;
        hash::combine(hash::combine(7, ino), generation.into())
    }

    fn is_single(&self, (fs, ino): Real) -> bool {
        let inode = &self.file_systems[fs].inodes[&ino];
        inode.is_dir || inode.links == 1
    }

    fn of_lower(&self, dir: u8, real: Real) -> u64 {
        self.space(dir)
            .number(self.natural(real), !self.is_single(real))
    }

    /// What shows at a place, and under which number if it is looked up now.
    fn at(&self, place: Place) -> Option<(Real, u64)> {
        match self.upper.get(&place) {
            Some(Held::Whiteout) => None,
            Some(&Held::Object(ino)) => {
                let own = self.shown_as(self.natural((UPPER, ino)));
                Some(((UPPER, ino), self.of_copy(place, ino).unwrap_or(own)))
            }
            None => {
                let layer = self.layer_of(place)?;
                let real = (layer.fs, layer.names[&place.1]);
                Some((real, self.shown_as(self.of_lower(place.0, real))))
            }
        }
    }

    fn layer_of(&self, (_, name): Place) -> Option<&Layer> {
        let mut mounted = self.mounted.iter().map(|&layer| &self.layers[layer]);
        mounted.find(|layer| layer.names.contains_key(&name))
    }

    /// As `inum::of_copy()`.
    fn of_copy(&self, place: Place, ino: u64) -> Option<u64> {
        let inode = &self.file_systems[UPPER].inodes[&ino];
        let mark = union_ino(inode.mark.as_ref()?).unwrap();
        let proof = self.proof(ino);
        if let Some(&(number, _)) = self.reserved.iter().find(|&&(_, it)| it == proof) {
            return Some(number);
        }
        if !self.is_single((UPPER, ino)) {
            return None;
        }
        for &layer in &self.mounted {
            let layer = &self.layers[layer];
            let Some(&below) = layer.names.get(&place.1) else {
                continue;
            };
            let real = (layer.fs, below);
            let fs = &self.file_systems[layer.fs];
            let number = self.of_lower(place.0, real);
            let beneath = Beneath {
                tag: fs.tag,
                handle: fs.handle(below),
                number,
                same_type: fs.inodes[&below].is_dir == inode.is_dir,
                single: self.is_single(real),
            };
            if beneath.is_origin_of(&mark) {
                return Some(self.shown_as(number));
            }
        }
        None
    }

    fn places() -> impl Iterator<Item = Place> {
        (0..DIRS).flat_map(|dir| (0..NAMES).map(move |name| (dir, name)))
    }

    /// Different objects have different numbers.
    fn check(&self) -> Result<(), TestCaseError> {
        let mut seen: BTreeMap<u64, (Real, Place)> = BTreeMap::new();
        for dir in 0..DIRS {
            // The directories themselves.
            let real = (UPPER, u64::from(dir) + 1);
            seen.insert(self.shown_as(self.natural(real)), (real, (dir, 0)));
        }
        for place in Self::places() {
            let Some((real, number)) = self.at(place) else {
                continue;
            };
            if let Some((other, there)) = seen.insert(number, (real, place)) {
                prop_assert_eq!(real, other, "{:?} and {:?}: {:#x}", place, there, number);
            }
        }
        Ok(())
    }

    /// What was shown before and is there still has its number still.
    fn check_kept(&mut self) -> Result<(), TestCaseError> {
        for place in Self::places() {
            let Some((real, number)) = self.at(place) else {
                continue;
            };
            let known = *self.shown.entry((real, place)).or_insert(number);
            prop_assert_eq!(number, known, "{:?} at {:?}", real, place);
        }
        Ok(())
    }

    fn copy_up(&mut self, place: Place) -> Option<u64> {
        if let Some(held) = self.upper.get(&place) {
            return match *held {
                Held::Object(ino) => Some(ino),
                Held::Whiteout => None,
            };
        }
        let (real, number) = self.at(place)?;
        let single = self.is_single(real);
        let fs = &self.file_systems[real.0];
        let is_dir = fs.inodes[&real.1].is_dir;
        let origin = Origin {
            tag: fs.tag,
            object: fs.handle(real.1),
            parent: Handle::NONE,
        };
        let ino = self.file_systems[UPPER].make(is_dir);
        if single {
            let mut buffer = [0; MAX_MARK];
            let mark = encode_union_ino(number, &origin, &mut buffer).to_vec();
            self.file_systems[UPPER].inodes.get_mut(&ino).unwrap().mark = Some(mark);
            self.shown.insert(((UPPER, ino), place), number);
        }
        self.upper.insert(place, Held::Object(ino));
        Some(ino)
    }

    /// As `reserved::reserve()`, of what shows at `place`.
    fn reserve(&mut self, place: Place, ino: u64) {
        let Some(number) = self.of_copy(place, ino) else {
            return;
        };
        let proof = self.proof(ino);
        if self
            .reserved
            .iter()
            .all(|&(n, p)| n != number && p != proof)
        {
            self.reserved.push((number, proof));
        }
    }

    /// What lies beneath a place.
    fn below(&self, place: Place) -> bool {
        self.layer_of(place).is_some()
    }

    fn unlink(&mut self, place: Place) {
        if self.at(place).is_none() {
            return;
        }
        if let Some(Held::Object(ino)) = self.upper.remove(&place) {
            let proof = self.proof(ino);
            self.file_systems[UPPER].drop_link(ino);
            if !self.file_systems[UPPER].inodes.contains_key(&ino) {
                let mut contested = Vec::new();
                for it in Self::places() {
                    if let Some((real, _)) = self.at(it) {
                        shown(self.of_lower_or_own(it, real), |number| {
                            contested.push(number);
                            self.is_reserved(number)
                        });
                    }
                }
                self.reserved
                    .retain(|(number, it)| *it != proof || contested.contains(number));
            }
        }
        if self.below(place) {
            self.upper.insert(place, Held::Whiteout);
        }
    }

    /// The number by nature.
    fn of_lower_or_own(&self, place: Place, real: Real) -> u64 {
        match self.upper.get(&place) {
            Some(_) => self.natural(real),
            None => self.of_lower(place.0, real),
        }
    }

    fn rename(&mut self, from: Place, to: Place) {
        let is_dir = |w: &Self, place| {
            w.at(place)
                .is_some_and(|(real, _)| w.file_systems[real.0].inodes[&real.1].is_dir)
        };
        // Directories with lower parts stay where they are.
        if from == to || is_dir(self, from) || is_dir(self, to) || self.at(from).is_none() {
            return;
        }
        let ino = self.copy_up(from).unwrap();
        if self.upper.get(&to) == Some(&Held::Object(ino)) {
            return;
        }
        self.reserve(from, ino);
        self.unlink(to);
        self.upper.insert(to, Held::Object(ino));
        self.upper.remove(&from);
        if self.below(from) {
            self.upper.insert(from, Held::Whiteout);
        }
    }

    fn link(&mut self, from: Place, to: Place) {
        let Some((real, _)) = self.at(from) else {
            return;
        };
        if self.file_systems[real.0].inodes[&real.1].is_dir || self.at(to).is_some() {
            return;
        }
        let ino = self.copy_up(from).unwrap();
        self.reserve(from, ino);
        self.file_systems[UPPER].inodes.get_mut(&ino).unwrap().links += 1;
        self.upper.insert(to, Held::Object(ino));
    }

    fn mount(&mut self, layers: Vec<usize>) {
        self.mounted = layers;
        self.shown.clear();
    }
}

/// What the union does, as users ask for it.
#[derive(Clone, Copy, Debug)]
enum Online {
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
enum Offline {
    Nothing,
    Layers(Vec<usize>),
    /// `cp -a` within the upper layer.
    Copy(Place, Place),
    /// `ln`, `mv`, `rm` there.
    UpperLink(Place, Place),
    UpperMove(Place, Place),
    UpperRemove(Place),
    /// The upper layer is copied to another file system, with what is beside it.
    CopyTop,
    Lose,
    /// `mv`, `ln`, `rm` and making files in a layer.
    LowerMove(usize, u8, u8),
    LowerLink(usize, u8, u8),
    LowerRemove(usize, u8),
    LowerCreate(usize, u8),
    /// A mark of version 1, with the number of anything.
    FirstVersion(Place, u64),
}

fn online(world: &mut World, what: Online) {
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

fn offline(world: &mut World, what: Offline) {
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
        Offline::CopyTop => {
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

fn place() -> impl Strategy<Value = Place> {
    (0..DIRS, 0..NAMES)
}

fn onlines() -> impl Strategy<Value = Vec<Online>> {
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

fn offlines() -> impl Strategy<Value = Offline> {
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
        1 => Just(Offline::CopyTop),
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
