// SPDX-License-Identifier: GPL-2.0-only

//! The data of a copy-up: blocks are shared if the file system can, else bytes go through a pipe.
//!
//! Before anything is read or seeked, listeners and security modules are asked ([`Transfer::ask`];
//! sharing blocks asks by itself): a content scanner may refuse, and a server of hierarchical
//! storage fills holes with the data.

use crate::{
    logic::change::copy_up::{holes_of_copy, Holes},
    union::layers::{part::Others, union::Union},
    vfs::{
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        cred::override_creds,
        errno::EOPNOTSUPP,
        file::{self, falloc, flags, seek, BackedFile},
        kthread::{self, Killed},
        path::PathRef,
        splice::Transfer,
        task_work::{self, fatal_signal_pending},
        types::Loff,
        write::WriteAccess,
    },
};
use core::ops::Range;
use kernel::prelude::*;

/// Bytes copied between two checks for a fatal signal.
const CHUNK: usize = 1 << 20;

/// Copies the first `size` bytes of a lower file, whose attributes are `stat`, into a file without data
/// of the upper layer that is open for reading and writing; the copy has that size then. `killed`: what
/// happens if this ends by a signal; nothing may be written any more to a file that others can find.
/// With the credentials of the mounter, without freeze protection.
///
/// # Errors
///
/// `EPERM` if a listener or security module refuses; `EINTR` by a fatal signal; `EIO` if the lower
/// file changes; those of the file systems.
pub fn copy(
    union: &Union,
    lower: PathRef<'_>,
    stat: &Kstat,
    to: &BackedFile,
    size: u64,
    killed: Killed,
) -> Result {
    let from = BackedFile::open(lower, flags::O_RDONLY | flags::O_LARGEFILE)?;
    let end = Loff::try_from(size).map_err(|_| EFBIG)?;
    let whole = stat.size().max(0) as u64;
    let holes = holes_of_copy(whole, stat.blocks(), from.can_preallocate());
    if !kthread::exceeds_file_size_limit(end) {
        return copy_range(&from, to, end, holes);
    }
    // The process does not enlarge the file, so its limit does not apply. Quotas apply, by the
    // credentials.
    let (to, cred) = (to.get(), union.cred.clone());
    kthread::run(c"union-copy", killed, move || {
        let result = override_creds(&cred, |_| copy_range(&from, &to, end, holes));
        // If the process was killed, these are the last references.
        from.close();
        to.close();
        result
    })
}

/// Copies the bytes of `range` from a lower file into one of the upper layer that is open for reading and
/// writing, where they replace others. As [`copy`], with the same errors;
/// others can find the file, so the end is waited for. `others`: who else changes it.
pub fn fill(
    union: &Union,
    from: &BackedFile,
    to: &BackedFile,
    range: Range<Loff>,
    others: Others,
) -> Result {
    if !kthread::exceeds_file_size_limit(range.end) {
        return fill_range(from, to, range, &others);
    }
    let (from, to, cred) = (from.get(), to.get(), union.cred.clone());
    kthread::run(c"union-copy", Killed::Waits, move || {
        let result = override_creds(&cred, |_| fill_range(&from, &to, range, &others));
        from.close();
        to.close();
        result
    })
}

fn fill_range(from: &BackedFile, to: &BackedFile, range: Range<Loff>, others: &Others) -> Result {
    let transfer = Transfer::ask(from, to, range.end)?;
    let mut pos = range.start;
    while pos < range.end {
        let data = match from.llseek(pos, seek::SEEK_DATA as i32) {
            Ok(data) => data.clamp(pos, range.end),
            // Only a hole up to the end.
            Err(e) if e == ENXIO => range.end,
            Err(_) => pos,
        };
        if data > pos && leave_zeros(from, to, pos, data, others)? {
            pos = data;
            continue;
        }
        // What cannot be freed, or reserved, is written.
        let end = match data > pos {
            true => data,
            false => data_ends(from, pos, range.end),
        };
        // A file system that contradicts itself says that both data and a hole begin here.
        let end = if end > pos { end } else { range.end };
        copy_piece(&transfer, pos, end)?;
        pos = end;
    }
    Ok(())
}

