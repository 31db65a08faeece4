// SPDX-License-Identifier: GPL-2.0-only

//! The upper layer, as the operations of [`crate::logic::change`] change it.
//!
//! Each step is one operation of the VFS on the upper layer's file system, or on the work directory.
//! Objects in the making are in [`crate::union::change::stage`].

use crate::{
    logic::{
        change::{redirect::Change, Attempt, Expect, How, Leftover, Store, UpperEntry},
        codec::Attr,
        mode::Kind,
        value,
    },
    union::{
        change::{
            impure, inherit, redirect, reserve,
            stage::{self, Staged, ToMake},
        },
        layers::{layer::UpperWrite, private_xattrs, union::Union, upper_dentry::UpperDentry},
        listing::dir_cache::{self, Listing},
        OwnDentry, OwnInode,
    },
    vfs::{
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        dentry::Dentry,
        errno::ESTALE,
        namei::{Creating, Removing, RenameFlags, Renaming},
        path::PathRef,
        printk::pr_warn_ratelimited,
        task_work,
        types::Name,
        write::Changing,
    },
};
use kernel::prelude::*;

/// A name in a directory that is in the upper layer, and locked exclusively.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The directory.
    pub dir: &'a OwnInode,
    /// The name.
    pub name: Name<'a>,
}

impl<'a> Place<'a> {
    /// The directory in the upper layer.
    fn upper_dir(self) -> Result<&'a UpperDentry> {
        self.dir.data().upper().ok_or(EROFS)
    }
}

/// An object that the union shows.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    /// Its inode.
    pub inode: &'a OwnInode,
    /// Of an object that is moved: its name.
    pub dentry: Option<&'a OwnDentry>,
    /// Of a directory that is removed or replaced: what it holds.
    pub listing: Option<&'a Listing>,
    /// A directory that lists it, if no change of that is under way.
    pub listed_in: Option<&'a OwnInode>,
}

impl<'a> Object<'a> {
    /// An object whose directory is being changed.
    pub fn new(inode: &'a OwnInode) -> Self {
        Self {
            inode,
            dentry: None,
            listing: None,
            listed_in: None,
        }
    }

    /// The object in the upper layer.
    fn upper(self) -> Result<&'a UpperDentry> {
        self.inode.data().upper().ok_or(EROFS)
    }

    fn is(self, dentry: &Dentry) -> bool {
        match (self.upper().ok().and_then(|u| u.inode()), dentry.inode()) {
            (Some(ours), Some(there)) => ours.same(there),
            _ => false,
        }
    }
}

/// The times of an object before it was exchanged.
pub struct OldTimes {
    before: Kstat,
    same_dir: bool,
}

/// The upper layer of a union, with write access to it. With the mounter's credentials.
pub struct UpperStore<'a> {
    union: &'a Union,
    write: &'a UpperWrite<'a>,
}

impl<'a> UpperStore<'a> {
    /// The upper layer of `union`.
    pub fn new(union: &'a Union, write: &'a UpperWrite<'a>) -> Self {
        Self { union, write }
    }

    /// The directory of a name.
    fn dir(&self, place: Place<'a>) -> Result<Changing<'a>> {
        self.write.on(place.upper_dir()?)
    }

    /// An object of the union.
    fn on(&self, object: Object<'a>) -> Result<Changing<'a>> {
        self.write.on(object.upper()?)
    }
}

impl<'a> Store for UpperStore<'a> {
    type Error = Error;
    type Place = Place<'a>;
    type Object = Object<'a>;
    type New = ToMake<'a>;
    type Made = UpperDentry;
    type Staged = Staged<'a>;
    type OldTimes = Option<OldTimes>;

    fn make(&mut self, place: Place<'a>, new: ToMake<'a>) -> Result<Attempt<UpperDentry>> {
        let creating = Creating::start(self.dir(place)?, place.name)?;
        Ok(match upper_entry(creating.dentry())? {
            UpperEntry::Nothing => {
                Attempt::Made(UpperDentry::new(creating.make(new.mode, new.object)?))
            }
            taken => Attempt::Taken(taken),
        })
    }

    fn stage(&mut self, place: Place<'a>, new: ToMake<'a>) -> Result<Staged<'a>> {
        inherit::stage(self.write, place.dir, new)
    }

    fn stage_whiteout(&mut self) -> Result<Staged<'a>> {
        stage::whiteout_link(self.write)
    }

