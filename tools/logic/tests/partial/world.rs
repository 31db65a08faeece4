// SPDX-License-Identifier: GPL-2.0-only

//! An upper file, its lower file, and what has to hold of them after a crash at any moment.

use std::ops::Range;

use union_logic::alloc::fail_after;
use union_logic::partial::{
    Class, Form, Geometry, Header, Identity, MapAt, Mark, Partial, Place, Source, Unreadable,
};
use union_model::disk::{Cell, Choose, Disk, Name, Order, ZERO};

use crate::mutants::Mutant;
use crate::oracle::{Oracle, Time};

/// Bytes of a cell: a page is 4 KiB.
pub(crate) const CELL: u64 = 1024;

/// Numbers that look random, the same for a seed.
#[derive(Clone, Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Choose for Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (union_logic::hash::spread(self.0) % n as u64) as usize
    }
}

/// A step did not happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// It failed.
    Fault,
    /// The power went.
    Crash,
    /// Another operation has the lock; a signal came.
    Killed,
    /// Data got lost.
    Lost,
}

/// What may happen while an operation holds no lock of the file's data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Others {
    Nothing,
    Writes,
    Everything,
}

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) disk: Disk,
    pub(crate) file: Partial,
    pub(crate) lower: Vec<Cell>,
    /// Cells of the upper file, when a lower one of another size was put in place.
    pub(crate) copied: usize,
    pub(crate) identity: Identity,
    pub(crate) geometry: Geometry,
    pub(crate) place: Place,
    pub(crate) oracle: Oracle,
    /// What the next write writes.
    pub(crate) token: Cell,
    /// The cells of the last one.
    pub(crate) last_write: Range<usize>,
    pub(crate) sidecars: u64,
    /// The power is gone.
    pub(crate) is_down: bool,
    /// Data may have got lost, so what the file shows need not be right until that has been told.
    pub(crate) is_tainted: bool,
    pub(crate) is_mapped: bool,
    /// A write goes on, of which it is not known yet how much it has written.
    pub(crate) is_writing: bool,
    /// Steps fail once in so many times; 0: never.
    pub(crate) faults: usize,
    pub(crate) is_committing: bool,
    pub(crate) filling: Vec<Range<u64>>,
    pub(crate) others: Others,
    /// The same after a write has been done.
    pub(crate) others_then: Others,
    /// The worker may commit at any step.
    pub(crate) has_worker: bool,
    /// Attributes that a mutant sets later.
    pub(crate) deferred: Vec<(Name, Vec<u8>)>,
    pub(crate) steps: u64,
    pub(crate) trace: Option<Vec<String>>,
    pub(crate) violation: Option<String>,
}

impl World {
    /// A lower file that is not copied up yet.
    pub(crate) fn new(seed: u64, mutant: Option<Mutant>, tracing: bool) -> Self {
        let mut rng = Rng(seed);
        let order = [
            Order::Journal,
            Order::Journal,
            Order::Log,
            Order::Log,
            Order::None,
        ][rng.below(5)];
        let len = 1 + rng.below(44);
        let lower = lower_cells(&mut rng, len, 0);
        let shift = [12, 12, 13, 14, 16][rng.below(5)];
        let size = len as u64 * CELL;
        let geometry = Geometry::new(size, shift).expect("small");
        let place = [Place::Attribute, Place::Attribute, Place::Sidecar][rng.below(3)];
        let identity = Identity {
            size,
            mtime: (1, rng.below(2) as u32),
            hash: 1,
        };
        let faults = [0, 0, 12, 40][rng.below(4)];
        World {
            rng,
            mutant,
            disk: Disk::new(order),
            file: Partial::new(identity, geometry, place).expect("memory"),
            oracle: Oracle::new(&lower, len, geometry.count() as usize),
            lower,
            copied: len,
            identity,
            geometry,
            place,
            token: 0,
            last_write: 0..0,
            sidecars: 0,
            is_down: false,
            is_tainted: false,
            is_mapped: false,
            is_writing: false,
            faults,
            is_committing: false,
            filling: Vec::new(),
            has_worker: false,
            others: Others::Nothing,
            others_then: Others::Nothing,
            deferred: Vec::new(),
            steps: 0,
            trace: tracing.then(Vec::new),
            violation: None,
        }
    }