/// Makes zeros of the bytes from `pos` to `end`, where the lower file has a hole, or blocks that were never
/// written to: then they are reserved here, too. Returns whether that could be done.
fn leave_zeros(
    from: &BackedFile,
    to: &BackedFile,
    pos: Loff,
    end: Loff,
    others: &Others,
) -> Result<bool> {
    if free_unseen(to, pos, end, others).is_err() {
        return Ok(false);
    }
    let stat = Kstat::of(from.path(), STATX_BASIC_STATS, 0)?;
    let size = stat.size().max(0) as u64;
    if holes_of_copy(size, stat.blocks(), from.can_preallocate()) == Holes::Kept {
        return Ok(true);
    }
    let keep = falloc::FALLOC_FL_KEEP_SIZE as i32;
    match silently(to, others, || {
        to.fallocate(keep, pos, end.saturating_sub(pos))
    }) {
        Ok(()) => Ok(true),
        Err(e) if writing_allocates(e) => Ok(false),
        Err(e) => Err(e),
    }
}

/// Frees the bytes from `pos` to `end`, which nobody sees. `others`: who else changes the file.
///
/// # Errors
///
/// As of [`free`].
pub fn free_unseen(to: &BackedFile, pos: Loff, end: Loff, others: &Others) -> Result {
    silently(to, others, || free(to, pos, end))
}

/// A change of blocks that show zeros before and afterwards, or that nobody sees: some file systems change the
/// times of the file then, though `FMODE_NOCMTIME` is set, and they are set back.
fn silently(to: &BackedFile, others: &Others, change: impl FnOnce() -> Result) -> Result {
    let times = Times::of(to.path(), others)?;
    change()?;
    times.put_back(to.path(), others)
}

/// The times of a partial file before something that nobody is to see changes them.
pub struct Times {
    stat: Kstat,
    /// [`Others::quiet`], asked for before.
    quiet: Option<u64>,
}

impl Times {
    /// Those of the upper file, which `others` change.
    pub fn of(upper: PathRef<'_>, others: &Others) -> Result<Self> {
        let quiet = others.quiet();
        let stat = Kstat::of(upper, STATX_BASIC_STATS, 0)?;
        Ok(Self { stat, quiet })
    }

    /// Puts them back, unless one of `others` has changed the file meanwhile, whose time stays.
    pub fn put_back(&self, upper: PathRef<'_>, others: &Others) -> Result {
        let is_quiet = || self.quiet.is_some() && others.quiet() == self.quiet;
        if !is_quiet() || Kstat::of(upper, STATX_BASIC_STATS, 0)?.same_mtime(&self.stat) {
            return Ok(());
        }
        let write = WriteAccess::want(upper.mnt())?;
        let object = write.on(upper.dentry())?;
        Iattr::empty().times_of(&self.stat).notify_change(object)?;
        if !is_quiet() {
            // This may have taken away the time of one that has begun since.
            let mut now = Iattr::empty();
            now.touch();
            now.notify_change(object)?;
        }
        Ok(())
    }
}

/// Makes a hole of the bytes from `pos` to `end`, within the file.
///
/// # Errors
///
/// `EOPNOTSUPP` if the file system cannot; others of it.
pub fn free(to: &BackedFile, pos: Loff, end: Loff) -> Result {
    let hole = falloc::FALLOC_FL_PUNCH_HOLE | falloc::FALLOC_FL_KEEP_SIZE;
    to.fallocate(hole as i32, pos, end.saturating_sub(pos))
}

/// Gives an empty file of the upper layer, which stays without data, the size `end`. As [`copy`], with the
/// same errors.
pub fn leave_hole(union: &Union, to: &BackedFile, end: Loff, killed: Killed) -> Result {
    if !kthread::exceeds_file_size_limit(end) {
        return set_size(to, end);
    }
    let (to, cred) = (to.get(), union.cred.clone());
    kthread::run(c"union-copy", killed, move || {
        let result = override_creds(&cred, |_| set_size(&to, end));
        to.close();
        result
    })
}

