// SPDX-License-Identifier: GPL-2.0-only

//! Files without a name (`O_TMPFILE`).

use crate::{
    union::{
        change::{copy_up, create::creator},
        lookup::iget,
        ops::file::UnionFile,
        Inode, UnionFs, UnionInode,
    },
    vfs::{cred::override_creds, tmpfile::Tmpfile},
};
use kernel::prelude::*;

/// Makes and opens a file without a name.
pub fn tmpfile(dir: &Inode, file: Tmpfile<'_, UnionFs>, mode: u16) -> Result {
    let sb = dir.sb();
    let union = sb.data();
    copy_up::up(&file.dentry().parent())?;
    let updir = dir.data().upper().ok_or(EROFS)?;
    let write = union.upper()?.want_write()?;
    let mut new = sb.new_inode()?;
    new.init_owner(dir, mode);
    let mode = new.as_inode().mode();
    let (inode, data) = override_creds(&union.cred, |caller| {
        let creator = creator(file.dentry(), mode, new.as_inode(), caller)?;
        let data = override_creds(&creator, |_| {
            UnionFile::tmpfile(file.as_open::<UnionInode>(), union.upper_path(updir)?, mode)
        })?;
        Ok::<_, Error>((
            iget::init_created(sb, new, data.upper_dentry().into())?,
            data,
        ))
    })?;
    drop(write);
    file.finish::<UnionInode>(inode, data)
}