    fn set_staged_opaque(&mut self, staged: &Staged<'a>) -> Result {
        private_xattrs::set(
            self.union,
            staged.object()?,
            Attr::Opaque,
            value::OPAQUE_YES,
        )
    }

    fn publish(
        &mut self,
        staged: Staged<'a>,
        place: Place<'a>,
        over: Expect<Object<'a>>,
    ) -> Result<UpperDentry> {
        staged.publish(place.upper_dir()?, place.name, |there| expect(over, there))
    }

    fn publish_exchange(
        &mut self,
        staged: Staged<'a>,
        place: Place<'a>,
        with: Expect<Object<'a>>,
    ) -> Result<(UpperDentry, Staged<'a>)> {
        staged.exchange(place.upper_dir()?, place.name, |there| expect(with, there))
    }

    fn remove(&mut self, place: Place<'a>, object: Object<'a>) -> Result {
        let removing = Removing::start(self.dir(place)?, place.name)?;
        expect(Expect::Object(object), removing.dentry())?;
        removing.remove()
    }

    fn make_whiteout(&mut self, place: Place<'a>) -> Result {
        stage::whiteout(self.write, self.dir(place)?, place.name)
    }

    fn remove_whiteout(&mut self, place: Place<'a>) -> Result {
        stage::fallthru(self.dir(place)?, place.name)
    }

    fn clear(&mut self, dir: Object<'a>) -> Result {
        let listing = dir.listing.ok_or(EIO)?;
        dir_cache::forget(dir.inode.data());
        clear(self.union, self.on(dir)?, listing)
    }

    fn clear_staged(&mut self, staged: &Staged<'a>, dir: Object<'a>) -> Result {
        let listing = dir.listing.ok_or(EIO)?;
        clear(self.union, staged.object()?, listing)
    }

    fn set_opaque(&mut self, dir: Object<'a>) -> Result {
        private_xattrs::set(self.union, self.on(dir)?, Attr::Opaque, value::OPAQUE_YES)
    }

    fn set_redirect(&mut self, dir: Object<'a>, change: Change) -> Result {
        let dentry = dir.dentry.ok_or(EIO)?;
        redirect::of_directory(self.union, self.on(dir)?, dentry, change)
    }

    fn forget_lower_parts(&mut self, dir: Object<'a>) {
        dir.inode.data().forget_lowers();
    }

    fn set_impure(&mut self, place: Place<'a>) -> Result {
        impure::mark(self.union, self.write, place.dir)
    }

    fn has_lower_number(&self, object: Object<'a>) -> bool {
        object.inode.data().has_recorded_ino()
    }

    fn reserve_number(&mut self, object: Object<'a>) -> Result {
        if let Some(dentry) = object.dentry.filter(|_| object.inode.is_dir()) {
            reserve::reserve_parts(self.union, self.write, dentry)?;
        }
        let listed_in = object.listed_in.map(|dir| dir.data());
        reserve::reserve(self.union, self.write, object.inode, listed_in)
    }

    fn same_directory(&self, one: Place<'a>, other: Place<'a>) -> bool {
        core::ptr::eq(one.dir, other.dir)
    }

