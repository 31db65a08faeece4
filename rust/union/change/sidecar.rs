// SPDX-License-Identifier: GPL-2.0-only

//! Sidecars: the maps of large partial files, in the directory `partial` of the
//! [private directory](crate::union::private_dir).
//!
//! The name of one is its number in hexadecimal; [`logic::partial`](crate::logic::partial) says what is in
//! it. Without it the file that names it cannot be read, so it is looked up by the number alone, and checked:
//! an upper file that was copied with its attributes, or put back from a backup, names the sidecar of another,
//! whose granules it may not have.
//! It is removed when the file is whole, or has lost its last name. What a crash leaves behind is removed
//! together with the guard, when there is no partial file any more.

use crate::{
    logic::{
        hash,
        partial::{
            check_sidecar, sidecar_head, Geometry, Granules, Header, MapAt, Owner, Ownership,
            SidecarId, Unreadable, SIDECAR_HEAD,
        },
    },
    union::{
        layers::{
            identity, inum,
            layer::{UpperLayer, UpperWrite},
            union::Union,
            unstable::Thaw,
        },
        private_dir,
    },
    vfs::{
        cred::override_creds,
        errno::EOPNOTSUPP,
        file::BackedFile,
        inode::Inode,
        kthread::{self, Killed},
        types::{random_u64, Loff},
    },
};
use core::num::NonZeroU64;
use kernel::{prelude::*, str::CString};

/// The directory.
pub const DIR: &[u8] = b"partial";
/// Bytes that are written at once.
const PIECE: usize = 4096;

/// A number that no sidecar has.
pub fn new_id() -> SidecarId {
    SidecarId(NonZeroU64::new(random_u64()).unwrap_or(NonZeroU64::MIN))
}

/// Who a sidecar belongs to, if it belongs to an upper file.
fn owner(upper: &UpperLayer, file: &Inode) -> Owner {
    let number = |inode: &Inode| hash::combine(inode.ino(), inum::handle(inode).hash());
    let root = upper.mnt.root();
    let file_system = identity::file_system(&upper.mnt).unwrap_or(0);
    Owner {
        layer: hash::combine(file_system, root.inode().map_or(0, number)),
        file: number(file),
    }
}

/// Makes a sidecar without granules for an upper file, and opens it for writing. With the mounter's credentials.
///
/// # Errors
///
/// `EOPNOTSUPP` if there is no private directory; those of the file system, and of
/// [`UpperLayer::want_write_when`].
pub fn make(
    union: &Union,
    geometry: Geometry,
    of: &Inode,
    thaw: Thaw,
) -> Result<(SidecarId, BackedFile)> {
    let upper = union.upper()?;
    let id = new_id();
    let name = name(id)?;
    let file = {
        let write = upper.want_write_when(thaw)?;
        let dir = upper.sidecars.make(write.access())?.ok_or(EOPNOTSUPP)?;
        let made = dir.make_file(write.access(), name.to_bytes())?;
        dir.for_writing(&made)
    };
    let filled = file.and_then(|file| {
        let head = sidecar_head(id, geometry, owner(upper, of)).map_err(|_| ENOMEM)?;
        fill(union, &file, geometry, &head, thaw)?;
        Ok(file)
    });
    match filled {
        Ok(file) => Ok((id, file)),
        Err(error) => {
            remove(upper, id, thaw);
            Err(error)
        }
    }
}

/// All of it is written, so that no map is without room later.
fn fill(union: &Union, file: &BackedFile, geometry: Geometry, head: &[u8], thaw: Thaw) -> Result {
    let end = (SIDECAR_HEAD as u64).saturating_add(Granules::bytes_for(geometry.count()));
    let mut piece = KVec::from_elem(0, PIECE, GFP_KERNEL)?;
    for (to, from) in piece.iter_mut().zip(head.iter()) {
        *to = *from;
    }
    let mut at = 0;
    while at < end {
        let len = usize::try_from(end.saturating_sub(at)).map_or(PIECE, |left| left.min(PIECE));
        write_at(union, file, at, piece.get(..len).unwrap_or_default(), thaw)?;
        piece.iter_mut().for_each(|byte| *byte = 0);
        at = at.saturating_add(len as u64);
    }
    Ok(())
}

/// Opens a sidecar for writing that was read or made: others who write down the same file may have it open as well.
/// With the mounter's credentials.
///
/// # Errors
///
/// `ENOENT`; `EPERM`, with a line in the log, if it is not ours; those of the file system.
pub fn open(union: &Union, id: SidecarId) -> Result<BackedFile> {
    let dir = union.upper()?.sidecars.get()?.ok_or(ENOENT)?;
    dir.known_for_writing(name(id)?.to_bytes())?.ok_or(ENOENT)
}

/// Writes bytes of the map, from the `at`-th on.
///
/// # Errors
///
/// Those of the file system.
pub fn write_map(union: &Union, file: &BackedFile, at: u64, bytes: &[u8], thaw: Thaw) -> Result {
    let at = at.saturating_add(SIDECAR_HEAD as u64);
    write_at(union, file, at, bytes, thaw)
}