    pub(crate) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub(crate) fn note(&mut self, what: impl FnOnce(&Self) -> String) {
        let line = self.trace.is_some().then(|| what(self));
        if let Some(trace) = &mut self.trace {
            trace.extend(line);
        }
    }

    /// Something that must not be.
    pub(crate) fn violate(&mut self, what: String) {
        self.note(|_| format!("VIOLATION {what}"));
        self.violation.get_or_insert(what);
        self.is_down = true;
    }

    /// Before a step: other things happen, or it fails.
    pub(crate) fn step(&mut self, name: &str) -> Result<(), Failure> {
        if self.is_down {
            return Err(Failure::Crash);
        }
        self.steps += 1;
        self.note(|_| format!("    {name}"));
        self.background();
        if self.has_worker && !self.is_committing && self.rng.one_in(12) {
            self.work();
        }
        if self.rng.one_in(4) {
            self.look_after_crash();
        }
        if self.violation.is_some() {
            return Err(Failure::Crash);
        }
        if self.rng.one_in(200) {
            self.note(|_| "    power cut".into());
            self.is_down = true;
            return Err(Failure::Crash);
        }
        if self.faults > 0 && self.rng.one_in(self.faults) {
            self.note(|_| "    fails".into());
            return Err(Failure::Fault);
        }
        Ok(())
    }

    /// What file systems do by themselves.
    pub(crate) fn background(&mut self) {
        for _ in 0..self.rng.below(3) {
            self.steps += 1;
            let may_fail = self.faults > 0;
            self.is_tainted |= self.disk.background(&mut self.rng, may_fail);
        }
    }

    /// What a mount after a crash would show is right.
    pub(crate) fn look_after_crash(&mut self) {
        // The next mount has memory again.
        fail_after(None);
        let left = self.disk.crash(&mut self.rng);
        if let Err(what) = self.check_left(&left) {
            self.violate(what);
        }
    }

    pub(crate) fn check_left(&self, left: &Disk) -> Result<(), String> {
        let cells = match self.view(left) {
            Ok(cells) => cells,
            Err(unreadable) => return Err(format!("{unreadable:?} after a crash")),
        };
        self.oracle.check(&cells)?;
        self.check_overlayfs(left, &cells)
    }

    /// What overlayfs shows of it, all its features enabled, is right or an error.
    fn check_overlayfs(&self, left: &Disk, cells: &[Cell]) -> Result<(), String> {
        let shown = match left.attribute(Name::Mark) {
            _ if !left.is_named() => return Ok(()),
            None => (0..left.size()).map(|cell| left.read(cell)).collect(),
            // It shows the lower file that there is in the size of the one that was copied up.
            Some([]) if left.size() == self.copied && self.copied != self.lower.len() => {
                return Ok(());
            }
            // `ovl_check_metacopy_xattr()`.
            Some([]) => {
                let mut cells = self.lower.clone();
                cells.resize(left.size(), ZERO);
                cells
            }
            Some([_] | [_, _] | [_, _, _]) if !left.is_guarded() => {
                return Err("a partial file without its guard".into());
            }
            Some(_) => return Ok(()),
        };
        match shown == cells {
            true => Ok(()),
            false => Err(format!("overlayfs shows {shown:x?} and not {cells:x?}")),
        }
    }

    /// What a mount shows of what is on a disk.
    fn view(&self, disk: &Disk) -> Result<Vec<Cell>, Unreadable> {
        match disk.is_named() {
            false => Ok(self.lower.clone()),
            true => Ok(self.view_with(disk, &self.load(disk)?)),
        }
    }

