// SPDX-License-Identifier: GPL-2.0-only

//! Files whose data are partly in the upper layer.
//!
//! A large file that is written to is copied up without its data and becomes partial: what is written,
//! and what of the same granules is not, comes to the upper file. The rules, and what they promise, are in
//! [`logic::partial`](crate::logic::partial).

use crate::{
    logic::{
        hash,
        partial::{
            self, Depth, Form, Geometry, Header, Identity, MapAt, Partial, Store, Unreadable,
        },
    },
    union::{
        change::{
            part_store::{Call, PartStore},
            sidecar,
        },
        layers::{file_data::InUpper, part::Part, private_xattrs, union::Union, unstable::Thaw},
        lookup::data,
        OwnInode,
    },
    vfs::{
        attr::Iattr,
        data_errors::SeenDataErrors,
        dentry::Dentry,
        inode::Inode,
        path::PathRef,
        printk::{pr_err_ratelimited, Printable},
        super_block::SbInfo,
    },
};
use kernel::prelude::*;

/// What is known of a regular file that is partial, read from the disk when it is first needed. `None`: it
/// is not partial.
///
/// # Errors
///
/// `EIO`, with a line in the log, if it cannot be understood, or belongs to another lower file; `EINTR` by
/// a fatal signal; those of the layers.
pub fn get(inode: &OwnInode) -> Result<Option<&Part>> {
    let data = &inode.data().data;
    if data.in_upper() != InUpper::Some {
        return Ok(None);
    }
    match data.part() {
        Some(part) => Ok(Some(part)),
        None => load(inode, Lower::AsWrittenDown).map(Some),
    }
}

/// What tells the lower file with the data from others, also after the next mount. `None`: nothing does.
/// With the mounter's credentials.
///
/// # Errors
///
/// `EIO` if the data are not looked up; those of the layer.
pub fn identity(inode: &OwnInode) -> Result<Option<Identity>> {
    let union = inode.sb().data();
    let lower = inode.data().data_lower().ok_or(EIO)?;
    let Some(file_system) = union.lower(lower.layer)?.identity() else {
        return Ok(None);
    };
    let file = lower.dentry.inode().ok_or(EIO)?;
    let size = file.size().max(0) as u64;
    let (seconds, nanoseconds) = file.times().mtime;
    let mtime = (seconds, u32::try_from(nanoseconds).map_err(|_| EIO)?);
    let facts = [
        file_system,
        file.ino(),
        file.generation().into(),
        size,
        mtime.0 as u64,
        mtime.1.into(),
    ];
    Ok(Some(Identity {
        size,
        mtime,
        hash: facts.into_iter().fold(0, hash::combine),
    }))
}

/// Makes a file without data partial. `None`: there is no room for the map.
///
/// # Errors
///
/// `EINTR` by a fatal signal; those of the layers.
pub fn begin(inode: &OwnInode) -> Result<Option<&Part>> {
    let node = inode.data();
    let union = inode.sb().data();
    let _lock = node.lock.lock()?;
    match node.data.in_upper() {
        InUpper::All => return Ok(None),
        InUpper::Some => {}
        InUpper::Nothing => {
            let upper = node.upper().and_then(|upper| upper.inode()).ok_or(EIO)?;
            let Some(identity) = union.with_creds(|| identity(inode))? else {
                return Ok(None);
            };
            let layer = union.upper()?;
            let block = 1 << SbInfo::of(layer.mnt.root()).block_bits;
            let forms = Geometry::forms(identity.size, block, layer.sidecars.is_possible());
            for (geometry, place) in forms.into_iter().flatten() {
                let file = Partial::new(identity, geometry, place)?;
                let part = Part::new(file, upper, layer.tally.clone())?;
                let part = KBox::pin_init(part, GFP_KERNEL_ACCOUNT)?;
                let begun = partial::begin(&mut PartStore::new(inode, &part, Call::Other)?);
                match begun {
                    // For the file system a mark is no change of the data.
                    Ok(()) => return Ok(node.data.set_part(part)),
                    Err(e) => {
                        part.uncount();
                        // The attribute may be too long beside those of the user.
                        if e != ENOSPC {
                            return Err(e);
                        }
                    }
                }
            }
            return Ok(None);
        }
    }
    Ok(node.data.part())
}

/// Which lower file has the rest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lower {
    /// The one that was written down.
    AsWrittenDown,
    /// The one that is there.
    AsFound,
}

/// The administrator says that the lower file which is there has the rest of the data.
///
/// # Errors
///
/// `ERANGE` if it has another size; those of [`get`] and [`commit`].
pub fn accept(inode: &OwnInode) -> Result {
    if inode.data().data.in_upper() == InUpper::Some {
        load(inode, Lower::AsFound)?;
        commit(inode, Thaw::Waits)?;
    }
    Ok(())
}

