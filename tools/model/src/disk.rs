// SPDX-License-Identifier: GPL-2.0-only

//! One file on a file system that loses power: page cache, journal, and a disk that has a cache.
//!
//! Data are counted in cells: what a disk writes whole or not at all. A page has four. What a crash
//! leaves is what is durable, and any part of the rest that the file system may have written.

use std::collections::BTreeMap;

/// What a cell holds.
pub type Cell = u32;
/// What holes read as.
pub const ZERO: Cell = 0;
/// Cells of a page, which is also a block.
pub const PAGE: usize = 4;
/// Pages of the largest file.
pub const PAGES: usize = 16;
/// Cells of the largest file.
pub const CELLS: usize = PAGE * PAGES;

/// A choice among `n`.
pub trait Choose {
    /// A number below `n`, which is not 0.
    fn below(&mut self, n: usize) -> usize;

    /// True once in `n` times.
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// How a file system keeps order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// One journal of all changes. A page is written in its place; its extent is in the journal
    /// before writing it has ended.
    Journal,
    /// The same, but pages go to new places, their extents are in the journal some time later, and
    /// fsync makes the changes of one inode durable without those of others.
    Log,
    /// None.
    None,
}

/// Which inode a change is one of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inode {
    /// The file; its name is made durable with it.
    File,
    /// The mark in the work directory.
    Guard,
    /// The file with the map.
    Sidecar,
}

/// An extended attribute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Name {
    /// `overlay.metacopy`.
    Mark,
    /// `overlay.union.part`.
    Part,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Change {
    /// The size is at least this.
    Grow(usize),
    /// The size is this, and there are no blocks beyond it.
    Resize(usize),
    Extent(usize, Option<usize>),
    Attribute(Name, Option<Vec<u8>>),
    Named,
    Guarded,
    Sidecar(Option<u64>),
}

impl Change {
    /// Whether data are found by it, so that fdatasync cares.
    fn is_of_data(&self) -> bool {
        matches!(
            self,
            Change::Grow(_) | Change::Resize(_) | Change::Extent(..)
        )
    }
}

#[derive(Clone, Debug)]
struct Logged {
    change: Change,
    inode: Inode,
    durable: bool,
}

/// What the changes add up to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Metadata {
    size: usize,
    extents: [Option<usize>; PAGES],
    attributes: BTreeMap<Name, Vec<u8>>,
    named: bool,
    guarded: bool,
    sidecar: Option<u64>,
}

impl Metadata {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Grow(size) => self.size = self.size.max(*size),
            Change::Resize(size) => {
                self.size = *size;
                for extent in self.extents.iter_mut().skip(size.div_ceil(PAGE)) {
                    *extent = None;
                }
            }
            Change::Extent(page, block) => self.extents[*page] = *block,
            Change::Attribute(name, Some(value)) => {
                self.attributes.insert(*name, value.clone());
            }
            Change::Attribute(name, None) => {
                self.attributes.remove(name);
            }
            Change::Named => self.named = true,
            Change::Guarded => self.guarded = true,
            Change::Sidecar(id) => self.sidecar = *id,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Page {
    cached: Option<[Cell; PAGE]>,
    dirty: bool,
    /// What is on its way to the disk, and whether it gets there.
    writeback: Option<([Cell; PAGE], bool)>,
}

/// A cell that the disk has, in a cache that a power cut may empty.
#[derive(Clone, Copy, Debug)]
struct Pending {
    block: usize,
    cell: usize,
    value: Cell,
    /// How many changes there were before.
    after: usize,
}

/// The contents of the sidecar: what has been written, and what of it is durable.
#[derive(Clone, Debug, Default)]
struct Map {
    written: Vec<u8>,
    durable: Vec<u8>,
    is_whole: bool,
}

/// Writing data has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriteError;

/// The file and its file system.
#[derive(Clone, Debug)]
pub struct Disk {
    order: Order,
    base: Metadata,
    changes: Vec<Logged>,
    live: Metadata,
    /// The size as it is in the journal.
    logged_size: usize,
    pages: Vec<Page>,
    blocks: Vec<[Cell; PAGE]>,
    pending: Vec<Pending>,
    /// Extents that are not in the journal yet.
    late: Vec<(usize, usize)>,
    map: Map,
    /// Writing data has failed.
    has_error: bool,
}

impl Disk {
    /// An empty file without a name.
    pub fn new(order: Order) -> Self {
        Self::of(order, Metadata::default(), Vec::new(), Map::default())
    }

