// SPDX-License-Identifier: GPL-2.0-only

//! The steps of [`logic::partial`](crate::logic::partial) on the files of the layers.
//!
//! Each file is opened once a call, and closed with it: a call can have very many steps, and what a task
//! closes stays open until it returns to user space ([`BackedFile`]). An upper file that stays open for writing
//! would keep its file system from being made read-only, as long as the inode is cached.

use crate::{
    logic::{
        codec::Attr,
        partial::{Class, Depth, Mark, Partial, Seek, SidecarId, Source, Store, Writing},
    },
    union::{
        change::{copy_data, guard, settle, sidecar},
        layers::{
            part::{Others, Part},
            private_xattrs,
            union::Union,
            unstable::Thaw,
            upper_dentry::UpperDentry,
        },
        lookup::data,
        OwnInode,
    },
    vfs::{
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        file::{flags, seek, BackedFile},
        kthread::Killed,
        super_block::{magic, SbInfo},
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
    /// What writing down does while the upper layer is frozen, or others have the file locked.
    thaw: Thaw,
    /// The upper file, which leaves its times alone, once it was needed.
    file: Option<BackedFile>,
    /// The upper file for seeking, the same.
    seeking: Option<BackedFile>,
    /// The lower file with the missing data, the same.
    lower: Option<BackedFile>,
    /// The sidecar, the same.
    sidecar: Option<(SidecarId, BackedFile)>,
}

impl Drop for PartStore<'_> {
    fn drop(&mut self) {
        let sidecar = self.sidecar.take().map(|(_, file)| file);
        let files = [
            self.file.take(),
            self.seeking.take(),
            self.lower.take(),
            sidecar,
        ];
        files.into_iter().flatten().for_each(BackedFile::close);
    }
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
            thaw: Thaw::Waits,
            file: None,
            seeking: None,
            lower: None,
            sidecar: None,
        })
    }

    /// The same for writing down.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn for_commit(inode: &'a OwnInode, part: &'a Part, thaw: Thaw) -> Result<Self> {
        let mut store = Self::new(inode, part, Call::Other)?;
        store.thaw = thaw;
        Ok(store)
    }

    /// The upper file.
    fn file(&mut self) -> Result<&BackedFile> {
        if self.file.is_none() {
            let file = self.as_mounter(|this| {
                let path = this.union.upper_path(this.upper)?;
                match BackedFile::open(path, flags::O_RDWR | flags::O_LARGEFILE) {
                    // There is nothing to write then, and a sync of nothing does not fail.
                    Err(e) if e == EROFS => {
                        BackedFile::open(path, flags::O_RDONLY | flags::O_LARGEFILE)
                    }
                    opened => opened,
                }
            });
            let mut file = file?;
            file.keep_times();
            self.file = Some(file);
        }
        self.file.as_ref().ok_or(EIO)
    }

    /// The upper file or the lower one, to look for holes.
    fn seekable(&mut self, source: Source) -> Result<&BackedFile> {
        if source == Source::Lower {
            return self.lower();
        }
        if self.file.is_none() && self.seeking.is_none() {
            let file = self.as_mounter(|this| {
                let path = this.union.upper_path(this.upper)?;
                BackedFile::open(path, flags::O_RDONLY | flags::O_LARGEFILE)
            });
            self.seeking = Some(file?);
        }
        self.file.as_ref().or(self.seeking.as_ref()).ok_or(EIO)
    }

    /// The lower file.
    fn lower(&mut self) -> Result<&BackedFile> {
        // Each time: with `hard_ro` the layer is looked at.
        let opened = self.as_mounter(|this| {
            let path = data::locate(this.union, this.inode)?;
            match &this.lower {
                Some(_) => Ok(None),
                None => BackedFile::open(path, flags::O_RDONLY | flags::O_LARGEFILE).map(Some),
            }
        });
        if let Some(file) = opened? {
            self.lower = Some(file);
        }
        self.lower.as_ref().ok_or(EIO)
    }

    /// Who else changes the file.
    fn others(&self) -> Others {
        let own = matches!(self.call, Call::Write(_));
        self.part.others(own.into())
    }

    /// The sidecar of that number. `None`: it is gone with the last name of the file, of which nobody will
    /// ask where its data are.
    fn sidecar(&mut self, id: SidecarId) -> Result<Option<&BackedFile>> {
        if !matches!(&self.sidecar, Some((known, _)) if *known == id) {
            match self.as_mounter(|this| sidecar::open(this.union, id)) {
                Err(e) if e == ENOENT && self.inode.nlink() == 0 => return Ok(None),
                opened => self.sidecar = Some((id, opened?)),
            }
        }
        Ok(self.sidecar.as_ref().map(|(_, file)| file))
    }

    /// Whether writing data of the upper file has failed since the granules were last taken back.
    fn check_errors(&self) -> Result {
        let upper = self.upper.inode().ok_or(EIO)?;
        self.part.errors.check(upper)
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
        let committing = &self.part.committing;
        let _lock = match self.thaw {
            Thaw::Waits => committing.lock()?,
            Thaw::Fails => committing.try_lock().ok_or(EAGAIN)?,
        };
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
        let union = self.union;
        let file = self.file()?;
        union.with_creds(|| copy_data::free(file, start, end))
    }

    fn fill(&mut self, bytes: Range<u64>) -> Result {
        let range = loff(bytes.start)?..loff(bytes.end)?;
        let (union, others) = (self.union, self.others());
        self.lower()?;
        self.file()?;
        let (Some(from), Some(to)) = (&self.lower, &self.file) else {
            return Err(EIO);
        };
        union.with_creds(|| copy_data::fill(union, from, to, range, others))
    }

    fn give_back(&mut self, bytes: Range<u64>) {
        let union = self.union;
        // If it is not open nothing was written.
        if let (Some(file), Ok(start), Ok(end)) = (&self.file, loff(bytes.start), loff(bytes.end)) {
            let others = self.others();
            let _ = union.with_creds(|| copy_data::free_unseen(file, start, end, &others));
        }
    }

    fn set_size(&mut self, size: u64) -> Result {
        let stays = size == self.upper_size();
        let Call::Change(change) = &mut self.call else {
            return Err(EIO);
        };
        let upper = self.union.upper()?;
        if stays && size > 0 && SbInfo::of(upper.mnt.root()).magic == magic::TMPFS_MAGIC as usize {
            // tmpfs changes the times of a file that stays as long as it was only if it holds something.
            change.touch();
        }
        self.union.with_creds(|| {
            let write = upper.want_write()?;
            change.notify_change(write.on(self.upper)?)
        })
    }

    fn match_size(&mut self, size: u64) -> Result {
        let size = loff(size)?;
        let (union, upper) = (self.union, self.upper);
        let to = self.file()?;
        union.with_creds(|| {
            let path = union.upper_path(upper)?;
            let before = Kstat::of(path, STATX_BASIC_STATS, 0)?;
            copy_data::leave_hole(union, to, size, Killed::Waits)?;
            let write = union.upper()?.want_write()?;
            Iattr::empty()
                .times_of(&before)
                .notify_change(write.on(upper)?)
        })
    }

    fn prepare(&mut self) -> Result {
        if !self.union.should_sync() {
            return Ok(());
        }
        let (union, upper, class) = (self.union, self.upper, self.class());
        let thaw = self.thaw;
        let file = self.file()?;
        if thaw == Thaw::Fails {
            if class == Class::Flush {
                // btrfs locks the inode to sync it, but not while it writes data, which may take long. What fails
                // here fails there again.
                let _ = union.with_creds(|| file.write_out());
            }
            let inode = upper.inode().ok_or(EIO)?;
            inode.try_lock().ok_or(EAGAIN)?;
        }
        Ok(())
    }

    fn wait(&mut self, bytes: Range<u64>) -> Result {
        if !self.union.should_sync() {
            return Ok(());
        }
        let (start, end) = (loff(bytes.start)?, loff(bytes.end)?);
        let union = self.union;
        let file = self.file()?;
        let done = union.with_creds(|| file.write_out_range(start, end.saturating_sub(1)));
        self.check_errors().and(done)
    }

    fn sync(&mut self, depth: Depth) -> Result {
        if !self.union.should_sync() {
            return Ok(());
        }
        let union = self.union;
        let file = self.file()?;
        let done = union.with_creds(|| file.fsync_range(0, Loff::MAX, depth == Depth::Data));
        self.check_errors().and(done)
    }

    fn forget_errors(&mut self) {
        if let Some(upper) = self.upper.inode() {
            self.part.errors.advance(upper);
        }
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
        self.part.uncount();
        settle::refresh(self.inode);
        Ok(())
    }

    fn make_guard(&mut self, durable: bool) -> Result {
        if self.inode.nlink() == 0 {
            // Nobody will find it.
            return Ok(());
        }
        self.part.count();
        self.as_mounter(|this| {
            guard::hold(this.union.upper()?, durable && this.union.should_sync())
        })
    }

    fn make_sidecar(&mut self) -> Result<SidecarId> {
        if self.inode.nlink() == 0 {
            // Nobody will ask for it, and nobody would remove it.
            return Ok(sidecar::new_id());
        }
        let geometry = self.part.with(|file| file.geometry());
        let upper = self.upper.inode().ok_or(EIO)?;
        let (id, file) =
            self.as_mounter(|this| sidecar::make(this.union, geometry, upper, this.thaw))?;
        self.sidecar = Some((id, file));
        Ok(id)
    }

    fn write_sidecar(&mut self, id: SidecarId, at: u64, bytes: &[u8]) -> Result {
        let (union, thaw) = (self.union, self.thaw);
        match self.sidecar(id)? {
            Some(file) => union.with_creds(|| sidecar::write_map(union, file, at, bytes, thaw)),
            None => Ok(()),
        }
    }

    fn sync_sidecar(&mut self, id: SidecarId) -> Result {
        let union = self.union;
        if !union.should_sync() {
            return Ok(());
        }
        match self.sidecar(id)? {
            Some(file) => union.with_creds(|| file.fsync()),
            None => Ok(()),
        }
    }

    fn remove_sidecar(&mut self, id: SidecarId) {
        if let Some((_, file)) = self.sidecar.take() {
            file.close();
        }
        self.as_mounter(|this| {
            if let Some(upper) = &this.union.upper {
                sidecar::remove(upper, id, this.thaw);
            }
        });
    }

    fn seek(&mut self, source: Source, bytes: Range<u64>, what: Seek) -> Result<Option<u64>> {
        // There may be millions of pieces, each in the other file, and a hole in all of them.
        task_work::go_on()?;
        let (start, end) = (loff(bytes.start)?, bytes.end);
        let whence = match what {
            Seek::Data => seek::SEEK_DATA,
            Seek::Hole => seek::SEEK_HOLE,
        };
        task_work::go_on()?;
        let union = self.union;
        let file = self.seekable(source)?;
        match union.with_creds(|| file.llseek(start, whence as i32)) {
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
            let write = this.union.upper()?.want_write_when(this.thaw)?;
            let object = write.on(this.upper)?;
            match (value, this.thaw) {
                (Some(value), Thaw::Waits) => private_xattrs::set(this.union, object, attr, value),
                (Some(value), Thaw::Fails) => {
                    private_xattrs::try_set(this.union, object, attr, value)
                }
                (None, Thaw::Waits) => private_xattrs::remove(this.union, object, attr),
                (None, Thaw::Fails) => private_xattrs::try_remove(this.union, object, attr),
            }
        })
    }
}

fn loff(offset: u64) -> Result<Loff> {
    Loff::try_from(offset).map_err(|_| EFBIG)
}