fn load(inode: &OwnInode, lower: Lower) -> Result<&Part> {
    let node = inode.data();
    let union = inode.sb().data();
    let _lock = node.lock.lock()?;
    if let Some(part) = node.data.part() {
        return Ok(part);
    }
    let dentry = node.upper().ok_or(EIO)?;
    let upper = dentry.inode().ok_or(EIO)?;
    let file = union.with_creds(|| {
        data::locate(union, inode)?;
        read(union, inode, union.upper_path(dentry)?, upper, lower)
    })?;
    let tally = union.upper()?.tally.clone();
    let part = KBox::pin_init(Part::new(file, upper, tally)?, GFP_KERNEL_ACCOUNT)?;
    part.count();
    node.data.set_part(part).ok_or(EIO)
}

fn read(
    union: &Union,
    inode: &OwnInode,
    path: PathRef<'_>,
    upper: &Inode,
    expected: Lower,
) -> Result<Partial> {
    let refuse = |why: Unreadable| refuse(path.dentry(), why);
    let value = private_xattrs::part(union, path)?.ok_or_else(|| refuse(Unreadable::Damaged))?;
    let (header, map) = Header::decode(&value).map_err(refuse)?;
    let apart = match header.map {
        MapAt::Sidecar(Some(id)) => {
            sidecar::read(union, id, header.geometry, upper).map_err(refuse)?
        }
        MapAt::Sidecar(None) | MapAt::Attribute => KVVec::new(),
    };
    let map = if apart.is_empty() { map } else { &apart };
    let lower = identity(inode)?.ok_or_else(|| refuse(Unreadable::OtherLower))?;
    let size = upper.size().max(0) as u64;
    match expected {
        Lower::AsWrittenDown => Partial::read(&header, map, size, &lower).map_err(refuse),
        Lower::AsFound => Partial::accept(&header, map, size, &lower).map_err(|why| match why {
            Unreadable::OtherLower => ERANGE,
            why => refuse(why),
        }),
    }
}

fn refuse(dentry: &Dentry, why: Unreadable) -> Error {
    if why == Unreadable::NoMemory {
        return ENOMEM;
    }
    let name = dentry.name_snapshot();
    pr_err_ratelimited!(
        "\"{}\": a part of its data is in the upper layer, and {}\n",
        Printable(name.as_ref().map_or(b"?", |name| name.name().as_bytes())),
        match why {
            Unreadable::Damaged => "the attribute union.part, which says which, is missing or damaged",
            Unreadable::Version(_) => "only a later version of this module knows which",
            Unreadable::NoSidecar =>
                "the file in \"union/partial\" beside the work directory, which says which, is missing or \
                 damaged",
            Unreadable::OtherFile =>
                "the map in \"union/partial\" beside the work directory, which says which, is another file's: this \
                 one was copied with its attributes, or put back from a backup; remove it, or put back the \
                 whole layer with the work directory",
            Unreadable::OtherLower | Unreadable::NoMemory =>
                "the lower file is not the one that has the rest: the lower layer was exchanged or changed",
        }
    );
    EIO
}

/// A name of the object was removed. If it was the last one, nobody will ask where the data are. With the
/// mounter's credentials.
///
/// Without write access to the upper layer: the sidecar may have to be read, and what listens to that must not wait for a
/// freeze (`fsnotify_file_area_perm()`).
pub fn removed(union: &Union, inode: &OwnInode) {
    let node = inode.data();
    if !inode.is_reg() || inode.nlink() != 0 || node.data.in_upper() != InUpper::Some {
        return;
    }
    let Ok(layer) = union.upper() else { return };
    match node.data.part() {
        Some(part) => {
            if let MapAt::Sidecar(Some(id)) = part.with(|file| file.map()) {
                sidecar::remove(layer, id, Thaw::Waits);
            }
        }
        None => {
            let upper = node.upper().and_then(|upper| upper.inode());
            if let (Some(header), Some(upper)) = (written_down(union, inode), upper) {
                sidecar::remove_of(union, layer, &header, upper);
            }
        }
    }
}

fn written_down(union: &Union, inode: &OwnInode) -> Option<Header> {
    let path = union.upper_path(inode.data().upper()?).ok()?;
    let value = private_xattrs::part(union, path).ok()??;
    Some(Header::decode(&value).ok()?.0)
}

/// Changes the size, with all that `change` says. The inode is locked exclusively.
///
/// # Errors
///
/// `EINTR` by a fatal signal; those of the layers. The file shows its old data then.
pub fn truncate(inode: &OwnInode, part: &Part, size: u64, change: &mut Iattr) -> Result {
    // Who copies the data up holds it, too: no granule comes to the upper file meanwhile.
    let _lock = inode.data().lock.lock()?;
    truncate_locked(inode, part, size, change)
}

