// SPDX-License-Identifier: GPL-2.0-only

//! Calls that only a union has, on an open directory; [`crate::logic::ioctl`] says which.

use super::{
    create::update_dir,
    fs::{Union, UnionFs},
    known::{self, Change},
    lookup, stage, Inode,
};
use crate::{
    logic::{
        ioctl::{self, BUFFER, FALLTHRUS, NAME, RESTORE},
        record::{self, Identity},
    },
    vfs::{
        attr::{inode_permission, may},
        file::OpenFile,
        namei::Creating,
        types::Name,
        user::{caller_is_admin, UserArg},
        write::WriteAccess,
    },
};
use kernel::prelude::*;

/// `->unlocked_ioctl()` of a directory.
pub fn ioctl(file: &OpenFile<UnionFs, ()>, cmd: u32, arg: UserArg) -> Result {
    match cmd {
        RESTORE => {
            let mut buffer = [0; NAME];
            let bytes = arg.read(&mut buffer)?;
            let len = bytes.iter().position(|&byte| byte == 0).ok_or(EINVAL)?;
            let name = bytes.get(..len).unwrap_or_default();
            if !ioctl::names_an_entry(name) {
                return Err(EINVAL);
            }
            restore(file, Name::new(name)?)
        }
        FALLTHRUS => fallthrus(file, arg),
        _ => Err(ENOTTY),
    }
}

/// Removes the whiteout that hides a name of the lower layers.
fn restore(file: &OpenFile<UnionFs, ()>, name: Name<'_>) -> Result {
    let dir = file.inode();
    let union = dir.sb().data();
    let path = file.path();
    let write = WriteAccess::want(path.mnt())?;
    let creating = Creating::start(&write, path.dentry(), name)?;
    inode_permission(path.mnt().idmap(), dir, may::MAY_WRITE | may::MAY_EXEC)?;
    if creating.dentry().is_positive() {
        return Err(EEXIST);
    }
    fall_through(union, dir, name)?;
    // What was looked for in vain is there now.
    creating.dentry().d_drop();
    Ok(())
}

fn fall_through(union: &Union, dir: &Inode, name: Name<'_>) -> Result {
    let updir = dir.data().upper().ok_or(ENOENT)?;
    let _creds = union.creds();
    if !lookup::lower_positive(union, dir.data(), name)? {
        return Err(ENOENT);
    }
    let write = WriteAccess::want(union.upper_mnt()?)?;
    let mut change = Change::begin(dir);
    stage::fallthru(&write, updir, name)?;
    change.nothing(name);
    change.end();
    update_dir(union, dir)
}

/// Hands out the fallthru set of the directory.
fn fallthrus(file: &OpenFile<UnionFs, ()>, arg: UserArg) -> Result {
    let dir = file.inode();
    if !caller_is_admin(dir.sb()) {
        return Err(EPERM);
    }
    let mut buffer = [0; BUFFER];
    let bytes = arg.read(&mut buffer)?;
    let (address, size) = bytes.split_first_chunk().ok_or(EFAULT)?;
    let size: [u8; 8] = size.try_into().map_err(|_| EFAULT)?;
    let (address, size) = (u64::from_ne_bytes(*address), u64::from_ne_bytes(size));

    let set = known::fallthrus(dir)?;
    let layer = |layer| u16::try_from(layer).ok();
    let record = record::encode(&set, Identity::new(), layer).map_err(|_| ENOMEM)?;
    let needed = record.len() as u64;
    arg.write(8, &needed.to_ne_bytes())?;
    if size < needed {
        return Err(ERANGE);
    }
    UserArg::new(usize::try_from(address).map_err(|_| EFAULT)?).write(0, &record)
}
