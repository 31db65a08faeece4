// SPDX-License-Identifier: GPL-2.0-only

//! The steps of [`logic::partial`](crate::logic::partial) on the files of the layers.
//!
//! Both files are opened for each step. An upper file that stays open for writing would keep its file
//! system from being made read-only, as long as the inode is cached.

use crate::{
    logic::{
        codec::Attr,
        partial::{Class, Depth, Mark, Partial, Seek, SidecarId, Source, Store, Writing},
    },
    union::{
        change::{copy_data, guard, settle},
        layers::{part::Part, private_xattrs, union::Union, upper_dentry::UpperDentry},
        lookup::data,
        OwnInode,
    },
    vfs::{
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        errno::EOPNOTSUPP,
        file::{flags, seek, BackedFile},
        kthread::Killed,
        task_work,
        types::Loff,
    },
};
use core::ops::Range;
use kernel::prelude::*;

/// Writes the caller's data of some bytes, and returns how many.
pub type Write<'a> = dyn FnMut(Range<u64>, Writing) -> Result<u64> + 'a;

/// What the call is, as far as a step of it is the caller's.
pub enum Call<'a> {
    /// None is.
    Other,
    /// A write.
    Write(&'a mut Write<'a>),
    /// A change of the size.
    Change(&'a mut Iattr),
}

/// A partial file, for one call.
pub struct PartStore<'a> {
    union: &'a Union,
    inode: &'a OwnInode,
    upper: &'a UpperDentry,
    part: &'a Part,
    call: Call<'a>,
}

impl<'a> PartStore<'a> {
    /// The file is in the upper layer.
    ///
    /// # Errors
    ///
    /// `EIO` if it is not.
    pub fn new(inode: &'a OwnInode, part: &'a Part, call: Call<'a>) -> Result<Self> {
        Ok(Self {
            union: inode.sb().data(),
            inode,
            upper: inode.data().upper().ok_or(EIO)?,
            part,
            call,
        })
    }

    /// The upper file, opened so as the step needs it. With the mounter's credentials.
    fn open_upper(&self, access: u32) -> Result<BackedFile> {
        let path = self.union.upper_path(self.upper)?;
        BackedFile::open(path, access | flags::O_LARGEFILE)
    }

    /// Whether writing data of the upper file has failed since the granules were last taken back.
    fn check_errors(&self) -> Result {
        let upper = self.upper.inode().ok_or(EIO)?;
        self.part.errors.check_and_advance(upper)
    }

    fn as_mounter<R>(&self, act: impl FnOnce(&Self) -> R) -> R {
        self.union.with_creds(|| act(self))
    }
}