/// As [`truncate`], with `Node::lock` held.
pub fn truncate_locked(inode: &OwnInode, part: &Part, size: u64, change: &mut Iattr) -> Result {
    let mut store = PartStore::new(inode, part, Call::Change(change))?;
    partial::truncate(&mut store, size)
}

/// Writes down what the disk does not know of a file. Returns whether it knows all then.
///
/// # Errors
///
/// `EIO` if data got lost: then the lower file is the truth for what was not written down. `EAGAIN` with
/// [`Thaw::Fails`] if the upper layer is frozen, or others have the file locked: that may be so at any moment.
pub fn commit(inode: &OwnInode, thaw: Thaw) -> Result<bool> {
    let Some(part) = get(inode)? else {
        return Ok(true);
    };
    let mut store = PartStore::for_commit(inode, part, thaw)?;
    let done = partial::commit(&mut store);
    recover_with(inode, part, thaw)?;
    done?;
    Ok(is_known(part))
}

/// Whether the disk knows all of a file, or will before anything that follows.
fn is_known(part: &Part) -> bool {
    let is_known = part.with(|file| file.can_be_forgotten());
    if is_known {
        part.release_writable();
    }
    is_known
}

/// Makes a file durable. `depth`: how much of it at least.
///
/// # Errors
///
/// As of [`commit`].
pub fn fsync(inode: &OwnInode, part: &Part, depth: Depth) -> Result {
    let mut store = PartStore::new(inode, part, Call::Other)?;
    let done = partial::fsync(&mut store, depth);
    recover(inode, part)?;
    is_known(part);
    done
}

/// Takes back what got lost, if anything did. The inode is not locked.
///
/// # Errors
///
/// `EINTR` by a fatal signal: then it is done by the next one.
pub fn recover(inode: &OwnInode, part: &Part) -> Result {
    recover_with(inode, part, Thaw::Waits)
}

fn recover_with(inode: &OwnInode, part: &Part, thaw: Thaw) -> Result {
    if !part.with(|file| file.is_lost()) {
        return Ok(());
    }
    let node = inode.data();
    let (_exclusive, _lock) = match thaw {
        Thaw::Waits => (inode.lock(), node.lock.lock()?),
        Thaw::Fails => (
            inode.try_lock().ok_or(EAGAIN)?,
            node.lock.try_lock().ok_or(EAGAIN)?,
        ),
    };
    if !part.with(|file| file.is_lost()) {
        return Ok(());
    }
    // Also those are told who have written since the error was reported.
    if let Some(upper) = inode.data().upper().and_then(|upper| upper.inode()) {
        SeenDataErrors::set_lost(upper);
    }
    partial::revert(&mut PartStore::for_commit(inode, part, thaw)?)
}

/// Brings all data to the upper file that are missing there. Under `Node::lock`.
///
/// # Errors
///
/// Those of the layers. The file shows the same data then.
pub fn complete(inode: &OwnInode, part: &Part) -> Result {
    keep(inode, part)?;
    let done = partial::complete(&mut PartStore::new(inode, part, Call::Other)?);
    keep_on(inode, part);
    done
}

/// Brings some of them. Returns whether any were missing. Under `Node::lock`.
///
/// # Errors
///
/// As of [`complete`].
pub fn complete_piece(inode: &OwnInode, part: &Part) -> Result<bool> {
    partial::complete_piece(&mut PartStore::new(inode, part, Call::Other)?)
}

/// Keeps the inode, to which granules will be added ([`crate::union::layers::unstable`]).
///
/// # Errors
///
/// `ENOMEM`: then they must not be.
pub fn keep(inode: &OwnInode, part: &Part) -> Result {
    inode.sb().data().upper()?.unstable.keep(inode, part)
}

/// The same afterwards: meanwhile somebody may have written it down without what came now, and let it go.
pub fn keep_on(inode: &OwnInode, part: &Part) {
    if keep(inode, part).is_err() {
        // What cannot be kept is written down. The inode may be locked, so nothing is taken back.
        let _ = PartStore::new(inode, part, Call::Other)
            .and_then(|mut store| partial::commit(&mut store));
    }
}

/// Removes the mark of a file of which nothing is missing. Under `Node::lock`.
///
/// # Errors
///
/// As of [`commit`].
pub fn settle(inode: &OwnInode, part: &Part) -> Result {
    let mut store = PartStore::new(inode, part, Call::Other)?;
    partial::commit(&mut store)?;
    is_known(part);
    match store.with(|file| file.form()) {
        Form::Whole => Ok(()),
        // Data got lost meanwhile.
        Form::Metadata | Form::Partial => Err(EIO),
    }
}

/// How many bytes of a file are in the lower layer alone, if it is known.
pub fn missing(part: &Part) -> u64 {
    part.with(|file| file.missing_bytes())
}