    fn rename(
        &mut self,
        old: (Place<'a>, Object<'a>),
        new: (Place<'a>, Expect<Object<'a>>),
        how: How,
    ) -> Result<Option<OldTimes>> {
        let ((old, object), (new, target)) = (old, new);
        let flags = match how {
            How::Replace => RenameFlags::Plain,
            How::Exchange => RenameFlags::Exchange,
            How::LeaveWhiteout => RenameFlags::Whiteout,
        };
        let (old_dir, new_dir) = (self.dir(old)?, self.dir(new)?);
        let renaming = Renaming::start(old_dir, old.name, new_dir, new.name, flags)?;
        expect(Expect::Object(object), renaming.old_dentry())?;
        expect(target, renaming.new_dentry())?;
        let times = match target {
            Expect::Whiteout => Some(OldTimes {
                before: times(old_dir.at(renaming.old_dentry())?),
                same_dir: self.same_directory(old, new),
            }),
            Expect::NoObject | Expect::Object(_) => None,
        };
        renaming.rename()?;
        Ok(times)
    }

    /// A move changes the change time. As that is logged with the object, an fsync of the object
    /// also writes the move to the disk. xfs does neither for an exchanged object, unless it is a
    /// directory with a new parent, which it marks as modified because of its `..`
    /// (`xfs_dir_exchange_children()`).
    fn restore_times(&mut self, object: Object<'a>, before: Option<OldTimes>) -> Result {
        let Some(OldTimes { before, same_dir }) = before else {
            return Ok(());
        };
        let upper = self.on(object)?;
        let now = times(*upper);
        // The VFS holds the lock of a directory only if it gets a new parent; then nothing else has
        // changed the modification time meanwhile.
        if object.inode.is_dir() && !same_dir && !now.same_mtime(&before) {
            Iattr::empty().times_of(&before).notify_change(upper)
        } else if now.same_ctime(&before) {
            Iattr::empty().changed().notify_change(upper)
        } else {
            Ok(())
        }
    }

    fn tolerate(&mut self, left: Leftover, why: Error) {
        let what = match left {
            Leftover::Whiteout => "remove a whiteout that hides nothing",
            Leftover::Directory => "empty a removed directory",
            Leftover::Times => "set the times of a moved object",
        };
        pr_warn_ratelimited!("cannot {}: {:?}\n", what, why);
    }
}

/// What the upper layer holds under a name.
pub fn upper_entry(dentry: &Dentry) -> Result<UpperEntry> {
    Ok(match dentry.inode() {
        None => UpperEntry::Nothing,
        Some(inode) if inode.is_whiteout() => UpperEntry::Whiteout,
        Some(inode) => UpperEntry::Object(Kind::from_mode(inode.mode()).ok_or(EIO)?),
    })
}

/// `ESTALE` if something else is there.
fn expect(expected: Expect<Object<'_>>, there: &Dentry) -> Result {
    let is_so = match expected {
        Expect::Whiteout => upper_entry(there)? == UpperEntry::Whiteout,
        Expect::NoObject => !matches!(upper_entry(there)?, UpperEntry::Object(_)),
        Expect::Object(object) => object.is(there),
    };
    match is_so {
        true => Ok(()),
        false => Err(ESTALE),
    }
}

/// Deletes the whiteouts of `listing` from the directory `dir` of the upper layer.
///
/// # Errors
///
/// `ENOTEMPTY` for a directory that has the name of a whiteout, and something in it; those of the
/// file system.
fn clear(union: &Union, dir: Changing<'_>, listing: &Listing) -> Result {
    for name in listing.whiteouts() {
        task_work::go_on()?;
        let name = Name::new(name)?;
        let removed = match union.is_reserved(name) {
            true => Removing::start(dir, name).and_then(Removing::remove),
            false => stage::fallthru(dir, name),
        };
        match removed {
            Err(e) if e == ENOENT => {}
            other => other?,
        }
    }
    Ok(())
}

/// The times of an object, as its inode has them.
fn times(path: PathRef<'_>) -> Kstat {
    let mut stat = Kstat::empty();
    if let Some(inode) = path.dentry().inode() {
        stat.fill_from(path.mnt().idmap(), STATX_BASIC_STATS, inode);
    }
    stat
}