impl Store for PartStore<'_> {
    type Error = Error;

    fn class(&self) -> Class {
        match &self.union.upper {
            Some(upper) if !self.union.syncs_for_order() => upper.class,
            // As for the rest: nothing is relied on.
            _ => Class::Flush,
        }
    }

    fn with<R>(&mut self, look: impl FnOnce(&mut Partial) -> R) -> R {
        self.part.with(look)
    }

    fn committing<R>(&mut self, act: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        let _lock = self.part.committing.lock()?;
        act(self)
    }

    fn filling<R>(
        &mut self,
        _bytes: Range<u64>,
        act: impl FnOnce(&mut Self) -> Result<R>,
    ) -> Result<R> {
        let _lock = self.part.filling.lock()?;
        act(self)
    }

    fn pause(&mut self) -> Result {
        task_work::go_on()
    }

    fn upper_size(&self) -> u64 {
        let size = self.upper.inode().map_or(0, |inode| inode.size());
        size.max(0) as u64
    }

    fn write(&mut self, bytes: Range<u64>, how: Writing) -> Result<u64> {
        match &mut self.call {
            Call::Write(write) => write(bytes, how),
            Call::Other | Call::Change(_) => Err(EIO),
        }
    }

    fn zero(&mut self, bytes: Range<u64>) -> Result {
        let (start, end) = (loff(bytes.start)?, loff(bytes.end)?);
        self.as_mounter(|this| copy_data::free(&this.open_upper(flags::O_RDWR)?, start, end))
    }

    fn fill(&mut self, bytes: Range<u64>) -> Result {
        let range = loff(bytes.start)?..loff(bytes.end)?;
        self.as_mounter(|this| {
            let from = data::locate(this.union, this.inode)?;
            let mut to = this.open_upper(flags::O_RDWR)?;
            to.keep_times();
            copy_data::fill(this.union, from, &to, range)
        })
    }

    fn set_size(&mut self, _size: u64) -> Result {
        let Call::Change(change) = &mut self.call else {
            return Err(EIO);
        };
        self.union.with_creds(|| {
            let write = self.union.upper()?.want_write()?;
            change.notify_change(write.on(self.upper)?)
        })
    }

    fn match_size(&mut self, size: u64) -> Result {
        let size = loff(size)?;
        self.as_mounter(|this| {
            let path = this.union.upper_path(this.upper)?;
            let before = Kstat::of(path, STATX_BASIC_STATS, 0)?;
            let to = this.open_upper(flags::O_RDWR)?;
            copy_data::leave_hole(this.union, &to, size, Killed::Waits)?;
            let write = this.union.upper()?.want_write()?;
            Iattr::empty()
                .times_of(&before)
                .notify_change(write.on(this.upper)?)
        })
    }

    fn wait(&mut self, bytes: Range<u64>) -> Result {
        if !self.union.should_sync() {
            return Ok(());
        }
        let (start, end) = (loff(bytes.start)?, loff(bytes.end)?);
        self.as_mounter(|this| {
            let file = this.open_upper(flags::O_RDONLY)?;
            let done = file.write_out_range(start, end.saturating_sub(1));
            this.check_errors().and(done)
        })
    }

    fn sync(&mut self, depth: Depth) -> Result {
        if !self.union.should_sync() {
            return Ok(());
        }
        self.as_mounter(|this| {
            let file = this.open_upper(flags::O_RDONLY)?;
            let done = file.fsync_range(0, Loff::MAX, depth == Depth::Data);
            this.check_errors().and(done)
        })
    }

    fn forget_errors(&mut self) {
        // Looking at them has done that.
        let _ = self.check_errors();
    }

    fn set_part(&mut self, value: &[u8]) -> Result {
        self.set_attribute(Attr::UnionPart, Some(value))
    }

    fn remove_part(&mut self) -> Result {
        self.set_attribute(Attr::UnionPart, None)
    }

    fn set_mark(&mut self, mark: Mark) -> Result {
        self.set_attribute(Attr::Metacopy, Some(mark.encode()))
    }

    fn remove_mark(&mut self) -> Result {
        self.set_attribute(Attr::Metacopy, None)?;
        self.inode.data().set_data_copied();
        if self.inode.nlink() > 0 {
            // When the last name went, this was done.
            guard::let_go(self.union.upper()?);
        }
        settle::refresh(self.inode);
        Ok(())
    }

    fn make_guard(&mut self, durable: bool) -> Result {
        self.as_mounter(|this| {
            guard::hold(this.union.upper()?, durable && this.union.should_sync())
        })
    }

    // Maps are in attributes: `Geometry::choose_inline()`.

    fn make_sidecar(&mut self) -> Result<SidecarId> {
        Err(EOPNOTSUPP)
    }

    fn write_sidecar(&mut self, _id: SidecarId, _at: u64, _bytes: &[u8]) -> Result {
        Err(EOPNOTSUPP)
    }

    fn sync_sidecar(&mut self, _id: SidecarId) -> Result {
        Err(EOPNOTSUPP)
    }

    fn remove_sidecar(&mut self, _id: SidecarId) {}

    fn seek(&mut self, source: Source, bytes: Range<u64>, what: Seek) -> Result<Option<u64>> {
        let (start, end) = (loff(bytes.start)?, bytes.end);
        let whence = match what {
            Seek::Data => seek::SEEK_DATA,
            Seek::Hole => seek::SEEK_HOLE,
        };
        let found = self.as_mounter(|this| {
            let file = match source {
                Source::Upper => this.open_upper(flags::O_RDONLY)?,
                Source::Lower => {
                    let path = data::locate(this.union, this.inode)?;
                    BackedFile::open(path, flags::O_RDONLY | flags::O_LARGEFILE)?
                }
            };
            file.llseek(start, whence as i32)
        });
        match found {
            Ok(at) => Ok(Some(at.max(0) as u64).filter(|&at| at < end)),
            // Only a hole up to the end.
            Err(e) if e == ENXIO => Ok(None),
            Err(e) => Err(e),
        }
    }
}

impl PartStore<'_> {
    fn set_attribute(&self, attr: Attr, value: Option<&[u8]>) -> Result {
        self.as_mounter(|this| {
            let write = this.union.upper()?.want_write()?;
            let object = write.on(this.upper)?;
            match value {
                Some(value) => private_xattrs::set(this.union, object, attr, value),
                None => private_xattrs::remove(this.union, object, attr),
            }
        })
    }
}

fn loff(offset: u64) -> Result<Loff> {
    Loff::try_from(offset).map_err(|_| EFBIG)
}
