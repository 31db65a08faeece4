// SPDX-License-Identifier: GPL-2.0-only

//! The world as the store of the operations that the module will run.

use std::ops::Range;

use union_logic::alloc::AllocError;
use union_logic::partial::{
    Class, Depth, DraftStore, Granules, Header, Lost, Mark, Partial, Seek, SidecarId, Source,
    Store, Writing,
};
use union_model::disk::{Choose, Disk, Inode, Name, Order, WriteError, ZERO};

use crate::mutants::Mutant;
use crate::world::{Failure, Others, World, CELL};

impl From<AllocError> for Failure {
    fn from(_: AllocError) -> Self {
        Failure::Fault
    }
}

impl From<Lost> for Failure {
    fn from(_: Lost) -> Self {
        Failure::Lost
    }
}

fn cells(bytes: &Range<u64>) -> Range<usize> {
    assert!(bytes.start < bytes.end, "nothing to do");
    assert_eq!((bytes.start % CELL, bytes.end % CELL), (0, 0));
    (bytes.start / CELL) as usize..(bytes.end / CELL) as usize
}

/// The attribute with another header.
fn with_header(value: &[u8], change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let (mut header, map) = Header::decode(value).expect("our own");
    change(&mut header);
    let mut granules = Granules::none(header.geometry.count()).expect("memory");
    for (at, byte) in (0..).zip(map) {
        granules.insert_byte(at, *byte);
    }
    header.encode(&granules).expect("memory").to_vec()
}

impl World {
    /// The first so many of some cells, if a step is done in part.
    fn some_of(&mut self, cells: &Range<usize>) -> Range<usize> {
        cells.start..cells.start + self.rng.below(cells.len() + 1)
    }

