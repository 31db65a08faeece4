// SPDX-License-Identifier: GPL-2.0-only

//! Reading and writing a file of which some data are in the upper layer and some are not.
//!
//! A call that finds all of its data in one file is passed on to that file, asynchronous or not. Any other
//! one is done piece by piece, and at once: a request that must not wait gets `EAGAIN`, and comes back from
//! a thread that may. Such pieces go through the page cache, for with `O_DIRECT` each would have to be
//! aligned.

use crate::{
    logic::partial::{self, Depth, Run, Seek, Source, Store, Sync, Writing},
    union::{
        change::{
            part,
            part_store::{Call, PartStore},
        },
        layers::part::Part,
        lookup::data,
        ops::real_file::{
            follow_flags, in_lower, in_upper, lock_for_write, open_real, write_whole, File,
            UnionFile,
        },
        OwnInode, UnionFs,
    },
    vfs::{
        backing_file::{BackingFile, Hooks},
        errno::EOPNOTSUPP,
        file::{flags, iocb, seek},
        fileattr::FiemapInfo,
        open_file::{IovIter, Kiocb},
        task_work,
        types::Loff,
    },
};
use core::{cell::Cell, ops::Range};
use kernel::prelude::*;

type Request<'a> = Kiocb<'a, UnionFs, UnionFile>;

/// The first run of `bytes`; `None` at the end of the file.
fn first_run(inode: &OwnInode, part: &Part, bytes: &Range<u64>) -> Result<Option<Run>> {
    let upper = inode.data().upper().and_then(|upper| upper.inode());
    let upper = upper.ok_or(EIO)?;
    let size = || upper.size().max(0) as u64;
    Ok(part.with(|file| partial::first_run(file, bytes, size)))
}

/// The file in a layer, as the caller's flags are now.
fn open_file(file: &File, source: Source) -> Result<&BackingFile> {
    let (real, is_lower) = match source {
        Source::Upper => (in_upper(file)?, false),
        Source::Lower => (in_lower(file)?, true),
    };
    follow_flags(file, real, is_lower)?;
    Ok(real)
}

/// The file in a layer for going through the page cache.
enum Buffered<'a> {
    Open(&'a BackingFile),
    /// That which is open has `O_DIRECT`.
    Own(BackingFile),
}

impl<'a> Buffered<'a> {
    fn open(file: &'a File, source: Source) -> Result<Self> {
        Self::open_without(file, source, flags::O_DIRECT)
    }

    /// The same, unless it is `opened` already.
    fn open_once<'b>(
        file: &'a File,
        source: Source,
        opened: &'b mut Option<Self>,
    ) -> Result<&'b Self> {
        if opened.is_none() {
            *opened = Some(Self::open(file, source)?);
        }
        opened.as_ref().ok_or(EIO)
    }

    /// The file in the upper layer for writing parts, which are synced afterwards, if at all.
    fn open_for_parts(file: &'a File) -> Result<Self> {
        Self::open_without(file, Source::Upper, flags::O_DIRECT | flags::O_SYNC)
    }

    fn open_without(file: &'a File, source: Source, without: u32) -> Result<Self> {
        if file.flags() & without == 0 {
            return open_file(file, source).map(Self::Open);
        }
        let inode = file.inode();
        let union = inode.sb().data();
        let wanted = file.flags() & !without;
        let (path, wanted) = match source {
            Source::Upper => {
                let upper = inode.data().upper().ok_or(EIO)?;
                (union.upper_path(upper)?, wanted)
            }
            Source::Lower => {
                let path = union.with_creds(|| data::locate(union, inode))?;
                (path, wanted & !(flags::O_ACCMODE | flags::O_APPEND))
            }
        };
        open_real(union, file, path, wanted).map(Self::Own)
    }
}

impl core::ops::Deref for Buffered<'_> {
    type Target = BackingFile;

    fn deref(&self) -> &BackingFile {
        match self {
            Self::Open(file) => file,
            Self::Own(file) => file,
        }
    }
}