    pub(crate) fn view_with(&self, disk: &Disk, file: &Partial) -> Vec<Cell> {
        let size = (file.size(disk.size() as u64 * CELL) / CELL) as usize;
        let mut cells = Vec::with_capacity(size);
        while cells.len() < size {
            let at = cells.len() as u64 * CELL;
            let (source, end) = file.source(at, size as u64 * CELL);
            assert!(end > at);
            cells.extend((at / CELL..end.div_ceil(CELL)).map(|cell| match source {
                Source::Upper => disk.read(cell as usize),
                Source::Lower => self.lower[cell as usize],
            }));
        }
        cells
    }

    /// The size that the file shows now.
    pub(crate) fn size(&self) -> usize {
        (self.file.size(self.disk.size() as u64 * CELL) / CELL) as usize
    }

    /// What the file shows now.
    pub(crate) fn shown(&self) -> Vec<Cell> {
        self.view_with(&self.disk, &self.file)
    }

    /// Reads what a disk says of the file.
    pub(crate) fn load(&self, disk: &Disk) -> Result<Partial, Unreadable> {
        let mark = disk.attribute(Name::Mark).map(Mark::decode).transpose()?;
        let memory = "there is memory";
        match Form::of(mark) {
            Form::Whole => Ok(Partial::whole(self.identity, self.geometry).expect(memory)),
            Form::Metadata => {
                Ok(Partial::new(self.identity, self.geometry, self.place).expect(memory))
            }
            Form::Partial => {
                let part = disk.attribute(Name::Part).ok_or(Unreadable::Damaged)?;
                let (header, map) = Header::decode(part)?;
                let map = match header.map {
                    MapAt::Attribute => map,
                    MapAt::Sidecar(None) => &[],
                    MapAt::Sidecar(Some(id)) => match disk.sidecar() {
                        Some((it, Some(map))) if it == id.0.get() => map,
                        _ => return Err(Unreadable::NoSidecar),
                    },
                };
                let lower = match self.has(Mutant::IdentityIgnored) {
                    true => header.lower,
                    false => self.identity,
                };
                let size = disk.size() as u64 * CELL;
                Partial::read(&header, map, size, &lower)
            }
        }
    }

    /// After an operation that began at `since`: which granules are in the upper file, and whether
    /// all is as it has to be.
    pub(crate) fn check(&mut self, since: Time) {
        self.note_granules(since);
        if self.is_down || self.is_tainted || self.is_writing {
            return;
        }
        let mut expected = self.oracle.contents();
        expected.truncate(self.oracle.size());
        let shown: Vec<_> = self.shown().into_iter().map(Some).collect();
        if shown != expected {
            self.violate(format!("shown {shown:x?}, not {expected:x?}"));
        }
    }

    pub(crate) fn note_granules(&mut self, since: Time) {
        for granule in 0..self.geometry.count() {
            let bytes = self.geometry.bytes(&(granule..granule + 1));
            let is_present = self.file.source(bytes.start, bytes.end).0 == Source::Upper;
            let cells = (bytes.start / CELL) as usize..bytes.end.div_ceil(CELL) as usize;
            self.oracle
                .note_granule(granule as usize, cells, is_present, since);
        }
    }

    pub(crate) fn class(&self) -> Class {
        match self.disk.order() {
            Order::Log if self.has(Mutant::WaitInsteadOfSync) => Class::Journal,
            Order::Journal => Class::Journal,
            Order::Log => Class::Flush,
            Order::None => Class::None,
        }
    }
}

/// A lower file with holes.
pub(crate) fn lower_cells(rng: &mut Rng, len: usize, version: Cell) -> Vec<Cell> {
    let mut cells = Vec::new();
    while cells.len() < len {
        let run = 1 + rng.below(9);
        let is_hole = rng.one_in(3);
        for _ in 0..run.min(len - cells.len()) {
            cells.push(match is_hole {
                true => ZERO,
                false => 0x4000_0000 | version << 16 | cells.len() as Cell,
            });
        }
    }
    cells
}