    fn waited(&mut self, done: Result<(), WriteError>) -> Result<(), Failure> {
        match done {
            Err(WriteError) if self.has(Mutant::LostKept) => Ok(()),
            Err(WriteError) => {
                self.is_tainted = true;
                Err(Failure::Fault)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Whether the disk writes what is waited for now.
    fn writes_succeed(&mut self) -> bool {
        let fails = self.faults > 0 && self.rng.one_in(self.faults * 2);
        self.is_tainted |= fails;
        !fails
    }

    /// While an operation waits, others happen.
    fn others_happen(&mut self) {
        let others = std::mem::replace(&mut self.others, Others::Nothing);
        if others != Others::Nothing && self.rng.one_in(3) {
            self.note(|_| "    meanwhile".into());
            let all = others == Others::Everything;
            self.act_meanwhile(all);
            self.note(|_| "    it goes on".into());
        }
        self.others = others;
    }

    /// The same where the lock of the data is held shared.
    fn others_write(&mut self) {
        let others = self.others;
        if others == Others::Everything {
            self.others = Others::Writes;
        }
        self.others_happen();
        self.others = others;
    }

    fn set(&mut self, name: Name, value: &[u8]) {
        self.disk.set_attribute(name, Some(value));
    }

    /// A mutant keeps the lower file that the attribute has.
    fn with_mistake(&self, value: &[u8]) -> Vec<u8> {
        match self.disk.attribute(Name::Part) {
            Some(now) if self.has(Mutant::IdentityNotStored) => {
                let (now, _) = Header::decode(now).expect("our own");
                with_header(value, |header| header.lower = now.lower)
            }
            _ => value.to_vec(),
        }
    }

    /// A mutant sets attributes after the size has changed.
    fn set_deferred(&mut self) {
        if !self.deferred.is_empty() {
            let _ = self.step("(attributes that should have been set before)");
            for (name, value) in std::mem::take(&mut self.deferred) {
                self.set(name, &value);
            }
        }
    }

    /// Whether a mutant sets this attribute later.
    fn is_deferred(&self, name: Name, value: &[u8]) -> bool {
        let limit = |value: &[u8]| Header::decode(value).expect("our own").0.limit;
        match name {
            _ if !self.disk.is_named() => false,
            _ if self.has(Mutant::SizeBeforeHeader) => {
                self.disk.attribute(Name::Mark) == Some(Mark::Lower.encode())
            }
            Name::Part if self.has(Mutant::LimitAfterExtension) => {
                match self.disk.attribute(Name::Part) {
                    Some(now) => limit(value) < limit(now),
                    None => false,
                }
            }
            _ => false,
        }
    }

    /// A mutant stores the limit before the file is cut.
    fn store_limit_early(&mut self, size: u64) {
        let Some(value) = self.disk.attribute(Name::Part).map(<[u8]>::to_vec) else {
            return;
        };
        let value = with_header(&value, |header| header.limit = header.limit.min(size));
        self.set(Name::Part, &value);
        let _ = self.step("(the limit before the size)");
    }
}

impl Store for World {
    type Error = Failure;

    fn class(&self) -> Class {
        World::class(self)
    }

    fn with<R>(&mut self, look: impl FnOnce(&mut Partial) -> R) -> R {
        look(&mut self.file)
    }

    fn committing<R>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        if std::mem::replace(&mut self.is_committing, true) {
            return Err(Failure::Killed);
        }
        let done = act(self);
        self.is_committing = false;
        done
    }

    fn filling<R>(
        &mut self,
        bytes: Range<u64>,
        act: impl FnOnce(&mut Self) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        // It waits for the lock.
        self.others_write();
        let overlaps = |it: &Range<u64>| it.start < bytes.end && bytes.start < it.end;
        if self.filling.iter().any(overlaps) {
            return Err(Failure::Killed);
        }
        self.filling.push(bytes);
        let done = act(self);
        self.filling.pop();
        done
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.step("pause")?;
        self.others_happen();
        Ok(())
    }

    fn upper_size(&self) -> u64 {
        self.disk.size() as u64 * CELL
    }

    fn write(&mut self, bytes: Range<u64>, how: Writing) -> Result<u64, Failure> {
        self.step("write")?;
        let cells = cells(&bytes);
        // While others happen the oracle has to know what a write is going to do.
        let done = match !self.is_writing && self.rng.one_in(6) {
            true => self.some_of(&cells),
            false => cells.clone(),
        };
        for cell in done.clone() {
            self.disk.write(cell, self.token);
        }
        self.last_write = done.clone();
        if self.others == Others::Nothing {
            self.others = std::mem::replace(&mut self.others_then, Others::Nothing);
        }
        self.set_deferred();
        if how == Writing::Through && !done.is_empty() {
            let succeeds = self.writes_succeed();
            let synced = self.disk.sync(false, succeeds);
            self.waited(synced)?;
        }
        match self.has(Mutant::ShortWriteCountsWhole) {
            true => Ok(cells.len() as u64 * CELL),
            false => Ok(done.len() as u64 * CELL),
        }
    }

    fn zero(&mut self, bytes: Range<u64>) -> Result<(), Failure> {
        let cells = cells(&bytes);
        if let Err(failure) = self.step("zero") {
            let some = self.some_of(&cells);
            if failure == Failure::Fault && !some.is_empty() {
                self.disk.zero(some);
            }
            return Err(failure);
        }
        self.disk.zero(cells);
        Ok(())
    }

    fn fill(&mut self, bytes: Range<u64>) -> Result<(), Failure> {
        let mut cells = cells(&bytes);
        let done = self.step("fill");
        if done == Err(Failure::Fault) {
            cells = self.some_of(&cells);
        } else if self.has(Mutant::FillPastLimit) && !cells.end.is_multiple_of(4) {
            cells.end = cells.end.next_multiple_of(4).min(self.lower.len());
        }
        if done == Err(Failure::Crash) {
            return done;
        }
        if done.is_ok() {
            self.others_write();
        }
        for cell in cells {
            let value = self.lower[cell];
            if !(self.has(Mutant::FillSkipsHoles) && value == ZERO) {
                self.disk.write(cell, value);
            }
        }
        done
    }

    fn give_back(&mut self, bytes: Range<u64>) {
        // It may fail in any way: that is not seen, and nothing may depend on it.
        let _ = self.zero(bytes);
    }

    fn set_size(&mut self, size: u64) -> Result<(), Failure> {
        self.step("set size")?;
        if self.has(Mutant::LimitBeforeCut) && size < self.upper_size() {
            self.store_limit_early(size);
        }
        let grows = size > self.upper_size();
        self.disk.resize((size / CELL) as usize);
        if grows || self.has(Mutant::SizeBeforeHeader) {
            self.set_deferred();
        }
        Ok(())
    }

    fn match_size(&mut self, size: u64) -> Result<(), Failure> {
        self.step("match size")?;
        if !self.has(Mutant::SizeNotMatched) {
            self.disk.resize((size / CELL) as usize);
        }
        Ok(())
    }

    fn prepare(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn wait(&mut self, bytes: Range<u64>) -> Result<(), Failure> {
        self.step("wait")?;
        self.others_happen();
        if self.has(Mutant::BitBeforeWait) {
            return Ok(());
        }
        let cells = match self.has(Mutant::WaitOnWritten) {
            true => self.last_write.clone(),
            false => cells(&bytes),
        };
        let succeeds = self.writes_succeed();
        let waited = self.disk.wait(cells, succeeds);
        self.waited(waited)
    }

    fn sync(&mut self, depth: Depth) -> Result<(), Failure> {
        self.step("sync")?;
        self.others_happen();
        if self.is_committing && self.has(Mutant::SidecarBeforeSync) {
            return Ok(());
        }
        let all = depth == Depth::Full && !self.has(Mutant::DataSyncOfMap);
        let succeeds = self.writes_succeed();
        let synced = self.disk.sync(all, succeeds);
        self.waited(synced)
    }

    fn forget_errors(&mut self) {
        self.disk.forget_errors();
    }

    fn set_part(&mut self, value: &[u8]) -> Result<(), Failure> {
        self.step("set part")?;
        let value = &self.with_mistake(value);
        match self.is_deferred(Name::Part, value) {
            true => self.deferred.push((Name::Part, value.to_vec())),
            false => self.set(Name::Part, value),
        }
        let has_bits = |value: &[u8]| {
            Header::decode(value).is_ok_and(|(_, map)| map.iter().any(|byte| *byte != 0))
        };
        if self.has(Mutant::SettledTooEarly) && has_bits(value) {
            self.disk.set_attribute(Name::Mark, None);
        }
        Ok(())
    }

    fn remove_part(&mut self) -> Result<(), Failure> {
        self.step("remove part")?;
        self.disk.set_attribute(Name::Part, None);
        Ok(())
    }

    fn set_mark(&mut self, mark: Mark) -> Result<(), Failure> {
        self.step("set mark")?;
        let value = mark.encode();
        if self.has(Mutant::MetadataWithOtherSize) && mark == Mark::Partial && self.disk.is_named()
        {
            return Ok(());
        }
        match self.is_deferred(Name::Mark, value) {
            true => self.deferred.push((Name::Mark, value.to_vec())),
            false => self.set(Name::Mark, value),
        }
        Ok(())
    }

    fn remove_mark(&mut self) -> Result<(), Failure> {
        self.step("remove mark")?;
        if self.has(Mutant::PartBeforeMark) {
            self.disk.set_attribute(Name::Part, None);
            let _ = self.step("(the map before the mark)");
        }
        self.disk.set_attribute(Name::Mark, None);
        Ok(())
    }

    fn make_guard(&mut self, durable: bool) -> Result<(), Failure> {
        self.step("make guard")?;
        if !self.disk.is_guarded() {
            self.disk.guard();
        }
        if durable && !self.has(Mutant::GuardNotSynced) {
            self.disk.sync_inode(Inode::Guard);
        }
        Ok(())
    }

    fn make_sidecar(&mut self) -> Result<SidecarId, Failure> {
        self.step("make sidecar")?;
        self.sidecars += 1;
        let bytes = Granules::bytes_for(self.geometry.count()) as usize;
        self.disk.make_sidecar(self.sidecars, bytes);
        Ok(SidecarId(self.sidecars.try_into().expect("not 0")))
    }

    fn write_sidecar(&mut self, id: SidecarId, at: u64, bytes: &[u8]) -> Result<(), Failure> {
        self.step("write sidecar")?;
        let there = self.disk.sidecar().map(|(it, _)| it);
        assert_eq!(there, Some(id.0.get()));
        self.disk.write_sidecar(at as usize, bytes);
        Ok(())
    }

    fn sync_sidecar(&mut self, _id: SidecarId) -> Result<(), Failure> {
        self.step("sync sidecar")?;
        self.disk.sync_inode(Inode::Sidecar);
        Ok(())
    }

    fn remove_sidecar(&mut self, _id: SidecarId) {
        if self.step("remove sidecar").is_ok() {
            self.disk.remove_sidecar();
        }
    }

    fn seek(
        &mut self,
        source: Source,
        bytes: Range<u64>,
        what: Seek,
    ) -> Result<Option<u64>, Failure> {
        let source = match self.has(Mutant::SeekOfUpper) {
            true => Source::Upper,
            false => source,
        };
        let is_data = |cell: &usize| match source {
            Source::Upper => self.disk.has_data(*cell),
            Source::Lower => self.lower[*cell] != ZERO,
        };
        let found = cells(&bytes).find(|cell| is_data(cell) == (what == Seek::Data));
        Ok(found.map(|cell| cell as u64 * CELL))
    }
}

impl DraftStore for World {
    fn draft(&mut self) -> Result<(), Failure> {
        self.step("draft")?;
        self.disk = Disk::new(self.disk.order());
        Ok(())
    }

    fn dress(&mut self) -> Result<(), Failure> {
        self.step("dress")
    }

    fn publish(&mut self) -> Result<(), Failure> {
        self.step("publish")?;
        self.disk.publish();
        if self.disk.order() == Order::None {
            // The directory is synced as well: without order there is nothing to rely on.
            self.disk.sync_inode(Inode::File);
        }
        Ok(())
    }

    fn discard(&mut self) {}
}