/// `->read_iter()`.
///
/// # Errors
///
/// `EAGAIN` for a request that must not wait; those of the layers.
pub fn read<H: Hooks<UnionFs, UnionFile>>(
    iocb: &mut Request<'_>,
    iter: &IovIter,
    part: &Part,
) -> Result<isize> {
    let file = iocb.file();
    let inode = file.inode();
    let cred = &inode.sb().data().cred;
    let start = iocb.pos().max(0) as u64;
    let bytes = start..start.saturating_add(iter.count() as u64);
    let Some(run) = first_run(inode, part, &bytes)? else {
        return Ok(0);
    };
    // A lower file may be longer than what the union shows of it.
    let ends_early = run.bytes.end < bytes.end
        && !(run.is_last
            && match run.source {
                Source::Upper => true,
                Source::Lower => lower_size(inode) == run.bytes.end,
            });
    if !ends_early {
        let real = open_file(file, run.source)?;
        if iocb.flags() & iocb::IOCB_DIRECT as i32 != 0 && !real.can_odirect() {
            iocb.clear_direct();
        }
        return Ok(real.read_iter::<_, _, H>(iocb, iter, cred));
    }
    if iocb.flags() & iocb::IOCB_NOWAIT as i32 != 0 {
        return Err(EAGAIN);
    }
    let mut pos = iocb.pos();
    let mut total = 0;
    let mut store = PartStore::new(inode, part, Call::Other)?;
    // Once a call: what is opened for it stays open until it ends.
    let (mut upper, mut lower) = (None, None);
    partial::runs(&mut store, bytes, |_, source, run| {
        let len = run.end.saturating_sub(run.start);
        let opened = match source {
            Source::Upper => &mut upper,
            Source::Lower => &mut lower,
        };
        let real = task_work::go_on().and_then(|()| Buffered::open_once(file, source, opened));
        let read = real.and_then(|real| {
            iter.limited(len, |iter| {
                real.read_now::<_, _, H>(file, &mut pos, iter, cred)
            })
        });
        match read {
            Ok(n) => {
                total += n;
                Ok(n as u64 == len)
            }
            Err(_) if total > 0 => Ok(false),
            Err(e) => Err(e),
        }
    })?;
    iocb.set_pos(pos);
    Ok(total as isize)
}

fn lower_size(inode: &OwnInode) -> u64 {
    let lower = inode.data().data_lower();
    let lower = lower.and_then(|lower| lower.dentry.inode());
    lower.map_or(0, |lower| lower.size().max(0) as u64)
}

/// `->write_iter()`.
///
/// # Errors
///
/// `EAGAIN` for a request that must not wait; those of the layers.
pub fn write<H: Hooks<UnionFs, UnionFile>>(
    request: &mut Request<'_>,
    iter: &IovIter,
    part: &Part,
) -> Result<isize> {
    let file = request.file();
    let inode = file.inode();
    let union = inode.sb().data();
    let flags = request.flags();
    let has = |flag: u32| flags & flag as i32 != 0;
    let _changing = part.changing();
    loop {
        // What got lost is taken back before anything is added.
        part::recover(inode, part)?;
        // Opened before the lock is taken, for listeners are asked.
        let real = open_file(file, Source::Upper)?;
        let sync = match union.should_sync() && (has(iocb::IOCB_DSYNC) || real.is_dsync()) {
            true => Sync::Now,
            false => Sync::Later,
        };
        let (pos, done) = (Cell::new(0), Cell::new(0));
        let opened = match Bytes::of(request, iter, real).are_ready(part, sync) {
            true => None,
            false if has(iocb::IOCB_NOWAIT) => return Err(EAGAIN),
            false => Some(Buffered::open_for_parts(file)?),
        };
        let mut write_now = |_: Range<u64>, how: Writing| {
            let real = opened.as_ref().ok_or(EIO)?;
            let flags = flags & !((iocb::IOCB_DIRECT | iocb::IOCB_HIPRI) as i32);
            let flags = match how {
                Writing::Back => flags & !(iocb::SYNCS as i32),
                Writing::Through => flags,
            };
            let mut at = pos.get();
            let written = real.write_now::<_, _, H>(file, &mut at, iter, flags, &union.cred);
            pos.set(at);
            done.set(written? as u64);
            Ok(done.get())
        };
        let mut store = PartStore::new(inode, part, Call::Write(&mut write_now))?;
        if opened.is_some() {
            store.prepare()?;
        }
        let _lock = lock_for_write(file, inode, || request.write_checks(iter))?;
        if part.with(|file| file.is_lost()) {
            continue;
        }
        let bytes = Bytes::of(request, iter, real);
        if bytes.are_ready(part, sync) {
            drop(store);
            return Ok(write_whole::<H>(request, iter, real));
        }
        if opened.is_none() {
            // The file was cut, or taken back, meanwhile.
            continue;
        }
        part::keep(inode, part)?;
        pos.set(bytes.range.start as Loff);
        let written = partial::write(&mut store, bytes.range, sync);
        drop(store);
        part::keep_on(inode, part);
        let written = written?;
        if part.with(|file| file.is_lost()) {
            return Err(EIO);
        }
        if sync == Sync::Now {
            inode.data().set_name_stable();
        }
        // What was written and could not be completed does not count.
        let rest = done.get().saturating_sub(written);
        iter.revert(usize::try_from(rest).unwrap_or(0));
        request.set_pos(pos.get().saturating_sub(rest as Loff));
        return Ok(written as isize);
    }
}

/// What a request writes, as far as that is known: the end of the file may move.
struct Bytes {
    range: Range<u64>,
    /// Bytes of the upper file.
    size: u64,
}