    fn of(order: Order, base: Metadata, blocks: Vec<[Cell; PAGE]>, map: Map) -> Self {
        Disk {
            order,
            live: base.clone(),
            logged_size: base.size,
            base,
            changes: Vec::new(),
            pages: vec![Page::default(); PAGES],
            blocks,
            pending: Vec::new(),
            late: Vec::new(),
            map,
            has_error: false,
        }
    }

    /// How it keeps order.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The size in cells.
    pub fn size(&self) -> usize {
        self.live.size
    }

    /// An attribute.
    pub fn attribute(&self, name: Name) -> Option<&[u8]> {
        self.live.attributes.get(&name).map(Vec::as_slice)
    }

    /// Whether the file has its name.
    pub fn is_named(&self) -> bool {
        self.live.named
    }

    /// Whether there is the mark in the work directory.
    pub fn is_guarded(&self) -> bool {
        self.live.guarded
    }

    /// The number of the sidecar, and the bytes of its map; none if it is damaged.
    pub fn sidecar(&self) -> Option<(u64, Option<&[u8]>)> {
        let id = self.live.sidecar?;
        Some((id, self.map.is_whole.then_some(&self.map.written[..])))
    }

    /// What a cell holds.
    pub fn read(&self, cell: usize) -> Cell {
        match self.pages[cell / PAGE].cached {
            Some(page) => page[cell % PAGE],
            None => self.stored(cell / PAGE)[cell % PAGE],
        }
    }

    fn stored(&self, page: usize) -> [Cell; PAGE] {
        let Some(block) = self.live.extents[page] else {
            return [ZERO; PAGE];
        };
        let mut cells = self.blocks[block];
        for pending in self.pending.iter().filter(|it| it.block == block) {
            cells[pending.cell] = pending.value;
        }
        cells
    }

    /// Whether a page has data, also if they have no place yet.
    pub fn has_data(&self, cell: usize) -> bool {
        let page = &self.pages[cell / PAGE];
        self.live.extents[cell / PAGE].is_some() || page.dirty || page.writeback.is_some()
    }

    /// Writes a cell.
    pub fn write(&mut self, cell: usize, value: Cell) {
        let stored = self.stored(cell / PAGE);
        let page = &mut self.pages[cell / PAGE];
        page.cached.get_or_insert(stored)[cell % PAGE] = value;
        page.dirty = true;
        self.live.size = self.live.size.max(cell + 1);
    }

    fn log(&mut self, inode: Inode, change: Change) {
        self.live.apply(&change);
        self.changes.push(Logged {
            change,
            inode,
            durable: false,
        });
    }

    /// Sets or removes an attribute.
    pub fn set_attribute(&mut self, name: Name, value: Option<&[u8]>) {
        self.log(
            Inode::File,
            Change::Attribute(name, value.map(<[u8]>::to_vec)),
        );
    }

    /// Gives the file its name.
    pub fn publish(&mut self) {
        self.log(Inode::File, Change::Named);
    }

    /// Makes the mark in the work directory.
    pub fn guard(&mut self) {
        self.log(Inode::Guard, Change::Guarded);
    }

    /// Makes a sidecar with so many bytes of map.
    pub fn make_sidecar(&mut self, id: u64, bytes: usize) {
        self.log(Inode::Sidecar, Change::Sidecar(Some(id)));
        self.map = Map {
            written: vec![0; bytes],
            durable: vec![0; bytes],
            is_whole: true,
        };
        // Until it is synced, a crash may leave it without contents.
        self.map.durable.clear();
    }

    /// Removes it.
    pub fn remove_sidecar(&mut self) {
        self.log(Inode::Sidecar, Change::Sidecar(None));
    }

