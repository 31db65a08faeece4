// SPDX-License-Identifier: GPL-2.0-only

//! Rename: carries out [`crate::logic::change::rename()`].

use crate::{
    logic::{
        change::{
            self, redirect::Change, Below, Move, RenameMode, RenamePlan, Shown, Side, UpperEntry,
            Vacated,
        },
        mode::Kind,
    },
    union::{
        change::{
            copy_up, part, redirect,
            remove::shown,
            settle,
            store::{upper_entry, Object, Place, UpperStore},
        },
        layers::union::Union,
        listing::dir_cache::{self, Freshness, Listing, ViewChange},
        lookup::by_name,
        Child, OwnDentry, OwnInode,
    },
    vfs::{inode_ops::RenameRequest, namei},
};
use kernel::prelude::*;

/// One of the two names, and what the union shows there.
#[derive(Clone, Copy)]
struct End<'a> {
    place: Place<'a>,
    dentry: &'a OwnDentry,
    inode: Option<&'a OwnInode>,
}

impl<'a> End<'a> {
    fn new(dir: &'a OwnInode, child: &'a Child<'_>) -> Self {
        Self {
            place: Place {
                dir,
                name: child.name(),
            },
            dentry: child.dentry(),
            inode: child.inode(),
        }
    }

    /// The object `inode` here.
    fn object(self, inode: &'a OwnInode) -> Object<'a> {
        Object {
            dentry: Some(self.dentry),
            ..Object::new(inode)
        }
    }
}

/// `->rename()`.
///
/// # Errors
///
/// `EINVAL` for `RENAME_WHITEOUT`: the union would not show the whiteout, so the caller (a union or
/// overlayfs above, fuse-overlayfs) would wrongly assume that the name is hidden. `EXDEV` for a directory
/// with lower parts if no redirect may be made, or none can be stored. Otherwise those of the check
/// (`ENOTEMPTY` ...), of copy-up and of the upper layer's file system.
pub fn rename(
    old_dir: &OwnInode,
    old: Child<'_>,
    new_dir: &OwnInode,
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
            Some(dir_cache::listing(inode, Freshness::Checked)?)
        }
        _ => None,
    };
    let change = match core::ptr::eq(old_dir, new_dir) {
        true => Change::RenameWithin,
        false => Change::RenameAway,
    };
    let plan = union.with_creds(|| {
        let old = side(union, End::new(old_dir, &old), change, None)?;
        let new = side(union, End::new(new_dir, &new), change, replaced.as_ref())?;
        Ok::<_, Error>(change::check_rename(old, new, mode)?)
    })?;
    if plan.needs_redirect() && !union.config.makes_redirects() {
        return Err(EXDEV);
    }
    copy_up(old, new, plan)?;
    redirect::prepare(old.dentry(), change)?;
    if plan.is_exchange() {
        redirect::prepare(new.dentry(), change)?;
    }
    let (old, new) = (End::new(old_dir, &old), End::new(new_dir, &new));
    execute(union, old, new, plan, replaced.as_ref())
}

/// Copies up what must be in the upper layer. After all refusals, so that a refused call copies
/// nothing.
fn copy_up(old: Child<'_>, new: Child<'_>, plan: RenamePlan) -> Result {
    copy_up::up(old.dentry())?;
    copy_up::up(new.stable_parent())?;
    match plan.copy_up_new {
        true => copy_up::up(new.dentry()),
        false => Ok(()),
    }
}

