// SPDX-License-Identifier: GPL-2.0-only

//! Making names: create, mkdir, mknod, symlink, link, and unnamed files.

use super::{
    copy_up,
    file::UnionFile,
    fs::{Union, UnionFs},
    known::Change,
    layer,
    node::{self, Node},
    reserved,
    stage::Staged,
    Child, DEntry, Inode,
};
use crate::{
    logic::{
        codec::Attr,
        entry::Kind,
        mutate::{self, Below, CreatePlan, Upper},
        value,
    },
    vfs::{
        acl::Inherited,
        attr::Iattr,
        cred::{NewCred, OverrideCreds},
        dentry::Dentry,
        errno::{ENOTEMPTY, ESTALE},
        inode::Inode as AnyInode,
        namei::{Creating, NewObject},
        stack,
        tmpfile::Tmpfile,
        types::Name,
        write::WriteAccess,
    },
};
use kernel::{cred::Credential, prelude::*, sync::aref::ARef};

/// Makes an object of `mode` (type included) at `dentry` for the caller.
pub fn object(dir: &Inode, dentry: Child<'_>, mode: u16, object: NewObject<'_>) -> Result {
    let sb = dir.sb();
    let union = sb.data();
    union.check_new_name(dentry.name())?;
    let parent = dentry.stable_parent();
    copy_up::up(parent)?;
    let updir = dir.data().upper().ok_or(EROFS)?;
    let write = WriteAccess::want(union.upper_mnt()?)?;

    let mut new = sb.new_inode()?;
    new.init_owner(dir, mode);
    let mode = new.as_inode().mode();

    let creds = union.creds();
    let creator = creator(&dentry, mode, new.as_inode(), creds.caller())?;
    let mut change = Change::begin(dir);
    let made = {
        let _creator = OverrideCreds::new(&creator);
        make(union, &write, dir, updir, dentry.name(), mode, object)?
    };
    let complete = || {
        update_dir(union, dir)?;
        node::init_created(sb, new, made)
    };
    // It exists, so the name must not stay known as free.
    let inode = complete().inspect_err(|_| dentry.d_drop())?;
    change.object(dentry.name(), &inode);
    change.end();
    copy_up::unmark_impure(union, &write, dir);
    dentry.d_instantiate(inode);
    Ok(())
}

/// Gives an object of the union another name.
pub fn link(old: &DEntry, dir: &Inode, new: Child<'_>) -> Result {
    let union = dir.sb().data();
    union.check_new_name(new.name())?;
    copy_up::up(old)?;
    copy_up::up(new.stable_parent())?;
    let inode = old.inode().ok_or(ENOENT)?;
    let node = inode.data();
    let upper = node.upper().ok_or(EROFS)?;
    let updir = dir.data().upper().ok_or(EROFS)?;
    let write = WriteAccess::want(union.upper_mnt()?)?;
    {
        let _creds = union.creds();
        let parent = old.parent();
        let old_dir = parent.inode().ok_or(ENOENT)?.data();
        reserved::reserve(union, &write, inode, Some(old_dir))?;
        if node.has_recorded_ino() {
            copy_up::mark_impure(union, dir)?;
        }
        let mut change = Change::begin(dir);
        make(
            union,
            &write,
            dir,
            updir,
            new.name(),
            inode.mode(),
            NewObject::Link(upper),
        )?;
        change.object(new.name(), inode);
        change.end();
        copy_up::unmark_impure(union, &write, dir);
        update_dir(union, dir)?;
    }
    if let Some(real) = upper.inode() {
        stack::copy_attr(inode, union.upper_mnt()?, real);
    }
    update_nlink(inode);
    new.d_instantiate(inode.into());
    Ok(())
}

/// Makes and opens a file without a name.
pub fn tmpfile(dir: &Inode, file: Tmpfile<'_, UnionFs>, mode: u16) -> Result {
    let sb = dir.sb();
    let union = sb.data();
    copy_up::up(&file.dentry().parent())?;
    let updir = dir.data().upper().ok_or(EROFS)?;
    let write = WriteAccess::want(union.upper_mnt()?)?;
    let mut new = sb.new_inode()?;
    new.init_owner(dir, mode);
    let mode = new.as_inode().mode();
    let creds = union.creds();
    let creator = creator(file.dentry(), mode, new.as_inode(), creds.caller())?;
    let data = {
        let _creator = OverrideCreds::new(&creator);
        UnionFile::tmpfile(
            file.as_open::<super::attr::UnionInode>(),
            union.upper_path(updir)?,
            mode,
        )?
    };
    let inode = node::init_created(sb, new, data.upper_dentry().into())?;
    drop(write);
    file.finish::<super::attr::UnionInode>(inode, data)
}

/// The credentials a new object is made under: the mounter's, with the owner and the label the
/// caller would give it.
fn creator(
    dentry: &Dentry,
    mode: u16,
    inode: &AnyInode,
    caller: &Credential,
) -> Result<ARef<Credential>> {
    let mut cred = NewCred::prepare()?;
    cred.set_fs_owner(inode);
    cred.create_files_as(dentry, mode, caller)?;
    Ok(cred.finish())
}