    /// Writes to its map.
    pub fn write_sidecar(&mut self, at: usize, bytes: &[u8]) {
        self.map.written[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Changes the size.
    pub fn resize(&mut self, size: usize) {
        for page in 0..PAGES {
            self.end_writeback(page);
        }
        self.end_late();
        for page in size.div_ceil(PAGE)..PAGES {
            self.pages[page] = Page::default();
        }
        // The end of the last page: zeros, on the disk at once.
        if size < self.live.size && !size.is_multiple_of(PAGE) {
            let page = size / PAGE;
            for cell in size % PAGE..PAGE {
                if let Some(cached) = &mut self.pages[page].cached {
                    cached[cell] = ZERO;
                }
                if let Some(block) = self.live.extents[page] {
                    self.blocks[block][cell] = ZERO;
                    self.pending
                        .retain(|it| (it.block, it.cell) != (block, cell));
                }
            }
        }
        self.log(Inode::File, Change::Resize(size));
        self.logged_size = size;
    }

    /// Makes cells zeros; frees the blocks of whole pages.
    pub fn zero(&mut self, cells: std::ops::Range<usize>) {
        for page in cells.start / PAGE..cells.end.div_ceil(PAGE) {
            self.end_writeback(page);
        }
        self.end_late();
        let mut cell = cells.start;
        while cell < cells.end {
            if cell.is_multiple_of(PAGE) && cell + PAGE <= cells.end {
                self.pages[cell / PAGE] = Page::default();
                self.log(Inode::File, Change::Extent(cell / PAGE, None));
                cell += PAGE;
            } else {
                if self.has_data(cell) {
                    self.write(cell, ZERO);
                }
                cell += 1;
            }
        }
    }

    /// Begins to write a page, if it is dirty.
    pub fn begin_writeback(&mut self, page: usize, succeeds: bool) {
        let page = &mut self.pages[page];
        if let (true, None, Some(cells)) = (page.dirty, page.writeback, page.cached) {
            page.dirty = false;
            page.writeback = Some((cells, succeeds));
        }
    }

    /// Ends writing a page, if it is being written.
    pub fn end_writeback(&mut self, page: usize) {
        let Some((cells, succeeds)) = self.pages[page].writeback.take() else {
            return;
        };
        if !succeeds {
            self.has_error = true;
            return;
        }
        let place = match self.order {
            Order::Journal | Order::None => self.live.extents[page],
            Order::Log => None,
        };
        let block = place.unwrap_or_else(|| {
            self.blocks.push([ZERO; PAGE]);
            self.blocks.len() - 1
        });
        for (cell, value) in cells.into_iter().enumerate() {
            self.pending.push(Pending {
                block,
                cell,
                value,
                after: self.changes.len(),
            });
        }
        self.live.extents[page] = Some(block);
        match self.order {
            Order::Journal | Order::None => self.log_extent(page, place.is_none(), block),
            Order::Log => self.late.push((page, block)),
        }
    }

    fn log_extent(&mut self, page: usize, is_new: bool, block: usize) {
        if is_new {
            self.log(Inode::File, Change::Extent(page, Some(block)));
        }
        let size = self.live.size.min((page + 1) * PAGE);
        if size > self.logged_size {
            self.log(Inode::File, Change::Grow(size));
            self.logged_size = size;
        }
    }

    /// Puts the first late extent into the journal.
    fn end_one_late(&mut self) {
        if !self.late.is_empty() {
            let (page, block) = self.late.remove(0);
            let latest = self.live.extents[page];
            self.log_extent(page, true, block);
            self.live.extents[page] = latest;
        }
    }

    fn end_late(&mut self) {
        while !self.late.is_empty() {
            self.end_one_late();
        }
    }

    /// Forgets a page that is on the disk, or is lost.
    pub fn evict(&mut self, page: usize) {
        let page = &mut self.pages[page];
        if !page.dirty && page.writeback.is_none() {
            page.cached = None;
        }
    }

    /// Writes pages and waits for them. Fails if writing any has failed, now or before.
    pub fn wait(
        &mut self,
        cells: std::ops::Range<usize>,
        succeeds: bool,
    ) -> Result<(), WriteError> {
        for page in cells.start / PAGE..cells.end.div_ceil(PAGE).min(PAGES) {
            // One that is being written may be dirty again.
            self.end_writeback(page);
            self.begin_writeback(page, succeeds);
            self.end_writeback(page);
        }
        match self.has_error {
            true => Err(WriteError),
            false => Ok(()),
        }
    }

    /// What has failed until now is not told any more.
    pub fn forget_errors(&mut self) {
        self.has_error = false;
    }

    /// Makes the file durable: all of it, or what its data need.
    pub fn sync(&mut self, all: bool, succeeds: bool) -> Result<(), WriteError> {
        self.wait(0..CELLS, succeeds)?;
        self.end_late();
        // Of pages that got lost, as well.
        if self.live.size > self.logged_size {
            self.log(Inode::File, Change::Grow(self.live.size));
            self.logged_size = self.live.size;
        }
        match self.order {
            Order::Journal => {
                let needed = |it: &Logged| all || it.change.is_of_data();
                let end = self.changes.iter().rposition(needed).map_or(0, |at| at + 1);
                self.make_durable(|at, _| at < end);
            }
            Order::Log | Order::None => self.make_durable(|_, inode| inode == Inode::File),
        }
        Ok(())
    }

    /// Makes another inode durable.
    pub fn sync_inode(&mut self, inode: Inode) {
        if inode == Inode::Sidecar {
            self.map.durable = self.map.written.clone();
        }
        match self.order {
            Order::Journal => self.commit(),
            Order::Log | Order::None => self.make_durable(|_, it| it == inode),
        }
    }

    /// Commits the journal.
    pub fn commit(&mut self) {
        self.make_durable(|_, _| true);
    }

    fn make_durable(&mut self, which: impl Fn(usize, Inode) -> bool) {
        for (at, logged) in self.changes.iter_mut().enumerate() {
            logged.durable |= which(at, logged.inode);
        }
        self.flush();
    }

    /// Empties the cache of the disk.
    fn flush(&mut self) {
        for Pending {
            block, cell, value, ..
        } in self.pending.drain(..)
        {
            self.blocks[block][cell] = value;
        }
    }

    /// Something that a file system does by itself. Returns whether data will get lost.
    pub fn background(&mut self, choose: &mut impl Choose, may_fail: bool) -> bool {
        let page = choose.below(PAGES);
        let mut fails = false;
        match choose.below(8) {
            0 | 1 => {
                fails = may_fail && choose.one_in(8);
                self.begin_writeback(page, !fails);
            }
            2 | 3 => self.end_writeback(page),
            4 => self.end_one_late(),
            5 | 6 => self.evict(page),
            _ if self.order == Order::None => self.flush(),
            _ => self.commit(),
        }
        fails
    }

    /// The power goes, and comes back.
    #[must_use]
    pub fn crash(&self, choose: &mut impl Choose) -> Self {
        let end = match (self.order, choose.below(3)) {
            (Order::None, _) | (_, 0) => 0,
            (_, 1) => self.changes.len(),
            _ => choose.below(self.changes.len() + 1),
        };
        let mut left = self.base.clone();
        let mut survives = |at: usize, logged: &Logged| {
            logged.durable || at < end || self.order == Order::None && choose.one_in(2)
        };
        for (at, logged) in self.changes.iter().enumerate() {
            if survives(at, logged) {
                left.apply(&logged.change);
            }
        }
        let mut blocks = self.blocks.clone();
        for it in &self.pending {
            // A commit flushes what the disk had before.
            if it.after < end || choose.one_in(2) {
                blocks[it.block][it.cell] = it.value;
            }
        }
        // What was written beyond the size that is left is not seen when the file grows again.
        let size = left.size;
        left.apply(&Change::Resize(size));
        if let Some(Some(block)) = left.extents.get(size / PAGE).copied() {
            blocks[block][size % PAGE..].fill(ZERO);
        }
        let map = self.map_after(choose);
        Self::of(self.order, left, blocks, map)
    }

    /// Bits that have been written may be on the disk or not.
    fn map_after(&self, choose: &mut impl Choose) -> Map {
        let mut map = self.map.clone();
        map.is_whole = map.durable.len() == map.written.len() || choose.one_in(2);
        map.durable.resize(map.written.len(), 0);
        for (durable, written) in map.durable.iter_mut().zip(&map.written) {
            *durable |= written & choose.below(256) as u8;
        }
        map.written = map.durable.clone();
        map
    }
}
