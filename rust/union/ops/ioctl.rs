// SPDX-License-Identifier: GPL-2.0-only

//! Calls that only a union has, on an open directory or regular file; [`crate::logic::ioctl`] says which.

use crate::{
    logic::{
        ioctl::{
            self, Place, ACCEPT, BUFFER, DATA, DATA_REPLY, FALLTHRUS, NAME, RESTORE, SETTLE,
            SETTLED,
        },
        record::{self, RecordId},
    },
    union::{
        change::{data_up, guard, part, settle, stage},
        layers::{file_data::InUpper, union::Union},
        listing::dir_cache::{self, ViewChange},
        lookup::by_name,
        OwnInode, UnionFs,
    },
    vfs::{
        attr::{inode_owner_or_capable, inode_permission, may},
        held_name::HeldName,
        open_file::OpenFile,
        types::Name,
        user::{caller_is_admin, UserArg},
    },
};
use kernel::prelude::*;

/// `->unlocked_ioctl()` of a directory.
pub fn ioctl_of_dir(file: &OpenFile<UnionFs, ()>, cmd: u32, arg: UserArg) -> Result {
    if !matches!(cmd, RESTORE | FALLTHRUS | SETTLED | ACCEPT) {
        return Err(ENOTTY);
    }
    // All reach objects that the union does not show, to which its permissions do not apply.
    if !caller_is_admin(file.inode().sb()) {
        return Err(EPERM);
    }
    match cmd {
        RESTORE => restore(file, name(arg, &mut [0; NAME])?),
        ACCEPT => accept(file, name(arg, &mut [0; NAME])?),
        SETTLED => settled(file),
        _ => fallthrus(file, arg),
    }
}

/// The name that the argument points to.
fn name(arg: UserArg, buffer: &mut [u8; NAME]) -> Result<Name<'_>> {
    let bytes = arg.read(buffer)?;
    let len = bytes.iter().position(|&byte| byte == 0).ok_or(EINVAL)?;
    let name = bytes.get(..len).unwrap_or_default();
    match ioctl::names_an_entry(name) {
        true => Name::new(name),
        false => Err(EINVAL),
    }
}

/// Takes the lower file under a name for the one that has the rest of the data of a partial file.
fn accept(file: &OpenFile<UnionFs, ()>, name: Name<'_>) -> Result {
    let held = HeldName::start(file, name)?;
    let inode = held.dentry().inode().ok_or(ENOENT)?;
    match inode.is_reg() {
        true => part::accept(inode),
        false => Err(EINVAL),
    }
}

/// Removes the whiteout that hides a name of the lower layers.
///
/// For the caller this is link(2) of an object that is not visible yet. It requires the right to
/// make names in the directory, and ownership of the object or `CAP_FOWNER` over its owner,
/// whatever its type and the owner of the directory. A caller therefore cannot restore another
/// user's set-id program or object of a sticky directory.
fn restore(file: &OpenFile<UnionFs, ()>, name: Name<'_>) -> Result {
    let dir = file.inode();
    let union = dir.sb().data();
    let held = HeldName::start(file, name)?;
    if held.dentry().is_positive() {
        return Err(EEXIST);
    }
    let idmap = file.path().idmap();
    inode_permission(idmap, dir, may::MAY_WRITE | may::MAY_EXEC)?;
    let found = union.with_creds(|| by_name::lower_object(union, dir.data(), name))?;
    let (layer, object) = found.ok_or(ENOENT)?;
    let object = object.inode().ok_or(ENOENT)?;
    // As the union would show it.
    let mut shown = dir.sb().new_inode()?;
    shown.copy_from(union.lower(layer)?.mnt(), object);
    let shown = shown.as_inode();
    if !shown.ids_are_valid(idmap) || !inode_owner_or_capable(idmap, shown) {
        return Err(EPERM);
    }
    held.may_make(object.mode(), object.rdev())?;
    fall_through(union, dir, name)?;
    // Drop the negative dentry: the name exists again.
    held.dentry().d_drop();
    held.notify(object.is_dir());
    Ok(())
}

fn fall_through(union: &Union, dir: &OwnInode, name: Name<'_>) -> Result {
    let updir = dir.data().upper().ok_or(ENOENT)?;
    union.with_creds(|| {
        let write = union.upper()?.want_write()?;
        let mut change = ViewChange::begin(dir);
        stage::fallthru(write.on(updir)?, name)?;
        change.nothing(name);
        change.end();
        settle::refresh(dir);
        Ok(())
    })
}

/// Removes the guard of partial files.
fn settled(file: &OpenFile<UnionFs, ()>) -> Result {
    if !file.dentry().is_root() {
        return Err(EINVAL);
    }
    let union = file.inode().sb().data();
    let _write = file.want_write()?;
    union.with_creds(|| guard::release(union.upper()?))
}

/// Copies the fallthru set of the directory to userspace.
fn fallthrus(file: &OpenFile<UnionFs, ()>, arg: UserArg) -> Result {
    let dir = file.inode();
    let mut buffer = [0; BUFFER];
    let bytes = arg.read(&mut buffer)?;
    let (address, size) = bytes.split_first_chunk().ok_or(EFAULT)?;
    let size: [u8; 8] = size.try_into().map_err(|_| EFAULT)?;
    let (address, size) = (u64::from_ne_bytes(*address), u64::from_ne_bytes(size));

    let set = dir_cache::fallthrus(dir)?;
    let layer = |layer| u16::try_from(layer).ok();
    let record = record::encode(&set, RecordId::new(), layer).map_err(|_| ENOMEM)?;
    let needed = record.len() as u64;
    arg.write(8, &needed.to_ne_bytes())?;
    if size < needed {
        return Err(ERANGE);
    }
    UserArg::new(usize::try_from(address).map_err(|_| EFAULT)?).write(0, &record)
}

/// `->unlocked_ioctl()` of a regular file.
pub fn ioctl_of_file<D>(file: &OpenFile<UnionFs, D>, cmd: u32, arg: UserArg) -> Result {
    match cmd {
        SETTLE => {
            // Who may write could have it done by writing a byte as it is.
            if !file.is_writable() && !caller_is_admin(file.inode().sb()) {
                return Err(EPERM);
            }
            let _write = file.want_write()?;
            let copied = data_up::up(file.inode())?;
            arg.write(0, &copied.to_ne_bytes())
        }
        DATA => {
            let inode = file.inode();
            let node = inode.data();
            let part = part::get(inode)?;
            let (place, left) = match (node.upper(), node.data.in_upper(), part) {
                (None, ..) => (Place::Lower, 0),
                (Some(_), InUpper::All, _) => (Place::Upper, 0),
                (Some(_), InUpper::Some, Some(part)) => (Place::Both, part::missing(part)),
                (Some(_), ..) => (Place::Below, inode.size().max(0) as u64),
            };
            let mut reply = [0; DATA_REPLY];
            let words = [place.number(), left].map(u64::to_ne_bytes);
            reply.copy_from_slice(words.as_flattened());
            arg.write(0, &reply)
        }
        _ => Err(ENOTTY),
    }
}
