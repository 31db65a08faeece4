// SPDX-License-Identifier: GPL-2.0-only

//! Copying up the data of a file that is in the upper layer without them.
//!
//! The data come first, then what writing has taken away, and the mark is removed when all of it is
//! on stable storage. Stopped after any step, the file has the data of the lower one, as before.

use crate::{
    logic::{
        change::copy_up::{data_needed, CAPABILITY_NAME},
        codec::Attr,
        partial::Class,
    },
    union::{
        change::{copy_data, part, settle},
        layers::{
            file_data::InUpper, layer::UpperWrite, part::Part, private_xattrs, union::Union,
            upper_dentry::UpperDentry,
        },
        lookup::data,
        OwnInode,
    },
    vfs::{
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        errno::EOPNOTSUPP,
        file::{falloc, flags, BackedFile},
        kthread::Killed,
        path::PathRef,
        statfs::Statfs,
        xattr,
    },
};
use kernel::{prelude::*, sync::Arc};

/// Makes sure that a regular file which is in the upper layer has its data there. Of anything else it
/// does nothing. Returns how many bytes were copied.
///
/// The locks are those of [`copy_up::up`](crate::union::change::copy_up::up).
///
/// # Errors
///
/// `EINTR` by a fatal signal; `EIO` if the data are not found, or not those that a digest demands; those
/// of the file systems. The file shows the same data then.
pub fn up(inode: &OwnInode) -> Result<u64> {
    Ok(up_for(inode, None)?.unwrap_or(0))
}

/// As [`up`], of a partial file only.
pub fn up_partial(inode: &OwnInode) -> Result {
    match inode.data().data.in_upper() {
        InUpper::Some => up(inode).map(drop),
        InUpper::All | InUpper::Nothing => Ok(()),
    }
}

/// Brings a piece of the rest of a partial file, for which nobody waits. Returns whether there is more to do now:
/// not without room, and not while the upper layer is frozen.
///
/// # Errors
///
/// As of [`up`].
pub fn up_piece(inode: &OwnInode) -> Result<bool> {
    let union = inode.sb().data();
    let layer = union.upper()?;
    union.with_creds(|| {
        if !has_room(&Statfs::of(layer.mnt.at(layer.mnt.root())?)?) {
            return Ok(false);
        }
        drop(layer.try_want_write()?);
        let Some(part) = part::get(inode)? else {
            return Ok(false);
        };
        let _lock = inode.data().lock.lock()?;
        let Some(upper) = inode.data().upper() else {
            return Ok(false);
        };
        part.hold_writable(&layer.mnt)?;
        let brought = keeping(union, upper, part, || part::complete_piece(inode, part));
        if !matches!(brought, Ok(false)) {
            // Meanwhile somebody may have written it down without this piece, and let it go.
            part::keep_on(inode, part);
        }
        let is_missing = brought?;
        if !is_missing {
            part::settle(inode, part)?;
            settle::refresh(inode);
        }
        Ok(is_missing)
    })
}

/// Whether what nobody waits for may take space: a tenth of it is left to others.
fn has_room(statfs: &Statfs) -> bool {
    statfs.available() > statfs.blocks() / 10
}

/// As [`up`], for a change of the size: only what remains is copied, and the file shows its old data or
/// the new ones whatever happens. Returns whether the change was made; it was not if there was nothing
/// to do.
pub fn up_changed(inode: &OwnInode, change: &mut Iattr) -> Result<bool> {
    Ok(up_for(inode, Some(change))?.is_some())
}

fn up_for(inode: &OwnInode, mut change: Option<&mut Iattr>) -> Result<Option<u64>> {
    let node = inode.data();
    if !inode.is_reg() || node.data_upper().is_some() {
        return Ok(None);
    }
    let union = inode.sb().data();
    loop {
        let part = part::get(inode)?;
        let _lock = node.lock.lock()?;
        let Some(upper) = node.upper().filter(|_| !node.data.are_in_upper()) else {
            return Ok(None);
        };
        let copied = match (part, node.data.in_upper(), change) {
            (Some(part), _, None) => union.with_creds(|| complete(union, inode, upper, part))?,
            (Some(part), _, Some(change)) => {
                let size = change.new_size().ok_or(EIO)?.max(0) as u64;
                part::truncate_locked(inode, part, size, change)?;
                0
            }
            (None, InUpper::Nothing, change) => {
                let copied = union.with_creds(|| copy(union, inode, upper, change))?;
                node.set_data_copied();
                copied
            }
            (None, _, unmade) => {
                // It has become partial meanwhile.
                change = unmade;
                continue;
            }
        };
        settle::refresh(inode);
        return Ok(Some(copied));
    }
}

/// Brings the rest of a partial file to the upper layer.
fn complete(union: &Union, inode: &OwnInode, upper: &UpperDentry, part: &Part) -> Result<u64> {
    let missing = part::missing(part);
    keeping(union, upper, part, || part::complete(inode, part))?;
    part::settle(inode, part)?;
    Ok(missing)
}

