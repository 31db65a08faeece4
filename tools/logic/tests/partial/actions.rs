// SPDX-License-Identifier: GPL-2.0-only

//! What happens to a file: calls of users, the worker of the module, power cuts, mounts.

use std::num::NonZeroU64;
use std::ops::Range;

use union_logic::alloc::fail_after;
use union_logic::partial::{
    commit, complete, copy_up, fsync, prepare_shared_mapping, revert, seek, settle, truncate,
    write, zero, Class, Depth, Geometry, Header, How, Identity, MapAt, Partial, Seek, SidecarId,
    Store, Sync, Unreadable,
};
use union_model::disk::{Choose, Name, CELLS, PAGES, ZERO};

use crate::mutants::Mutant;
use crate::oracle::{Oracle, Time};
use crate::world::{lower_cells, Failure, Others, World, CELL};

const ALL: Range<usize> = 0..CELLS;

impl World {
    /// Copies the file up, and does things to it, over some power cuts.
    pub(crate) fn run(&mut self) {
        let how = match self.class() {
            Class::None => How::Synced,
            _ => [How::Metadata, How::Unsynced, How::Granules][self.rng.below(3)],
        };
        self.note(|it| format!("{how:?}: {:?}, {:x?}", it.disk.order(), it.lower));
        self.note(|it| format!("{:?} {:?}", it.geometry, it.place));
        if let Err(failure) = copy_up(self, how) {
            // The lower file is still there, and right.
            assert!(failure != Failure::Killed);
            self.look_after_crash();
            return;
        }
        self.check(0);
        if self.class() == Class::None {
            // What follows is the file system's own, which promises nothing.
            self.look_after_crash();
            return;
        }
        let mut lives = 1 + self.rng.below(3);
        for _ in 0..10 + self.rng.below(60) {
            if self.violation.is_some() {
                return;
            }
            if self.is_down {
                lives -= 1;
                if lives == 0 || !self.mount_again() {
                    return;
                }
            }
            self.act();
        }
    }

    fn act(&mut self) {
        self.others = Others::Nothing;
        self.others_then = Others::Nothing;
        self.has_worker = true;
        if self.is_tainted && self.rng.one_in(3) {
            return self.recover();
        }
        match self.rng.below(40) {
            0..12 => self.act_write(false),
            12..17 => self.act_truncate(),
            17..20 => self.act_zero(),
            20..25 => self.act_fsync(),
            25..29 => self.act_commit(),
            29 => self.act_complete(),
            30 => self.act_settle(),
            31 if self.rng.one_in(3) => self.act_map(),
            32 => self.act_forget(),
            33..36 if !self.is_tainted => self.act_seek(),
            36 if self.rng.one_in(4) => self.is_down = true,
            37..40 if self.is_mapped => self.act_store(),
            _ => {
                self.background();
                self.look_after_crash();
            }
        }
        if self.file.is_lost() && self.rng.one_in(2) {
            self.recover();
        }
    }

    /// The worker, or somebody's fsync, in the middle of another operation.
    pub(crate) fn work(&mut self) {
        self.has_worker = false;
        let others = std::mem::replace(&mut self.others, Others::Nothing);
        self.note(|_| "    the worker".into());
        let done = match self.rng.one_in(2) {
            true => commit(self),
            false => fsync(self, Depth::Data),
        };
        self.note(|_| format!("    it has ended: {done:?}"));
        self.others = others;
        self.has_worker = true;
    }

    /// What others do while an operation waits: `all`, or only what needs the lock of the data
    /// shared.
    pub(crate) fn act_meanwhile(&mut self, all: bool) {
        // What is there before comes with nothing of what follows.
        let since = self.oracle.tick();
        self.note_granules(since);
        match self.rng.below(8) {
            0..4 => self.act_write(true),
            4..6 if all => self.act_truncate(),
            6 if all => self.act_zero(),
            _ => self.background(),
        }
    }

    fn some_cells(&mut self) -> Range<usize> {
        let size = self.size();
        let start = match self.rng.below(4) {
            0 => size.min(CELLS - 1),
            1 => self.rng.below((size + 4).min(CELLS)) / 4 * 4,
            _ => self.rng.below((size + 4).min(CELLS)),
        };
        let len = match self.rng.below(4) {
            0 => 1 + self.rng.below(24),
            1 => 4 << self.rng.below(3),
            _ => 1 + self.rng.below(6),
        };
        start..(start + len).min(CELLS)
    }

