// SPDX-License-Identifier: GPL-2.0-only

//! Rename: carries out [`crate::logic::rename`].

use super::{
    copy_up,
    create::{expect_same, refused, update_dir, update_nlink, upper_state},
    fs::Union,
    known::{self, Change, Freshness, Listing},
    layer, lookup,
    remove::clear,
    reserved, stage, Child, Inode,
};
use crate::{
    logic::{
        codec::Attr,
        entry::Kind,
        mutate::{Below, Upper},
        rename::{self, ClearTarget, RenameMode, Side, VfsRename},
        value,
    },
    vfs::{
        attr::{statx::STATX_BASIC_STATS, Kstat},
        dentry::Dentry,
        errno::ESTALE,
        inode_ops::RenameRequest,
        mount::Mount,
        namei::{self, RenameFlags, Renaming},
        printk::pr_warn_ratelimited,
        stack,
        write::WriteAccess,
    },
};
use kernel::prelude::*;

/// `->rename()`.
///
/// # Errors
///
/// `EINVAL` for a whiteout that is asked for: the union would not show it, and who asks (a union or
/// overlayfs above, fuse-overlayfs) would take the name for hidden that it is not. Otherwise those of
/// the plan (`EXDEV`, `ENOTEMPTY` ...), of copy-up and of the top's file system.
pub fn rename(
    old_dir: &Inode,
    old: Child<'_>,
    new_dir: &Inode,
    new: Child<'_>,
    request: RenameRequest,
) -> Result {
    let union = old_dir.sb().data();
    union.check_new_name(new.name())?;
    let mode = match request {
        RenameRequest::Replace => RenameMode::Replace,
        RenameRequest::NoReplace => RenameMode::NoReplace,
        RenameRequest::Exchange => RenameMode::Exchange,
        RenameRequest::Whiteout => return Err(EINVAL),
    };
    let replaced = match new.inode() {
        Some(inode) if inode.is_dir() && mode != RenameMode::Exchange => {
            Some(known::listing(inode, Freshness::Checked)?)
        }
        _ => None,
    };
    let plan = {
        let _creds = union.creds();
        let old_side = side(union, old_dir, old, None)?;
        let new_side = side(union, new_dir, new, replaced.as_ref())?;
        rename::rename(old_side, new_side, mode).map_err(refused)?
    };

    // After the refusals: nothing is copied up by a call that fails.
    copy_up::up(old.dentry())?;
    copy_up::up(new.stable_parent())?;
    if plan.copy_up_new {
        copy_up::up(new.dentry())?;
    }

    let old_inode = old.inode().ok_or(ENOENT)?;
    let new_inode = new.inode();
    let old_up = old_dir.data().upper().ok_or(EROFS)?;
    let new_up = new_dir.data().upper().ok_or(EROFS)?;
    // A replaced lower object must not be copied up at its name any more.
    let victim = new_inode.filter(|_| mode != RenameMode::Exchange);
    let _victim_lock = match victim {
        Some(inode) => Some(inode.data().lock.lock()?),
        None => None,
    };
    let write = WriteAccess::want(union.upper_mnt()?)?;
    let _creds = union.creds();

    let same_dir = core::ptr::eq(old_dir, new_dir);
    // Before anything of what they list becomes another number.
    let mut old_names = Change::begin(old_dir);
    let mut new_names = (!same_dir).then(|| Change::begin(new_dir));
    reserved::reserve(union, &write, old_inode, None)?;
    if let (RenameMode::Exchange, Some(inode)) = (mode, new_inode) {
        reserved::reserve(union, &write, inode, None)?;
    }
    if !same_dir {
        if old_inode.data().has_recorded_ino() {
            copy_up::mark_impure(union, new_dir)?;
        }
        if let (RenameMode::Exchange, Some(inode)) = (mode, new_inode) {
            if inode.data().has_recorded_ino() {
                copy_up::mark_impure(union, old_dir)?;
            }
        }
    }
    let opaque = |inode: &Inode| {
        let upper = inode.data().upper().ok_or(EROFS)?;
        layer::set_mark(union, upper, Attr::Opaque, value::OPAQUE_YES)
    };
    if plan.old_opaque {
        opaque(old_inode)?;
    }
    if let (true, Some(inode)) = (plan.new_opaque, new_inode) {
        opaque(inode)?;
    }
    if let (Some(inode), Some(listing)) = (victim, &replaced) {
        let upper = inode.data().upper();
        match (plan.clear_new, upper) {
            (ClearTarget::No, _) | (_, None) => {}
            (ClearTarget::Whiteouts, Some(upper)) => {
                known::forget(inode.data());
                clear(union, &write, upper, listing)?;
            }
            (ClearTarget::OpaqueThenWhiteouts, Some(upper)) => {
                opaque(inode)?;
                // Also if what follows fails: the whiteouts that hid what lies beneath are going.
                inode.data().seal();
                known::forget(inode.data());
                clear(union, &write, upper, listing)?;
            }
        }
    }

    let flags = match plan.vfs {
        VfsRename::Plain => RenameFlags::Plain,
        VfsRename::Exchange => RenameFlags::Exchange,
        VfsRename::Whiteout => RenameFlags::Whiteout,
    };
    let renaming = Renaming::start(&write, old_up, old.name(), new_up, new.name(), flags)?;
    expect_same(old_inode.data(), renaming.old_dentry())?;
    expect_target(new_inode, renaming.new_dentry())?;
    // The caller did not ask for an exchange, but for a move.
    let trade = flags == RenameFlags::Exchange && mode != RenameMode::Exchange;
    let before = if trade {
        Some(times(union.upper_mnt()?, renaming.old_dentry()))
    } else {
        None
    };
    renaming.rename()?;
    if let Some(before) = before {
        settle_times(union.upper_mnt()?, old_inode, &before, same_dir);
    }

    match (plan.vfs, mode, new_inode) {
        (VfsRename::Plain, ..) => old_names.nothing(old.name()),
        (VfsRename::Exchange, RenameMode::Exchange, Some(inode)) => {
            old_names.object(old.name(), inode);
        }
        (VfsRename::Exchange | VfsRename::Whiteout, ..) => old_names.whiteout(old.name()),
    }
    new_names
        .as_mut()
        .unwrap_or(&mut old_names)
        .object(new.name(), old_inode);

    if plan.remove_old_whiteout_after {
        // The exchange has put the whiteout where nothing needs hiding. If it cannot be removed it
        // does no harm.
        match stage::fallthru(&write, old_up, old.name()) {
            Ok(()) => old_names.nothing(old.name()),
            Err(e) => {
                pr_warn_ratelimited!("cannot remove a whiteout that hides nothing: {:?}\n", e)
            }
        }
    }
    old_names.end();
    if let Some(names) = new_names {
        names.end();
    }
    if let Some(inode) = victim {
        if inode.data().upper().is_none() {
            inode.data().set_gone();
        }
        if inode.is_dir() {
            inode.clear_nlink();
        } else {
            update_nlink(inode);
        }
        reserved::release(union, &write, inode);
    }
    copy_up::unmark_impure(union, &write, old_dir);
    copy_up::unmark_impure(union, &write, new_dir);
    update_dir(union, old_dir)?;
    update_dir(union, new_dir)?;
    for inode in [Some(old_inode), new_inode].into_iter().flatten() {
        if let Some(real) = inode.data().upper().and_then(|d| d.inode()) {
            stack::copy_attr(inode, union.upper_mnt()?, real);
        }
    }
    Ok(())
}