/// Writes data of a partial file that it shows already, and gives it back what writing takes away.
fn keeping<R>(
    union: &Union,
    upper: &UpperDentry,
    part: &Part,
    write: impl FnOnce() -> Result<R>,
) -> Result<R> {
    let path = union.upper_path(upper)?;
    let others = part.others(0);
    let times = copy_data::Times::of(path, &others)?;
    let before = Kstat::of(path, STATX_BASIC_STATS, 0)?;
    let capability = capability(path)?;
    let capability = match capability {
        Some(capability) => Some(Arc::new(capability, GFP_KERNEL_ACCOUNT)?),
        None => None,
    };
    if let Some(capability) = &capability {
        part.hold_capability(capability.clone());
    }
    let written = write();
    let capability = capability.as_ref().map(|capability| capability.as_slice());
    let restored = restore(union, upper, path, &before, capability, Times::Kept);
    part.release_capability();
    restored?;
    // btrfs changes them for each write, whatever the file says.
    times.put_back(path, &others)?;
    written
}

fn copy(
    union: &Union,
    inode: &OwnInode,
    upper: &UpperDentry,
    change: Option<&mut Iattr>,
) -> Result<u64> {
    let from = data::locate(union, inode)?;
    let stat = Kstat::ask(from, STATX_BASIC_STATS, 0)?;
    let path = union.upper_path(upper)?;
    let before = Kstat::of(path, STATX_BASIC_STATS, 0)?;
    let capability = capability(path)?;
    let mut to = BackedFile::open(path, flags::O_RDWR | flags::O_LARGEFILE)?;
    to.keep_times();
    let new_size = change.as_ref().and_then(|change| change.new_size());
    let new_size = new_size.map(|size| size.max(0) as u64);
    let size = data_needed(stat.size().max(0) as u64, new_size);
    let restore = || {
        let times = Times::Restored;
        restore(union, upper, path, &before, capability.as_deref(), times)
    };
    let done = clear(union, upper, &to, &before)
        .and_then(|()| copy_data::copy(union, from, &stat, &to, size, Killed::Waits))
        .and_then(|()| restore())
        .and_then(|()| {
            if let Some(change) = change {
                change.notify_change(union.upper()?.want_write()?.on(upper)?)?;
            }
            match union.upper()?.class {
                _ if size == 0 || !union.should_sync() => {}
                Class::Journal if !union.syncs_for_order() => to.write_out()?,
                Class::Journal | Class::Flush | Class::None => to.fsync()?,
            }
            remove_mark(union, &union.upper()?.want_write()?, upper)
        });
    if let Err(error) = done {
        // Nobody sees what has been copied, but it takes space. The file shows the old data, so
        // everything else must be old, too.
        let left = Kstat::of(path, STATX_BASIC_STATS, 0);
        let _ = left.and_then(|left| clear(union, upper, &to, &left));
        let _ = restore();
        return Err(error);
    }
    if union.syncs_for_order() {
        // A later change of the name must not become durable before this. An error is one of the
        // disk, which the next fsync(2) reports; the file has its data.
        let _ = to.fsync();
    }
    Ok(size)
}

/// What [`restore`] does about times.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    /// They are as they should be.
    Kept,
    /// They are set back.
    Restored,
}

/// Gives the file back what clearing and writing have taken away.
fn restore(
    union: &Union,
    upper: &UpperDentry,
    path: PathRef<'_>,
    before: &Kstat,
    capability: Option<&[u8]>,
    times: Times,
) -> Result {
    let write = union.upper()?.want_write()?;
    if let Some(capability) = capability {
        // Writing has removed it.
        xattr::set(write.on(upper)?, CAPABILITY_NAME, capability, 0)?;
    }
    let now = Kstat::of(path, STATX_BASIC_STATS, 0)?;
    let mut attr = Iattr::empty();
    if now.mode() != before.mode() {
        // A mounter that may not keep set-id bits.
        attr = attr.mode(before.mode());
    }
    if times == Times::Restored && !now.same_mtime(before) {
        // Sharing blocks changes times, and freeing them may, whatever the file says.
        attr = attr.times_of(before);
    }
    match attr.is_empty() {
        true => Ok(()),
        false => attr.notify_change(write.on(upper)?),
    }
}

fn remove_mark(union: &Union, write: &UpperWrite<'_>, upper: &UpperDentry) -> Result {
    private_xattrs::remove(union, write.on(upper)?, Attr::Metacopy)
}

/// The capabilities of a file, as they are stored.
fn capability(path: PathRef<'_>) -> Result<Option<KVVec<u8>>> {
    match xattr::get_alloc(path, CAPABILITY_NAME) {
        Ok(value) => Ok(Some(value)),
        Err(e) if xattr::is_absent(e) => Ok(None),
        // An empty one is no capability; any user can set it.
        Err(e) if e == EINVAL => Ok(None),
        Err(e) => Err(e),
    }
}

/// Frees what an attempt that was stopped has left in the file: a hole of the lower file is not copied,
/// and must be one here.
fn clear(union: &Union, upper: &UpperDentry, to: &BackedFile, stat: &Kstat) -> Result {
    // A block may also be one of attributes; freeing nothing costs little.
    if stat.blocks() == 0 || stat.size() == 0 {
        return Ok(());
    }
    let hole = falloc::FALLOC_FL_PUNCH_HOLE | falloc::FALLOC_FL_KEEP_SIZE;
    match to.fallocate(hole as i32, 0, stat.size()) {
        Err(e) if e == EOPNOTSUPP => {
            let write = union.upper()?.want_write()?;
            Iattr::empty().sized(0).notify_change(write.on(upper)?)?;
            drop(write);
            copy_data::leave_hole(union, to, stat.size(), Killed::Waits)
        }
        other => other,
    }
}