    fn act_write(&mut self, is_nested: bool) {
        let cells = self.some_cells();
        let sync = match !is_nested && self.rng.one_in(6) {
            true => Sync::Now,
            false => Sync::Later,
        };
        let since = self.oracle.tick();
        if sync == Sync::Now && self.rng.one_in(2) {
            self.others_then = Others::Writes;
            self.is_writing = true;
        }
        self.token += 1;
        self.note(|it| format!("{since} write {cells:?} {sync:?}, {:x}", it.token));
        let before = self.oracle.clone();
        let size = before.size();
        let token = self.token;
        self.oracle.write(cells.clone(), token);
        let bytes = cells.start as u64 * CELL..cells.end as u64 * CELL;
        let done = match sync {
            Sync::Now if self.has(Mutant::DsyncPassedOn) => write(self, bytes, Sync::Later)
                .and_then(|done| {
                    self.disk.sync(false, true).map_err(|_| Failure::Fault)?;
                    Ok(done)
                }),
            sync => write(self, bytes, sync),
        };
        self.is_writing &= is_nested;
        self.note(|_| format!("  = {done:?}"));
        if self.is_down {
            return;
        }
        let end = match done {
            Ok(done) => cells.start + (done / CELL) as usize,
            Err(_) => cells.start,
        };
        if end == cells.end && sync == Sync::Now {
            self.make_durable(cells, end > size, since);
        } else if sync == Sync::Now && done.is_err() && !self.is_writing {
            // It may be written and not synced.
            self.settle_for(since, &before);
        } else if end < cells.end {
            // Not a cell more has changed.
            self.oracle = before;
            if end > cells.start {
                self.oracle.write(cells.start..end, token);
            }
        }
        self.check(since);
    }

    /// What was seen at `since` stays, unless data got lost before, which has been told or will be.
    fn make_durable(&mut self, cells: Range<usize>, size: bool, since: Time) {
        if !self.is_tainted {
            self.oracle.make_durable(cells, size, since);
        }
    }

    /// An operation has failed, and may have been done in part: what is seen now is what there is.
    fn settle_for(&mut self, since: Time, before: &Oracle) {
        if self.is_tainted {
            let size = self.size();
            return self.oracle.settle_for_before(before, size);
        }
        let shown = self.shown();
        if let Err(what) = self.oracle.settle_for(&shown, since) {
            self.violate(what);
        }
    }

    fn act_truncate(&mut self) {
        let since = self.oracle.tick();
        let before = self.oracle.clone();
        let size = match self.rng.below(8) {
            0 => 0,
            1..4 => self.rng.below(self.size() + 1),
            _ => self.rng.below(CELLS - 8),
        };
        self.note(|it| format!("{since} truncate {} to {size}", it.size()));
        self.oracle.resize(size);
        let done = truncate(self, size as u64 * CELL);
        self.note(|_| format!("  = {done:?}"));
        if self.is_down {
            return;
        }
        match done {
            Ok(()) => self.oracle.cut(),
            Err(_) => self.oracle = before,
        }
        self.check(since);
    }

    fn act_zero(&mut self) {
        let since = self.oracle.tick();
        let cells = self.some_cells();
        let cells = cells.start..cells.end.min(self.size());
        if cells.start >= cells.end {
            return;
        }
        let before = self.oracle.clone();
        self.note(|_| format!("{since} zero {cells:?}"));
        self.oracle.write(cells.clone(), ZERO);
        let bytes = cells.start as u64 * CELL..cells.end as u64 * CELL;
        let done = zero(self, bytes);
        self.note(|_| format!("  = {done:?}"));
        if self.is_down {
            return;
        }
        if done.is_err() {
            self.settle_for(since, &before);
        }
        self.check(since);
    }

    fn act_fsync(&mut self) {
        let since = self.oracle.tick();
        self.others = Others::Everything;
        let depth = match self.rng.one_in(2) {
            true => Depth::Full,
            false => Depth::Data,
        };
        self.note(|_| format!("{since} fsync {depth:?}"));
        let done = fsync(self, depth);
        self.note(|_| format!("  = {done:?}"));
        if done.is_ok() {
            self.make_durable(ALL, true, since);
        }
        self.check(since);
    }