impl Bytes {
    fn of(request: &Request<'_>, iter: &IovIter, real: &BackingFile) -> Self {
        let size = real.inode().size().max(0) as u64;
        let start = match request.flags() & iocb::IOCB_APPEND as i32 {
            0 => request.pos().max(0) as u64,
            _ => size,
        };
        let range = start..start.saturating_add(iter.count() as u64);
        Self { range, size }
    }

    fn are_ready(&self, part: &Part, sync: Sync) -> bool {
        part.with(|file| partial::is_ready(file, &self.range, self.size, sync))
    }
}

/// `->fsync()`. `real`: the caller's file in the upper layer.
///
/// # Errors
///
/// Also if data of the file got lost since this file was opened or last synced.
pub fn fsync(inode: &OwnInode, part: &Part, real: &BackingFile, datasync: bool) -> Result {
    let node = inode.data();
    let depth = match datasync && node.is_name_stable() {
        true => Depth::Data,
        false => Depth::Full,
    };
    let done = part::fsync(inode, part, depth);
    if depth == Depth::Full && done.is_ok() {
        node.set_name_stable();
    }
    let told = real.check_errors();
    done.and(told)
}

/// `->llseek()` with `SEEK_DATA` or `SEEK_HOLE`.
///
/// # Errors
///
/// `ENXIO` beyond the end, or if there are no more data.
pub fn seek(file: &File, part: &Part, offset: Loff, whence: i32) -> Result<Loff> {
    let offset = u64::try_from(offset).map_err(|_| ENXIO)?;
    let what = match whence == seek::SEEK_DATA as i32 {
        true => Seek::Data,
        false => Seek::Hole,
    };
    let mut store = PartStore::new(file.inode(), part, Call::Other)?;
    let found = partial::seek(&mut store, offset, what)?.ok_or(ENXIO)?;
    Loff::try_from(found).map_err(|_| EIO)
}

/// `->fiemap()`. Where the extents are is not told: they are of two files.
///
/// # Errors
///
/// Those of the layers; `EBADR` for unknown flags.
pub fn fiemap(inode: &OwnInode, part: &Part, info: &FiemapInfo, start: u64, len: u64) -> Result {
    let upper = inode.data().upper().and_then(|upper| upper.inode());
    if !upper.is_some_and(FiemapInfo::is_known_to) {
        return Err(EOPNOTSUPP);
    }
    let end = start.saturating_add(info.prepare(inode, start, len)?);
    let mut store = PartStore::new(inode, part, Call::Other)?;
    let mut next = partial::seek(&mut store, start, Seek::Data)?;
    while let Some(data) = next.filter(|&data| data < end) {
        let hole = partial::seek(&mut store, data, Seek::Hole)?.unwrap_or(end);
        next = partial::seek(&mut store, hole, Seek::Data)?;
        if !info.add(data, hole.saturating_sub(data), next.is_none())? || hole <= data {
            break;
        }
    }
    Ok(())
}

/// `->fadvise()`, to both files.
///
/// # Errors
///
/// Those of the layers.
pub fn fadvise(file: &File, offset: Loff, len: Loff, advice: i32) -> Result {
    let union = file.inode().sb().data();
    for source in [Source::Lower, Source::Upper] {
        let real = open_file(file, source)?;
        union.with_creds(|| real.fadvise(offset, len, advice))?;
    }
    Ok(())
}

/// Does `act` with each piece of `len` bytes from `pos` on: with the file that has it, where it begins,
/// and its length. Returns how many bytes `act` did altogether. Ends when it does less than it was asked for;
/// an error after the first piece is for the next call.
///
/// # Errors
///
/// Those of opening the files, and of `act`; `EINTR` for a process that is being killed.
pub fn each_piece(
    file: &File,
    part: &Part,
    pos: Loff,
    len: usize,
    mut act: impl FnMut(&BackingFile, Loff, usize) -> Result<usize>,
) -> Result<usize> {
    let start = pos.max(0) as u64;
    let end = start.saturating_add(len as u64);
    let (mut upper, mut lower) = (None, None);
    let mut done = 0;
    loop {
        let at = start.saturating_add(done as u64);
        let Some(run) = first_run(file.inode(), part, &(at..end))? else {
            break;
        };
        let opened = match run.source {
            Source::Upper => &mut upper,
            Source::Lower => &mut lower,
        };
        let wanted = run.bytes.end.saturating_sub(run.bytes.start) as usize;
        let real = task_work::go_on().and_then(|()| Buffered::open_once(file, run.source, opened));
        match real.and_then(|real| act(real, at as Loff, wanted)) {
            Ok(n) => {
                done += n;
                if n < wanted {
                    return Ok(done);
                }
            }
            Err(_) if done > 0 => break,
            Err(e) => return Err(e),
        }
    }
    match done {
        // Nothing is there: what the call means by that is its own matter.
        0 => act(open_file(file, Source::Upper)?, pos, len),
        done => Ok(done),
    }
}
