// SPDX-License-Identifier: GPL-2.0-only

//! Making names: create, mkdir, mknod, symlink, link, and unnamed files.

use crate::{
    logic::{
        change::{self, redirect::Change},
        mode::Kind,
    },
    union::{
        change::{
            copy_up, impure, redirect, settle,
            stage::ToMake,
            store::{Object, Place, UpperStore},
        },
        listing::dir_cache::ViewChange,
        lookup::iget,
        Child, NewChild, OwnDentry, OwnInode,
    },
    vfs::{
        cred::{override_creds, NewCred},
        inode::Inode,
        mount::Idmap,
        namei::NewObject,
    },
};
use kernel::{cred::Credential, prelude::*, sync::aref::ARef};

/// Makes an object of `mode` (type included) at `dentry` for the caller, through a mount with this map.
pub fn create(
    idmap: &Idmap,
    dir: &OwnInode,
    dentry: NewChild<'_>,
    mode: u16,
    object: NewObject<'_>,
) -> Result {
    let sb = dir.sb();
    let union = sb.data();
    union.check_new_name(dentry.name())?;
    let parent = dentry.stable_parent();
    copy_up::up(parent)?;
    let write = union.upper()?.want_write()?;

    let mut new = sb.new_inode()?;
    new.init_owner(idmap, dir, mode);
    let mode = new.as_inode().mode();

    override_creds(&union.cred, |caller| {
        let creator = creator(&dentry, mode, new.as_inode(), caller)?;
        let mut names = ViewChange::begin(dir);
        let made = override_creds(&creator, |_| {
            let kind = Kind::from_mode(mode).ok_or(EPERM)?;
            let name = dentry.name();
            change::create(
                &mut UpperStore::new(union, &write),
                Place { dir, name },
                kind,
                ToMake { mode, object },
            )
        })?;
        settle::refresh(dir);
        // The object exists, so the negative dentry must go.
        let inode = iget::init_created(sb, new, made).inspect_err(|_| dentry.d_drop())?;
        names.object(dentry.name(), &inode);
        names.end();
        impure::unmark(union, &write, dir);
        dentry.d_instantiate(inode);
        Ok(())
    })
}

/// Makes another name for an object of the union.
pub fn link(old: &OwnDentry, dir: &OwnInode, new: NewChild<'_>) -> Result {
    let union = dir.sb().data();
    union.check_new_name(new.name())?;
    copy_up::up(old)?;
    redirect::prepare(old, Change::Link)?;
    copy_up::up(new.stable_parent())?;
    let inode = old.inode().ok_or(ENOENT)?;
    let upper = inode.data().upper().ok_or(EROFS)?;
    let write = union.upper()?.want_write()?;
    union.with_creds(|| -> Result {
        let parent = old.parent();
        let object = Object {
            listed_in: parent.inode(),
            ..Object::new(inode)
        };
        let name = new.name();
        let mut names = ViewChange::begin(dir);
        change::link(
            &mut UpperStore::new(union, &write),
            object,
            Place { dir, name },
            ToMake {
                mode: inode.mode(),
                object: NewObject::Link(upper),
            },
        )?;
        names.object(name, inode);
        names.end();
        settle::changed_dir(union, &write, dir);
        Ok(())
    })?;
    settle::refresh(inode);
    settle::nlink(inode);
    new.d_instantiate(inode.into());
    Ok(())
}

/// The credentials for creating an object: the mounter's, with the owner and label that the
/// caller's would give it.
pub fn creator(
    dentry: &Child<'_>,
    mode: u16,
    inode: &Inode,
    caller: &Credential,
) -> Result<ARef<Credential>> {
    let mut cred = NewCred::prepare()?;
    cred.set_fs_owner(inode);
    cred.create_files_as(dentry, mode, caller)?;
    Ok(cred.finish())
}