/// The process writes for itself no file that large, so its limit does not apply.
fn write_at(union: &Union, file: &BackedFile, at: u64, bytes: &[u8], thaw: Thaw) -> Result {
    let write = move |file: &BackedFile, bytes: &[u8], pos| match thaw {
        Thaw::Waits => file.write_at(bytes, pos),
        Thaw::Fails => file.write_at_unless_frozen(bytes, pos),
    };
    let pos = Loff::try_from(at).map_err(|_| EFBIG)?;
    if !kthread::exceeds_file_size_limit(pos.saturating_add(bytes.len() as Loff)) {
        return write(file, bytes, pos);
    }
    let mut copy = KVec::with_capacity(bytes.len(), GFP_KERNEL)?;
    copy.extend_from_slice(bytes, GFP_KERNEL)?;
    let (file, cred) = (file.get(), union.cred.clone());
    kthread::run(c"union-map", Killed::Waits, move || {
        let result = override_creds(&cred, |_| write(&file, &copy, pos));
        file.close();
        result
    })
}

/// The map in a sidecar of an upper file with this geometry. With the mounter's credentials.
///
/// # Errors
///
/// [`Unreadable::NoSidecar`] also if it cannot be opened or read; [`Unreadable::OtherFile`];
/// [`Unreadable::NoMemory`].
pub fn read(
    union: &Union,
    id: SidecarId,
    geometry: Geometry,
    of: &Inode,
) -> Result<KVVec<u8>, Unreadable> {
    let len = Granules::bytes_for(geometry.count());
    let len = usize::try_from(len).map_err(|_| Unreadable::NoMemory)?;
    let mut map = KVVec::from_elem(0, len, GFP_KERNEL_ACCOUNT).map_err(|_| Unreadable::NoMemory)?;
    let (file, ownership) = check(union, id, geometry, of)?;
    match file.read_at(&mut map, SIDECAR_HEAD as Loff) {
        Ok(read) if read == len => {}
        Err(e) if e == ENOMEM => return Err(Unreadable::NoMemory),
        Ok(_) | Err(_) => return Err(Unreadable::NoSidecar),
    }
    if ownership == Ownership::Moved {
        // On a read-only layer no other file can claim it either.
        let _ = take_over(union, id, geometry, of);
    }
    Ok(map)
}

/// Opens a sidecar of an upper file with this geometry.
fn check(
    union: &Union,
    id: SidecarId,
    geometry: Geometry,
    of: &Inode,
) -> Result<(BackedFile, Ownership), Unreadable> {
    let mut head = [0; 64];
    let mut found = || -> Result<_> {
        let upper = union.upper()?;
        let dir = upper.sidecars.get()?.ok_or(ENOENT)?;
        let file = dir.file(name(id)?.to_bytes())?.ok_or(ENOENT)?;
        file.read_at(&mut head, 0)?;
        Ok((upper, file))
    };
    match found() {
        Ok((upper, file)) => {
            let ownership = check_sidecar(&head, id, geometry, owner(upper, of))?;
            Ok((file, ownership))
        }
        Err(e) if e == ENOMEM => Err(Unreadable::NoMemory),
        Err(_) => Err(Unreadable::NoSidecar),
    }
}

/// Writes into a sidecar that was copied with its layer which file it belongs to now. These few bytes are in one
/// sector, so a crash leaves the old ones or the new.
fn take_over(union: &Union, id: SidecarId, geometry: Geometry, of: &Inode) -> Result {
    let upper = union.upper()?;
    let head = sidecar_head(id, geometry, owner(upper, of)).map_err(|_| ENOMEM)?;
    // Without write access of our own: writing protects from freezing by itself, which must not be nested.
    let file = open(union, id)?;
    let done = write_at(union, &file, 0, &head, Thaw::Waits);
    // At once, or who reads it next finds it open for writing.
    file.close();
    done
}

/// Removes the sidecar of an upper file that is gone, unless it is known to be, or may be, another one's. With the
/// mounter's credentials, and without write access to the layer.
pub fn remove_of(union: &Union, upper: &UpperLayer, header: &Header, of: &Inode) {
    let MapAt::Sidecar(Some(id)) = header.map else {
        return;
    };
    if let Ok((_, Ownership::Known)) = check(union, id, header.geometry, of) {
        remove(upper, id, Thaw::Waits);
    }
}

/// Removes a sidecar. What cannot be removed is later ([`collect`]). With the mounter's credentials.
pub fn remove(upper: &UpperLayer, id: SidecarId, thaw: Thaw) {
    let _ = upper.want_write_when(thaw).and_then(|write| {
        let name = name(id)?;
        match upper.sidecars.get()? {
            Some(dir) => dir.remove(write.access(), name.to_bytes()),
            None => Ok(()),
        }
    });
}

/// Removes all of them: there is no partial file any more. With the mounter's credentials.
///
/// # Errors
///
/// Those of the file system.
pub fn collect(write: &UpperWrite<'_>) -> Result {
    let Some(dir) = write.layer.sidecars.get()? else {
        return Ok(());
    };
    for name in &private_dir::names(dir.path())? {
        if is_name(name) {
            dir.remove(write.access(), name)?;
        }
    }
    Ok(())
}

fn name(id: SidecarId) -> Result<CString> {
    CString::try_from_fmt(fmt!("{:016x}", id.0))
}

fn is_name(name: &[u8]) -> bool {
    name.len() == 16 && name.iter().all(u8::is_ascii_hexdigit)
}