    /// The worker, after some time.
    fn act_commit(&mut self) {
        let since = self.oracle.tick();
        self.others = Others::Everything;
        self.note(|_| format!("{since} commit"));
        if self.faults > 0 && self.rng.one_in(4) {
            fail_after(Some(0));
        }
        let done = commit(self);
        fail_after(None);
        self.note(|_| format!("  = {done:?}"));
        self.check(since);
    }

    fn act_complete(&mut self) {
        let since = self.oracle.tick();
        self.others = Others::Everything;
        self.note(|_| format!("{since} complete"));
        let done = match self.has(Mutant::StaleCompletion) {
            true => self.complete_stale(),
            false => complete(self),
        };
        self.note(|_| format!("  = {done:?}"));
        self.check(since);
    }

    /// Fills what was missing at the beginning.
    fn complete_stale(&mut self) -> Result<(), Failure> {
        let granules = 0..self.geometry.count();
        let missing: Vec<_> = granules
            .map(|granule| self.geometry.bytes(&(granule..granule + 1)))
            .filter(|bytes| {
                self.file.source(bytes.start, bytes.end).0 == union_logic::partial::Source::Lower
            })
            .collect();
        for bytes in missing {
            self.pause()?;
            self.fill(bytes)?;
        }
        complete(self)
    }

    fn act_settle(&mut self) {
        let since = self.oracle.tick();
        self.others = Others::Everything;
        self.note(|_| format!("{since} settle"));
        let done = settle(self);
        self.note(|_| format!("  = {done:?}"));
        self.check(since);
    }

    fn act_map(&mut self) {
        let since = self.oracle.tick();
        self.others = Others::Everything;
        self.note(|_| format!("{since} map"));
        let done = match self.has(Mutant::MappingUnsettled) {
            true => complete(self),
            false => prepare_shared_mapping(self),
        };
        self.note(|_| format!("  = {done:?}"));
        if done.is_ok() {
            self.is_mapped = true;
            self.make_durable(ALL, true, since);
        }
        self.check(since);
    }

    /// Writes through a mapping, and perhaps msync(2).
    fn act_store(&mut self) {
        let since = self.oracle.tick();
        let size = self.size();
        if size == 0 {
            return;
        }
        let cell = self.rng.below(size);
        self.token += 1;
        self.note(|it| format!("{since} store {cell}, {:x}", it.token));
        self.oracle.write(cell..cell + 1, self.token);
        self.disk.write(cell, self.token);
        if self.rng.one_in(2) {
            self.note(|_| "  msync".into());
            match self.disk.sync(false, true) {
                Ok(()) => self.make_durable(ALL, false, since),
                Err(_) => self.is_tainted = true,
            }
        }
        self.check(since);
    }

    fn act_seek(&mut self) {
        let at = self.rng.below(CELLS);
        let shown = self.shown();
        let zeros = |cells: &[u32]| cells.iter().all(|cell| *cell == ZERO);
        for what in [Seek::Data, Seek::Hole] {
            let found = seek(self, at as u64 * CELL, what).expect("no step fails");
            let found = found.map(|found| (found / CELL) as usize);
            let is_right = match (what, found) {
                (_, _) if at >= shown.len() => found.is_none(),
                (Seek::Data, Some(found)) => zeros(&shown[at..found]),
                (Seek::Data, None) => zeros(&shown[at..]),
                (Seek::Hole, Some(found)) => found == shown.len() || shown[found] == ZERO,
                (Seek::Hole, None) => false,
            };
            if !is_right {
                self.violate(format!("{what:?} from {at} on: {found:?} in {shown:x?}"));
            }
        }
    }

    /// The inode leaves the memory, and is read again.
    fn act_forget(&mut self) {
        if self.is_mapped || !self.file.can_be_forgotten() {
            return;
        }
        self.note(|_| "forget".into());
        match self.load(&self.disk) {
            Ok(file) => self.file = file,
            Err(unreadable) => self.violate(format!("{unreadable:?}")),
        }
        self.check(self.oracle.clone().tick());
    }

    /// Data got lost, and users are told: what is not durable is taken back.
    fn recover(&mut self) {
        let since = self.oracle.tick();
        self.note(|_| format!("{since} recover"));
        // Somebody asks, until all that is left is on the disk. What is seen meanwhile is taken back
        // in part.
        self.is_tainted = true;
        let mut tries = 0;
        while fsync(self, Depth::Full).is_err() {
            tries += 1;
            if self.is_down || tries == 3 || revert(self).is_err() {
                return;
            }
        }
        for page in 0..PAGES {
            self.disk.evict(page);
        }
        self.is_tainted = false;
        // Any state since the last fsync.
        let before = self.oracle.clone();
        self.settle_for(0, &before);
        self.check(since);
    }