/// Makes the object in the top layer, over a whiteout if there is one.
fn make(
    union: &Union,
    write: &WriteAccess<'_>,
    dir: &Inode,
    updir: &Dentry,
    name: Name<'_>,
    mode: u16,
    object: NewObject<'_>,
) -> Result<ARef<Dentry>> {
    let creating = Creating::start(write, updir, name)?;
    let upper = upper_state(creating.dentry())?;
    let below = match upper {
        // Lookup found nothing, and nothing hides it.
        Upper::Nothing | Upper::Object(_) => Below::Nothing,
        Upper::Whiteout if dir.data().lowers().is_empty() => Below::Nothing,
        Upper::Whiteout => Below::Something,
    };
    let kind = Kind::from_mode(u32::from(mode)).ok_or(EPERM)?;
    // The VFS has a negative dentry: a name that is taken now was made behind our back.
    match mutate::create(kind, upper, below).map_err(|_| ESTALE)? {
        CreatePlan::Direct => creating.make(mode, object),
        CreatePlan::ReplaceWhiteout => {
            drop(creating);
            staged(union, write, dir, mode, object)?.publish(updir, name, expect_whiteout)
        }
        CreatePlan::ReplaceWhiteoutOpaque => {
            drop(creating);
            let mut staged = staged(union, write, dir, mode, object)?;
            layer::set_mark(union, staged.dentry()?, Attr::Opaque, value::OPAQUE_YES)?;
            // Afterwards the whiteout is the staged object and is removed.
            staged.exchange(updir, name, expect_whiteout)
        }
    }
}

/// Makes the object in the work directory as it would have been made in `dir`: with the ACLs it
/// inherits there, and the mode they or the umask leave.
fn staged<'a>(
    union: &'a Union,
    write: &'a WriteAccess<'a>,
    dir: &Inode,
    mode: u16,
    object: NewObject<'_>,
) -> Result<Staged<'a>> {
    if let NewObject::Link(_) = object {
        return Staged::make(union, write, mode, object);
    }
    let inherited = Inherited::new(dir, mode)?;
    let staged = Staged::make(union, write, inherited.mode, object)?;
    let dentry = staged.dentry()?;
    let inode = dentry.inode().ok_or(EIO)?;
    let mnt = union.upper_mnt()?;
    if !matches!(object, NewObject::Symlink(_)) && inode.mode() != inherited.mode {
        // The file system applied the umask, or set-group-id rules of the work directory.
        let lock = inode.lock();
        Iattr::empty()
            .mode(inherited.mode)
            .notify_change(mnt.idmap(), dentry, &lock)?;
    }
    if !inherited.is_empty() {
        inherited.apply(mnt, dentry)?;
    }
    Ok(staged)
}

/// What the top holds under a name, as far as the plans go.
pub fn upper_state(dentry: &Dentry) -> Result<Upper> {
    Ok(match dentry.inode() {
        None => Upper::Nothing,
        Some(inode) if inode.is_whiteout() => Upper::Whiteout,
        Some(inode) => Upper::Object(Kind::from_mode(u32::from(inode.mode())).ok_or(EIO)?),
    })
}

/// For publishing over a whiteout: something else there was made behind our back.
pub fn expect_whiteout(dentry: &Dentry) -> Result {
    match upper_state(dentry)? {
        Upper::Whiteout => Ok(()),
        _ => Err(ESTALE),
    }
}

/// Brings the link count of a file up to date after a name of it has come or gone. In the top it is
/// that of the real inode, so that names made there directly count, and a file that has a name left
/// is not taken for a removed one.
pub fn update_nlink(inode: &Inode) {
    match inode.data().upper().and_then(|d| d.inode()) {
        Some(real) => inode.set_nlink(real.nlink()),
        None => inode.drop_nlink(),
    }
}

/// Brings the attributes of a union directory up to date after a change in its top directory.
pub fn update_dir(union: &Union, dir: &Inode) -> Result {
    if let Some(real) = dir.data().upper().and_then(|d| d.inode()) {
        stack::copy_attr(dir, union.upper_mnt()?, real);
    }
    Ok(())
}

/// `ENOTEMPTY`, `ENOENT` and the rest, for a plan that was refused.
pub fn refused(refusal: mutate::Refusal) -> Error {
    match refusal {
        mutate::Refusal::Exists => EEXIST,
        mutate::Refusal::NotFound => ENOENT,
        mutate::Refusal::NotEmpty => ENOTEMPTY,
        mutate::Refusal::NotADirectory => ENOTDIR,
        mutate::Refusal::IsADirectory => EISDIR,
        mutate::Refusal::CrossDevice => EXDEV,
    }
}

/// Whether the dentry in the top layer is the one the union inode stands on.
pub fn expect_same(node: &Node, dentry: &Dentry) -> Result {
    match (node.upper().and_then(|u| u.inode()), dentry.inode()) {
        (Some(ours), Some(theirs)) if ours.same(theirs) => Ok(()),
        _ => Err(ESTALE),
    }
}