/// What stands at one of the two names.
fn side(union: &Union, dir: &Inode, child: Child<'_>, listing: Option<&Listing>) -> Result<Side> {
    let name = child.name();
    let Some(inode) = child.inode() else {
        let known = known::is_whiteout(union, dir.data(), name);
        let upper = match (dir.data().upper(), known) {
            (None, _) | (_, Some(false)) => Upper::Nothing,
            (_, Some(true)) => Upper::Whiteout,
            (Some(updir), None) => upper_state(&*namei::lookup_one_unlocked(
                union.upper_mnt()?,
                updir,
                name,
            )?)?,
        };
        let below = match upper {
            Upper::Whiteout if !dir.data().lowers().is_empty() => Below::Something,
            _ => Below::Nothing,
        };
        return Ok(Side::absent(upper, below));
    };
    let node = inode.data();
    let kind = Kind::from_mode(u32::from(inode.mode())).ok_or(EIO)?;
    let in_top = node.upper().is_some();
    let below = if in_top {
        if lookup::lower_positive(union, dir.data(), name)? {
            Below::Something
        } else {
            Below::Nothing
        }
    } else {
        Below::Something
    };
    Ok(Side {
        kind: Some(kind),
        upper: if in_top {
            Upper::Object(kind)
        } else {
            Upper::Nothing
        },
        below,
        merged: kind.is_directory() && !node.lowers().is_empty(),
        empty: listing.is_some_and(|l| l.is_empty()),
        holds_whiteouts: listing.is_some_and(|l| l.whiteouts().next().is_some()),
    })
}

/// The target in the top must be what the plan was made for.
fn expect_target(inode: Option<&Inode>, dentry: &Dentry) -> Result {
    match inode {
        Some(inode) if inode.data().upper().is_some() => expect_same(inode.data(), dentry),
        _ => match upper_state(dentry)? {
            Upper::Nothing | Upper::Whiteout => Ok(()),
            Upper::Object(_) => Err(ESTALE),
        },
    }
}

/// Times of an object of the top layer.
fn times(mnt: &Mount, dentry: &Dentry) -> Kstat {
    let mut stat = Kstat::empty();
    if let Some(inode) = dentry.inode() {
        stat.fill_from(mnt.idmap(), STATX_BASIC_STATS, inode);
    }
    stat
}

/// Gives an object that traded places with a whiteout the times of one that was moved.
///
/// A move changes the change time; and as that is logged with the object, an fsync of the object
/// brings the move to the disk. xfs does neither for an object that trades places, unless it is a
/// directory with a new parent; and that one it marks as modified, for its `..`
/// (`xfs_dir_exchange_children()`).
fn settle_times(mnt: &Mount, inode: &Inode, before: &Kstat, same_dir: bool) {
    let Some(upper) = inode.data().upper() else {
        return;
    };
    let now = times(mnt, upper);
    // The VFS holds the lock of a directory that has a new parent, and only then: nothing else
    // changed the modification time in between.
    let given = if inode.is_dir() && !same_dir && !now.same_mtime(before) {
        layer::set_times(mnt, upper, before)
    } else if now.same_ctime(before) {
        layer::mark_changed(mnt, upper)
    } else {
        Ok(())
    };
    // The rename has been done.
    if let Err(e) = given {
        pr_warn_ratelimited!("cannot set the times of a moved object: {:?}\n", e);
    }
}