fn copy_range(from: &BackedFile, to: &BackedFile, end: Loff, holes: Holes) -> Result {
    task_work::go_on()?;
    if from.inode().size() == end
        && file::may_clone(from, to)
        // A file that shares blocks needs new ones when it is written to, so nothing would be
        // reserved.
        && (holes == Holes::Kept || data_ends(from, 0, end) == end)
        && file::clone_file_range(from, 0, to, 0, end, 0).is_ok_and(|n| n == end)
    {
        if holes == Holes::Allocated {
            reserve_shared(to, end)?;
        }
        // It may have been longer.
        return set_size(to, end);
    }
    copy_bytes(&Transfer::ask(from, to, end)?, from, to, end, holes)?;
    set_size(to, end)
}

fn copy_bytes(
    transfer: &Transfer<'_>,
    from: &BackedFile,
    to: &BackedFile,
    end: Loff,
    mut holes: Holes,
) -> Result {
    let mut pos: Loff = 0;
    let mut seeks = true;
    while pos < end {
        task_work::go_on()?;
        let data = match seeks.then(|| from.llseek(pos, seek::SEEK_DATA as i32)) {
            Some(Ok(data)) => data.clamp(pos, end),
            // Only a hole up to the end.
            Some(Err(e)) if e == ENXIO => end,
            Some(Err(_)) | None => {
                seeks = false;
                pos
            }
        };
        if data > pos && holes == Holes::Allocated {
            // All of it at once, so that it is contiguous and fails before anything is copied.
            match to.fallocate(0, pos, end.saturating_sub(pos)) {
                Ok(()) => holes = Holes::Kept,
                Err(e) if writing_allocates(e) => {
                    seeks = false;
                    continue;
                }
                Err(e) => return Err(e),
            }
        }
        pos = data;
        if pos >= end {
            return Ok(());
        }
        let stop = if seeks {
            data_ends(from, pos, end)
        } else {
            end
        };
        if stop == pos {
            // The file system contradicts itself: both data and a hole begin here.
            seeks = false;
            continue;
        }
        copy_piece(transfer, pos, stop)?;
        pos = stop;
    }
    Ok(())
}

fn copy_piece(transfer: &Transfer<'_>, mut pos: Loff, stop: Loff) -> Result {
    while pos < stop {
        task_work::go_on()?;
        let left = usize::try_from(stop.saturating_sub(pos)).unwrap_or(usize::MAX);
        let n = transfer.copy(pos, left.min(CHUNK))?;
        if n == 0 {
            // The lower file is shorter than before: it changed meanwhile.
            return Err(EIO);
        }
        pos = pos.saturating_add(n as Loff);
    }
    Ok(())
}

/// The end of the data at `pos`, where a hole begins, or `end`.
fn data_ends(from: &BackedFile, pos: Loff, end: Loff) -> Loff {
    from.llseek(pos, seek::SEEK_HOLE as i32)
        .unwrap_or(end)
        .clamp(pos, end)
}

/// Reserves the ranges that sharing blocks has skipped. xfs reports reserved blocks that have been
/// read as data, but treats them as holes when it shares blocks.
fn reserve_shared(to: &BackedFile, end: Loff) -> Result {
    let stat = Kstat::of(to.path(), STATX_BASIC_STATS, 0)?;
    if holes_of_copy(end.unsigned_abs(), stat.blocks(), true) == Holes::Allocated {
        return Ok(());
    }
    match to.fallocate(falloc::FALLOC_FL_UNSHARE_RANGE as i32, 0, end) {
        Err(e) if e == EOPNOTSUPP => to.fallocate(0, 0, end),
        other => other,
    }
}

/// Whether blocks must be allocated by writing zeros, as posix_fallocate(3) does: the upper layer
/// cannot reserve any, or it stopped for a non-fatal signal, which does not stop a write.
fn writing_allocates(e: Error) -> bool {
    e == EOPNOTSUPP || ((e == EINTR || e == ERESTARTSYS) && !fatal_signal_pending())
}

/// Sets the size of a copy whose end is a hole. It is done here, with the data, because the
/// process's limit applies to growing a file.
fn set_size(to: &BackedFile, end: Loff) -> Result {
    if to.inode().size() == end {
        return Ok(());
    }
    let write = WriteAccess::want(to.path().mnt())?;
    Iattr::empty()
        .sized(end)
        .notify_change(write.on(to.dentry())?)
}
