// SPDX-License-Identifier: GPL-2.0-only

//! A world of layers, some of them mounted as a union, and the numbers that the union shows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use union_logic::hash;
use union_logic::inum::{shown, Beneath, Inums, Space};
use union_logic::value::{encode_union_ino, union_ino, Handle, Origin, MAX_MARK};

/// An object of a file system.
#[derive(Clone, Debug)]
pub(crate) struct Inode {
    pub(crate) generation: u32,
    pub(crate) is_dir: bool,
    pub(crate) links: u32,
    /// As it is stored; of a copy.
    pub(crate) mark: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Fs {
    /// 0: nothing tells it from others.
    pub(crate) tag: u32,
    pub(crate) has_handles: bool,
    pub(crate) inodes: BTreeMap<u64, Inode>,
    pub(crate) generation: u32,
}

impl Fs {
    /// Free numbers are given again, as by ext4; the former owner had another generation.
    pub(crate) fn make(&mut self, is_dir: bool) -> u64 {
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

    pub(crate) fn drop_link(&mut self, ino: u64) {
        let inode = self.inodes.get_mut(&ino).unwrap();
        inode.links -= 1;
        if inode.links == 0 {
            self.inodes.remove(&ino);
        }
    }

    pub(crate) fn handle(&self, ino: u64) -> Handle {
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
pub(crate) struct Layer {
    pub(crate) fs: usize,
    pub(crate) names: BTreeMap<u8, u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Held {
    Object(u64),
    Whiteout,
}

/// A name in one of the directories of the union. All of them have the same lower directories: the first by its
/// name, the others by redirects.
pub(crate) type Place = (u8, u8);

pub(crate) const DIRS: u8 = 3;
pub(crate) const NAMES: u8 = 5;
/// Where the upper layer is. Layers may be there, too.
pub(crate) const UPPER: usize = 0;

/// What is real, as (file system, number).
pub(crate) type Real = (usize, u64);

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) file_systems: Vec<Fs>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) upper: BTreeMap<Place, Held>,
    /// Number, proof.
    pub(crate) reserved: Vec<(u64, u64)>,
    /// Which layers are mounted, topmost first.
    pub(crate) mounted: Vec<usize>,
    /// Numbers that were shown in this mount, by what is real.
    pub(crate) shown: BTreeMap<(Real, Place), u64>,
}

impl World {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn inums(&self) -> (Inums, Vec<usize>) {
        let mut order = vec![UPPER];
        for &layer in &self.mounted {
            let fs = self.layers[layer].fs;
            if !order.contains(&fs) {
                order.push(fs);
            }
        }
        (Inums::new(order.len() as u32), order)
    }

    pub(crate) fn natural(&self, (fs, ino): Real) -> u64 {
        let (inums, order) = self.inums();
        let fsid = order.iter().position(|&it| it == fs).unwrap();
        inums.project(fsid as u32, ino)
    }

    pub(crate) fn shown_as(&self, number: u64) -> u64 {
        shown(number, |number| self.is_reserved(number))
    }

    pub(crate) fn is_reserved(&self, number: u64) -> bool {
        self.reserved.iter().any(|&(it, _)| it == number)
    }

    pub(crate) fn space(&self, dir: u8) -> Space {
        match dir {
            0 => Space::NATURAL,
            _ => Space::NATURAL.redirected(self.natural((UPPER, u64::from(dir) + 1))),
        }
    }

    pub(crate) fn proof(&self, ino: u64) -> u64 {
        let generation = self.file_systems[UPPER].inodes[&ino].generation;
        hash::combine(hash::combine(7, ino), generation.into())
    }

    pub(crate) fn is_single(&self, (fs, ino): Real) -> bool {
        let inode = &self.file_systems[fs].inodes[&ino];
        inode.is_dir || inode.links == 1
    }

    pub(crate) fn of_lower(&self, dir: u8, real: Real) -> u64 {
        self.space(dir)
            .number(self.natural(real), !self.is_single(real))
    }

    /// What a place shows, and its number if it is looked up now.
    pub(crate) fn at(&self, place: Place) -> Option<(Real, u64)> {
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

    pub(crate) fn layer_of(&self, (_, name): Place) -> Option<&Layer> {
        let mut mounted = self.mounted.iter().map(|&layer| &self.layers[layer]);
        mounted.find(|layer| layer.names.contains_key(&name))
    }

    /// As `inum::of_copy()`.
    pub(crate) fn of_copy(&self, place: Place, ino: u64) -> Option<u64> {
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

    pub(crate) fn places() -> impl Iterator<Item = Place> {
        (0..DIRS).flat_map(|dir| (0..NAMES).map(move |name| (dir, name)))
    }

    /// Different objects have different numbers.
    pub(crate) fn check(&self) -> Result<(), TestCaseError> {
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

    /// An object that was shown before and still exists has the same number.
    pub(crate) fn check_kept(&mut self) -> Result<(), TestCaseError> {
        for place in Self::places() {
            let Some((real, number)) = self.at(place) else {
                continue;
            };
            let known = *self.shown.entry((real, place)).or_insert(number);
            prop_assert_eq!(number, known, "{:?} at {:?}", real, place);
        }
        Ok(())
    }

    pub(crate) fn copy_up(&mut self, place: Place) -> Option<u64> {
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
            object: fs.handle(real.1).digest(),
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
    pub(crate) fn reserve(&mut self, place: Place, ino: u64) {
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
    pub(crate) fn below(&self, place: Place) -> bool {
        self.layer_of(place).is_some()
    }

    pub(crate) fn unlink(&mut self, place: Place) {
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

    /// The number without reservations.
    pub(crate) fn of_lower_or_own(&self, place: Place, real: Real) -> u64 {
        match self.upper.get(&place) {
            Some(_) => self.natural(real),
            None => self.of_lower(place.0, real),
        }
    }

    pub(crate) fn rename(&mut self, from: Place, to: Place) {
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

    pub(crate) fn link(&mut self, from: Place, to: Place) {
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

    pub(crate) fn mount(&mut self, layers: Vec<usize>) {
        self.mounted = layers;
        self.shown.clear();
    }
}