/// Renames in the upper layer, and updates the inodes of the union.
fn execute(
    union: &Union,
    old: End<'_>,
    new: End<'_>,
    plan: RenamePlan,
    replaced: Option<&Listing>,
) -> Result {
    let inode = old.inode.ok_or(ENOENT)?;
    // A replaced lower object must no longer be copied up at its name.
    let victim = new.inode.filter(|_| !plan.is_exchange());
    let _victim_lock = match victim {
        Some(inode) => Some(inode.data().lock.lock()?),
        None => None,
    };
    union.with_creds(|| {
        let write = union.upper()?.want_write()?;
        // Before the number of any listed entry changes.
        let views = Views::begin(old.place.dir, new.place.dir);
        let target = new.inode.filter(|inode| inode.data().upper().is_some());
        let names = Move {
            old: old.place,
            object: old.object(inode),
            new: new.place,
            target: target.map(|inode| Object {
                listing: replaced,
                ..new.object(inode)
            }),
        };
        let left = change::rename(&mut UpperStore::new(union, &write), plan, names)?;

        views.end(left, (old, inode), new);
        if let Some(inode) = victim {
            settle::removed(union, &write, inode);
        }
        settle::changed_dir(union, &write, old.place.dir);
        settle::changed_dir(union, &write, new.place.dir);
        for inode in [Some(inode), new.inode].into_iter().flatten() {
            settle::refresh(inode);
        }
        drop(write);
        if let Some(inode) = victim {
            part::removed(union, inode);
        }
        Ok(())
    })
}

/// The views of the directories, which follow the change of their names.
struct Views<'a> {
    old: ViewChange<'a>,
    /// If it is another directory.
    new: Option<ViewChange<'a>>,
}

impl<'a> Views<'a> {
    fn begin(old_dir: &'a OwnInode, new_dir: &'a OwnInode) -> Self {
        let same_dir = core::ptr::eq(old_dir, new_dir);
        Self {
            old: ViewChange::begin(old_dir),
            new: (!same_dir).then(|| ViewChange::begin(new_dir)),
        }
    }

    /// `left`: what the upper layer holds at the old name now.
    fn end(mut self, left: Vacated, (old, inode): (End<'_>, &OwnInode), new: End<'_>) {
        match (left, new.inode) {
            (Vacated::Exchanged, Some(other)) => self.old.object(old.place.name, other),
            (Vacated::Nothing, _) => self.old.nothing(old.place.name),
            (Vacated::Whiteout | Vacated::Exchanged, _) => self.old.whiteout(old.place.name),
        }
        let names = self.new.as_mut().unwrap_or(&mut self.old);
        names.object(new.place.name, inode);
        self.old.end();
        if let Some(names) = self.new {
            names.end();
        }
    }
}

/// The object at one of the two names.
fn side(union: &Union, end: End<'_>, change: Change, listing: Option<&Listing>) -> Result<Side> {
    let Place { dir, name } = end.place;
    let Some(inode) = end.inode else {
        let upper = upper_beneath(union, end.place)?;
        let hides = upper == UpperEntry::Whiteout && !dir.data().lowers().is_empty();
        return Ok(Side {
            shown: Shown::Nothing,
            upper,
            below: match hides {
                true => Below::Something,
                false => Below::Nothing,
            },
            is_astray: false,
        });
    };
    let kind = Kind::from_mode(inode.mode()).ok_or(EIO)?;
    Ok(Side {
        shown: shown(inode, listing),
        upper: match inode.data().upper() {
            Some(_) => UpperEntry::Object(kind),
            None => UpperEntry::Nothing,
        },
        below: by_name::below(union, dir, inode, name)?,
        is_astray: redirect::is_astray(union, inode, change)?,
    })
}

/// What the upper layer holds under a name that the union does not show.
fn upper_beneath(union: &Union, place: Place<'_>) -> Result<UpperEntry> {
    let node = place.dir.data();
    match (
        node.upper(),
        dir_cache::is_whiteout(union, node, place.name),
    ) {
        (None, _) | (_, Some(false)) => Ok(UpperEntry::Nothing),
        (_, Some(true)) => Ok(UpperEntry::Whiteout),
        (Some(dir), None) => {
            let dir = union.upper_path(dir)?;
            upper_entry(&*namei::lookup_one_unlocked(dir, place.name)?)
        }
    }
}
