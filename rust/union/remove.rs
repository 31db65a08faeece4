// SPDX-License-Identifier: GPL-2.0-only

//! Removing names: unlink and rmdir.

use super::{
    copy_up,
    create::{expect_same, refused, update_dir, update_nlink},
    fs::Union,
    known::{self, Change, Freshness, Listing},
    lookup, reserved,
    stage::{self, Staged},
    Child, Inode,
};
use crate::{
    logic::{
        entry::Kind,
        mutate::{self, Below, RemovePlan, Upper},
    },
    vfs::{
        dentry::Dentry, namei::Removing, printk::pr_warn_ratelimited, stack, task_work,
        types::Name, write::WriteAccess,
    },
};
use kernel::prelude::*;

/// `->unlink()` and `->rmdir()`.
pub fn remove(dir: &Inode, dentry: Child<'_>) -> Result {
    let union = dir.sb().data();
    let inode = dentry.inode().ok_or(ENOENT)?;
    let node = inode.data();
    let kind = Kind::from_mode(u32::from(inode.mode())).ok_or(EIO)?;
    let name = dentry.name();

    let listing = match kind {
        Kind::Directory => Some(known::listing(inode, Freshness::Checked)?),
        _ => None,
    };
    if listing.as_ref().is_some_and(|l| !l.is_empty()) {
        return Err(crate::vfs::errno::ENOTEMPTY);
    }
    copy_up::up(dentry.stable_parent())?;
    let updir = dir.data().upper().ok_or(EROFS)?;

    let _lock = node.lock.lock()?;
    let creds = union.creds();
    let upper = if node.upper().is_some() {
        Upper::Object(kind)
    } else {
        Upper::Nothing
    };
    let below = below(union, dir, node.upper().is_some(), name)?;
    // After the lookups: a lower layer may be a union that wants to write where this one does.
    let write = WriteAccess::want(union.upper_mnt()?)?;
    let has_whiteouts = listing
        .as_ref()
        .is_some_and(|l| l.whiteouts().next().is_some());
    let plan = mutate::remove(kind, upper, below, true, has_whiteouts).map_err(refused)?;

    let mut change = Change::begin(dir);
    match plan {
        RemovePlan::Unlink | RemovePlan::Rmdir | RemovePlan::ClearThenRmdir => {
            if let (RemovePlan::ClearThenRmdir, Some(listing)) = (plan, &listing) {
                known::forget(node);
                clear(union, &write, node.upper().ok_or(EIO)?, listing)?;
            }
            let removing = Removing::start(&write, updir, name)?;
            expect_same(node, removing.dentry())?;
            removing.remove()?;
            change.nothing(name);
        }
        RemovePlan::WhiteoutInPlace => {
            stage::whiteout(union, &write, updir, name)?;
            change.whiteout(name);
        }
        RemovePlan::WhiteoutOver => {
            whiteout_link(union, &write)?.publish(updir, name, |d| expect_same(node, d))?;
            change.whiteout(name);
        }
        RemovePlan::WhiteoutOverThenClear => {
            let mut staged = whiteout_link(union, &write)?;
            staged.exchange(updir, name, |d| expect_same(node, d))?;
            change.whiteout(name);
            // The directory is in the work directory now, out of sight. What cannot be removed
            // there is left for the next mount.
            if let Some(listing) = &listing {
                if let Err(e) = clear(union, &write, staged.dentry()?, listing) {
                    pr_warn_ratelimited!("cannot empty a removed directory: {:?}\n", e);
                }
            }
        }
    }
    if node.upper().is_none() {
        node.set_gone();
    }
    if kind.is_directory() {
        inode.clear_nlink();
    } else {
        update_nlink(inode);
    }
    reserved::release(union, &write, inode);
    change.end();
    copy_up::unmark_impure(union, &write, dir);
    update_dir(union, dir)?;
    if let Some(real) = node.upper().and_then(|d| d.inode()) {
        stack::copy_attr(inode, union.upper_mnt()?, real);
    }
    drop(creds);
    Ok(())
}

/// Whether something shows at `name` if the top's object there goes away.
pub fn below(union: &Union, dir: &Inode, in_top: bool, name: Name<'_>) -> Result<Below> {
    let something = if in_top {
        match lookup::lower_positive(union, dir.data(), name) {
            // What cannot be looked at is to stay hidden.
            Err(e) if e != ENOMEM => {
                task_work::go_on()?;
                true
            }
            known => known?,
        }
    } else {
        // It is shown, and not from the top.
        true
    };
    Ok(if something {
        Below::Something
    } else {
        Below::Nothing
    })
}

/// A whiteout in the work directory: a link to the shared one where that is possible.
fn whiteout_link<'a>(union: &'a Union, write: &'a WriteAccess<'a>) -> Result<Staged<'a>> {
    let shared = union.upper()?.whiteout.lock().clone();
    if let Some(shared) = shared {
        let link = crate::vfs::namei::NewObject::Link(&shared);
        if let Ok(staged) = Staged::make(union, write, 0, link) {
            return Ok(staged);
        }
    }
    stage::make_whiteout(union, write)
}

/// Deletes the whiteouts of `listing` from the directory `dir` of the top layer.
///
/// # Errors
///
/// `ENOTEMPTY` for a directory that has the name of a whiteout, and something in it; those of the
/// file system.
pub fn clear(union: &Union, write: &WriteAccess<'_>, dir: &Dentry, listing: &Listing) -> Result {
    for name in listing.whiteouts() {
        task_work::go_on()?;
        let name = Name::new(name)?;
        let removed = match union.is_reserved(name) {
            true => Removing::start(write, dir, name).and_then(Removing::remove),
            false => stage::fallthru(write, dir, name),
        };
        match removed {
            Err(e) if e == ENOENT => {}
            other => other?,
        }
    }
    Ok(())
}
