// SPDX-License-Identifier: GPL-2.0-only

//! The data of a copy-up: blocks are shared where the file system can, else bytes go through a pipe.
//!
//! Before anything is read or looked for, whoever watches or guards the files is asked
//! ([`Transfer::ask`]; sharing blocks asks by itself): a content scanner may refuse, and a server of
//! hierarchical storage puts the data where there was but a hole.

use crate::{
    logic::change::copy_up::{holes_of_copy, Holes},
    union::layers::union::Union,
    vfs::{
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        cred::override_creds,
        errno::EOPNOTSUPP,
        file::{self, falloc, flags, seek, BackedFile},
        kthread,
        path::PathRef,
        splice::Transfer,
        task_work::{self, fatal_signal_pending},
        types::Loff,
        write::WriteAccess,
    },
};
use kernel::prelude::*;

/// Bytes copied between two looks for a fatal signal.
const CHUNK: usize = 1 << 20;

/// Copies the first `size` bytes of a lower file, whose attributes are `stat`, into an empty file of
/// the upper layer that is open for reading and writing; the copy has that size then. With the
/// credentials of the mounter, without freeze protection.
///
/// # Errors
///
/// `EPERM` if somebody forbids it; `EINTR` by a fatal signal; `EIO` if the lower file changes; those
/// of the file systems.
pub fn copy(union: &Union, lower: PathRef<'_>, stat: &Kstat, to: &BackedFile, size: u64) -> Result {
    let from = BackedFile::open(lower, flags::O_RDONLY | flags::O_LARGEFILE)?;
    let end = Loff::try_from(size).map_err(|_| EFBIG)?;
    let whole = stat.size().max(0) as u64;
    let holes = holes_of_copy(whole, stat.blocks(), from.can_preallocate());
    if !kthread::exceeds_file_size_limit(end) {
        return copy_range(&from, to, end, holes);
    }
    // The process does not make the file larger: its limit is not for this. Quotas count as ever, by
    // the credentials.
    let (to, cred) = (to.get(), union.cred.clone());
    kthread::run(c"union-copy", move || {
        let result = override_creds(&cred, |_| copy_range(&from, &to, end, holes));
        // If the process was killed, these are the last references.
        from.close();
        to.close();
        result
    })
}

fn copy_range(from: &BackedFile, to: &BackedFile, end: Loff, holes: Holes) -> Result {
    task_work::go_on()?;
    if from.inode().size() == end
        && file::may_clone(from, to)
        // What shares blocks must get others when it is written to: nothing would be reserved.
        && (holes == Holes::Kept || data_ends(from, 0, end) == end)
        && file::clone_file_range(from, 0, to, 0, end, 0).is_ok_and(|n| n == end)
    {
        return match holes {
            Holes::Kept => Ok(()),
            Holes::Allocated => reserve_shared(to, end),
        };
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
            // Nothing but a hole up to the end.
            Some(Err(e)) if e == ENXIO => end,
            Some(Err(_)) | None => {
                seeks = false;
                pos
            }
        };
        if data > pos && holes == Holes::Allocated {
            // From here to the end at once, so that it is in one piece and fails before it is copied.
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
            // A file system that says both: data begins here, and a hole does.
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
            // The lower file is shorter than it was: it changed under us.
            return Err(EIO);
        }
        pos = pos.saturating_add(n as Loff);
    }
    Ok(())
}

/// Where the data at `pos` end and a hole begins; `end` if none does before.
fn data_ends(from: &BackedFile, pos: Loff, end: Loff) -> Loff {
    from.llseek(pos, seek::SEEK_HOLE as i32)
        .unwrap_or(end)
        .clamp(pos, end)
}

/// Reserves what sharing blocks has passed over. xfs takes reserved blocks that somebody has read for
/// data when it is asked, and for holes when it shares them.
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

/// Whether blocks must be had by writing zeros, as posix_fallocate(3) does: the upper layer cannot
/// reserve any, or it stopped for a signal that is not fatal, which does not stop a write.
fn writing_allocates(e: Error) -> bool {
    e == EOPNOTSUPP || ((e == EINTR || e == ERESTARTSYS) && !fatal_signal_pending())
}

/// Sets the size of a copy whose end is a hole. Here, with the data: growing a file is what the limit
/// of a process is asked for.
fn set_size(to: &BackedFile, end: Loff) -> Result {
    if to.inode().size() == end {
        return Ok(());
    }
    let _write = WriteAccess::want(to.path().mnt())?;
    Iattr::empty().sized(end).notify_change(to.path())
}
