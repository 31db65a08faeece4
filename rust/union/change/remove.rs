// SPDX-License-Identifier: GPL-2.0-only

//! Removing names: unlink and rmdir.

use crate::{
    logic::change::{self, Holds, Shown, Vacated, Victim},
    union::{
        change::{
            copy_up, part, settle,
            store::{Object, Place, UpperStore},
        },
        listing::dir_cache::{self, Freshness, Listing, ViewChange},
        lookup::by_name,
        Child, OwnInode,
    },
};
use kernel::prelude::*;

/// `->unlink()` and `->rmdir()`.
///
/// # Errors
///
/// `ENOTEMPTY`; those of copy-up and of the upper layer's file system.
pub fn remove(dir: &OwnInode, dentry: Child<'_>) -> Result {
    let union = dir.sb().data();
    let inode = dentry.inode().ok_or(ENOENT)?;
    let node = inode.data();
    let place = Place {
        dir,
        name: dentry.name(),
    };

    let listing = match inode.is_dir() {
        true => Some(dir_cache::listing(inode, Freshness::Checked)?),
        false => None,
    };
    let shown = shown(inode, listing.as_ref());
    shown.check_removable()?;
    copy_up::up(dentry.stable_parent())?;

    let _lock = node.lock.lock()?;
    union.with_creds(|| {
        let object = Object {
            listing: listing.as_ref(),
            ..Object::new(inode)
        };
        let victim = Victim {
            shown,
            upper: node.upper().map(|_| object),
            below: by_name::below(union, dir, inode, place.name)?,
        };
        // After the lookups: a lower layer may be a union that writes to the same file system.
        let write = union.upper()?.want_write()?;

        let mut names = ViewChange::begin(dir);
        let left = change::remove(&mut UpperStore::new(union, &write), place, victim)?;
        match left {
            Vacated::Nothing => names.nothing(place.name),
            Vacated::Whiteout | Vacated::Exchanged => names.whiteout(place.name),
        }
        names.end();
        settle::removed(union, &write, inode);
        settle::changed_dir(union, &write, dir);
        settle::refresh(inode);
        drop(write);
        part::removed(union, inode);
        Ok(())
    })
}

/// The object that the union shows with an inode. `listing`: its contents, if it is a directory and
/// they matter.
pub fn shown(inode: &OwnInode, listing: Option<&Listing>) -> Shown {
    if !inode.is_dir() {
        return Shown::Leaf;
    }
    Shown::Directory {
        merged: !inode.data().lowers().is_empty(),
        holds: match listing {
            Some(listing) if listing.is_empty() => match listing.whiteouts().next() {
                Some(_) => Holds::Whiteouts,
                None => Holds::Nothing,
            },
            _ => Holds::Names,
        },
    }
}