    /// The power comes back, and the union is mounted again, perhaps over another lower file.
    /// Returns whether the file is still copied up.
    fn mount_again(&mut self) -> bool {
        self.note(|_| "power cut".into());
        let left = self.disk.crash(&mut self.rng);
        if let Err(what) = self.check_left(&left) {
            self.violate(what);
            return false;
        }
        self.disk = left;
        self.is_down = false;
        self.is_tainted = false;
        self.is_mapped = false;
        self.deferred.clear();
        if !self.disk.is_named() {
            return false;
        }
        if self.rng.one_in(6) {
            self.exchange_lower();
        }
        if self.violation.is_some() {
            return false;
        }
        let file = self.load(&self.disk).expect("it was checked");
        self.collect_sidecar();
        let shown = self.view_with(&self.disk, &file);
        self.note(|_| format!("mounted: {shown:x?}, {:?}", file.form()));
        self.file = file;
        let limit = match self.header() {
            Some(header) => (header.limit / CELL) as usize,
            None => self.lower.len(),
        };
        let limit = limit.min(shown.len());
        self.oracle = Oracle::new(&shown, limit, self.geometry.count() as usize);
        self.check(0);
        true
    }

    /// The header, if it counts.
    fn header(&self) -> Option<Header> {
        let part = self.disk.attribute(Name::Part)?;
        match self.disk.attribute(Name::Mark)? {
            b"P" => Some(Header::decode(part).expect("it was checked").0),
            _ => None,
        }
    }

    /// The sidecar that no file uses is removed.
    fn collect_sidecar(&mut self) {
        if let Some((id, _)) = self.disk.sidecar() {
            if !self.header().is_some_and(|header| has_sidecar(&header, id)) {
                self.disk.remove_sidecar();
            }
        }
    }

    /// The layer is copied, or another one is put in its place.
    fn exchange_lower(&mut self) {
        let before = (self.identity, self.lower.clone(), self.geometry);
        let is_copy = self.rng.one_in(2);
        let precise = self.identity.mtime.1 != 0;
        self.identity.hash += 1;
        if !is_copy {
            self.identity.mtime = (self.identity.mtime.0 + 1, self.identity.mtime.1);
            let version = self.identity.hash as u32;
            let len = match self.rng.one_in(2) {
                true => before.1.len(),
                false => 1 + self.rng.below(44),
            };
            self.lower = lower_cells(&mut self.rng, len, version);
            self.identity.size = len as u64 * CELL;
            self.geometry =
                Geometry::new(self.identity.size, self.geometry.shift()).expect("small");
        }
        self.note(|it| format!("lower exchanged, a copy: {is_copy}, {:x?}", it.lower));
        let is_resized = self.lower.len() != before.1.len();
        if is_resized {
            self.copied = self.disk.size();
        }
        let depends = self
            .header()
            .is_some_and(|header| is_resized || self.has_own_data(&header, &before.0));
        let is_refused = depends && !(is_copy && precise);
        match self.load(&self.disk) {
            Ok(_) if !is_refused => {}
            Err(Unreadable::OtherLower) if is_refused => {
                (self.identity, self.lower, self.geometry) = before;
            }
            other => {
                let form = other.map(|file| file.form());
                self.violate(format!("{form:?} over another lower file"));
            }
        }
    }

    /// Whether the upper file has data that belong to the lower file it was copied from.
    fn has_own_data(&self, header: &Header, lower: &Identity) -> bool {
        let size = self.disk.size() as u64 * CELL;
        let map = match self.disk.sidecar() {
            Some((id, Some(map))) if has_sidecar(header, id) => map,
            _ => {
                Header::decode(self.disk.attribute(Name::Part).expect("it is there"))
                    .expect("it was checked")
                    .1
            }
        };
        assert!(Partial::read(header, map, size, lower).is_ok());
        size > header.limit || map.iter().any(|byte| *byte != 0)
    }
}

/// Whether a sidecar is that of the file with this header.
fn has_sidecar(header: &Header, id: u64) -> bool {
    let id = SidecarId(NonZeroU64::new(id).expect("not 0"));
    header.map == MapAt::Sidecar(Some(id))
}
