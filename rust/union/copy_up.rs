// SPDX-License-Identifier: GPL-2.0-only

//! Copy-up: gives an object of the lower layers its place in the top layer.
//!
//! Opening a file, for writing too, copies nothing; the first change does. Ancestors come first, in
//! a loop from the root down. An object is completed under a temporary name or none, in the order
//! [`crate::logic::copy_up`] gives, and published by one link or rename: a crash at any point leaves
//! the lower object or the whole copy.
//!
//! The whole file is copied for now; [`copy_data`] is where a partial copy will say otherwise.

use super::{
    copy_data,
    create::update_dir,
    fs::Union,
    inum, known, layer,
    node::{Arrival, Node},
    stage::Staged,
    DEntry, Inode,
};
use crate::{
    logic::{
        codec::{self, Attr, Class},
        copy_up::{data_needed, keep_capabilities, mode_for_top, steps, Facts, Step},
        entry::Kind,
        value::{self, Protattr},
    },
    vfs::{
        acl::{Acl, AclType},
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        cred::{NewCred, OverrideCreds},
        dentry::Dentry,
        errno::{ENODATA, EOPNOTSUPP},
        file::{flags, BackedFile},
        fileattr::FileKattr,
        namei::{self, Creating, Link, NewObject},
        path::PathRef,
        stack, task_work,
        types::Name,
        write::WriteAccess,
        xattr,
    },
};
use kernel::{cred::Credential, prelude::*, sync::aref::ARef};

/// Makes sure that the object, and so its parents, exist in the top layer.
///
/// No lock of the union's but those of a directory operation may be held; no freeze protection.
///
/// # Errors
///
/// `EROFS` without a top layer; `EINTR` by a fatal signal; `EOVERFLOW` for an owner the top cannot
/// express; those of the file systems. Nothing is left behind then.
pub fn up(dentry: &DEntry) -> Result {
    up_with(dentry, None).map(drop)
}

/// As [`up`], with a change made to the copy before it is published: a truncation then copies only
/// what remains, and leaves the old file or the new one whatever happens. Returns whether the change
/// was made; it was not if the object was in the top layer already.
pub fn up_changed(dentry: &DEntry, change: &mut Iattr) -> Result<bool> {
    up_with(dentry, Some(change))
}

fn up_with(dentry: &DEntry, mut change: Option<&mut Iattr>) -> Result<bool> {
    loop {
        if dentry.inode().ok_or(ENOENT)?.data().upper().is_some() {
            return Ok(false);
        }
        // The topmost ancestor that is missing; the root of a union with a top never is.
        let mut next: ARef<DEntry> = dentry.into();
        loop {
            if next.is_root() {
                return Err(EROFS);
            }
            let parent = next.parent();
            if parent.inode().ok_or(ENOENT)?.data().upper().is_some() {
                if next.same(dentry) {
                    return one(&next, &parent, change.take());
                }
                one(&next, &parent, None)?;
                break;
            }
            next = parent;
        }
    }
}

/// Notes in a directory of the top layer that entries may carry recorded inode numbers. With the
/// mounter's credentials.
pub fn mark_impure(union: &Union, dir: &Inode) -> Result {
    let node = dir.data();
    // Before the mark: who takes it off looks here afterwards.
    node.set_impure();
    if node.is_marked_impure() {
        return Ok(());
    }
    put_impure_mark(union, node)
}

fn put_impure_mark(union: &Union, node: &Node) -> Result {
    let upper = node.upper().ok_or(EROFS)?;
    layer::set_mark(union, upper, Attr::Impure, b"y")?;
    node.set_marked_impure(true);
    Ok(())
}

/// Takes the mark off a directory in which a listing has found no such entry. For changes of the
/// directory: a listing writes nothing itself. With the mounter's credentials.
pub fn unmark_impure(union: &Union, _write: &WriteAccess<'_>, dir: &Inode) {
    let node = dir.data();
    if node.is_impure() || !node.is_marked_impure() {
        return;
    }
    let Some(upper) = node.upper() else { return };
    node.set_marked_impure(false);
    let unmarked = layer::remove_mark(union, upper, Attr::Impure);
    // A copy may have come in between, for which the mark is needed. If there is no memory for it,
    // that copy shows its own number in listings, and the recorded one otherwise.
    if unmarked.is_err() || node.is_impure() {
        // It may have marked the directory before the mark was taken off, and may say so only now: this is
        // not asked for.
        if put_impure_mark(union, node).is_err() {
            node.set_marked_impure(false);
        }
    }
}

/// One object whose parent exists in the top layer. Returns whether it was copied, and so changed.
fn one(dentry: &DEntry, parent: &DEntry, change: Option<&mut Iattr>) -> Result<bool> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let node = inode.data();
    let union = inode.sb().data();
    let _lock = node.lock.lock()?;
    if node.upper().is_some() {
        return Ok(false);
    }
    let _creds = union.creds();
    let lower = node.real_lower(union)?;
    let stat = Kstat::ask(lower, STATX_BASIC_STATS, 0)?;
    let named = lower
        .dentry()
        .inode()
        .is_some_and(|i| i.ids_are_valid(lower.mnt()));
    if !named || !stat.owner_has_mapping() {
        // An id the layer or the mounter's namespace cannot name must not become somebody's.
        return Err(EOVERFLOW);
    }
    let kind = Kind::from_mode(u32::from(stat.mode())).ok_or(EIO)?;
    if matches!(kind, Kind::CharDevice | Kind::BlockDevice) && lower.mnt().is_nodev() {
        // It is no device where it is, and is not to become one.
        return Err(EPERM);
    }
    let truncate_to = change
        .as_ref()
        .and_then(|c| c.new_size())
        .map(|n| n.max(0) as u64);
    let size = data_needed(stat.size().max(0) as u64, truncate_to);
    let size = if kind == Kind::Regular { size } else { 0 };
    let name = dentry.name_snapshot()?;
    Copy {
        union,
        dentry,
        inode,
        parent: parent.inode().ok_or(ENOENT)?,
        name: name.name(),
        lower,
        stat,
        kind,
        facts: Facts {
            data: size,
            fsync: union.config.fsync,
        },
        gone: node.is_gone(),
        change,
    }
    .run()?;
    Ok(true)
}

struct Copy<'a> {
    union: &'a Union,
    dentry: &'a DEntry,
    inode: &'a Inode,
    parent: &'a Inode,
    name: Name<'a>,
    lower: PathRef<'a>,
    stat: Kstat,
    kind: Kind,
    facts: Facts,
    /// The name was removed: the copy gets none.
    gone: bool,
    /// What is to be changed besides.
    change: Option<&'a mut Iattr>,
}

impl Copy<'_> {
    fn run(mut self) -> Result {
        let mode = mode_for_top(self.stat.mode(), self.lower.mnt().is_nosuid());
        let upper = match self.kind {
            Kind::Regular => self.regular(mode)?,
            _ => self.named(mode)?,
        };
        let renumbered = !self.inode.is_hashed();
        Node::set_upper(self.inode, upper)?;
        if renumbered {
            known::forget_view(self.parent.data());
        }
        update_dir(self.union, self.inode)?;
        if !self.gone {
            update_dir(self.union, self.parent)?;
        }
        Ok(())
    }

    /// A regular file: made without a name, linked into place.
    fn regular(&mut self, mode: u16) -> Result<ARef<Dentry>> {
        let mnt = self.union.upper_mnt()?;
        let workdir = PathRef::new(mnt, &self.union.upper()?.workdir);
        let made = {
            let write = WriteAccess::want(mnt)?;
            let cred = self.copy_up_cred()?;
            let _creds = cred.as_deref().map(OverrideCreds::new);
            namei::tmpfile(&write, workdir, self.kind.to_mode() as u16)
        };
        let file = match made {
            Err(e) if e == EOPNOTSUPP => return self.named(mode),
            other => other?,
        };
        self.data(&file)?;
        let write = WriteAccess::want(mnt)?;
        self.metadata(&write, file.dentry(), mode)?;
        if self.does(Step::Sync) {
            file.fsync()?;
        }
        if self.gone {
            return Ok(file.dentry().into());
        }
        let _arrival = self.mark_parent()?;
        let updir = self.parent.data().upper().ok_or(EROFS)?;
        let upper = Creating::start(&write, updir, self.name)?
            .make(mode, NewObject::Link(file.dentry()))?;
        self.restore_parent_times(updir);
        Ok(upper)
    }

    /// Anything else, or a regular file where files without a name are not to be had: made in the
    /// work directory, renamed into place. The write access is let go of while data are copied.
    fn named(&mut self, mode: u16) -> Result<ARef<Dentry>> {
        let mnt = self.union.upper_mnt()?;
        let (dentry, copied) = {
            let made = self.stage(&WriteAccess::want(mnt)?)?.keep()?;
            let copied = if self.does(Step::Data) {
                BackedFile::open(PathRef::new(mnt, &made), flags::O_RDWR | flags::O_LARGEFILE)
                    .and_then(|file| self.data(&file))
            } else {
                Ok(())
            };
            (made, copied)
        };
        let write = WriteAccess::want(mnt)?;
        let staged = Staged::adopt(self.union, &write, dentry);
        copied?;
        self.metadata(&write, staged.dentry()?, mode)?;
        self.sync(staged.dentry()?)?;
        if self.gone {
            // Removed from the work directory at the end of this scope, and alive while in use.
            return Ok(staged.dentry()?.into());
        }
        let _arrival = self.mark_parent()?;
        let updir = self.parent.data().upper().ok_or(EROFS)?;
        let upper = staged.publish(updir, self.name, |there| {
            if there.is_positive() {
                Err(EEXIST)
            } else {
                Ok(())
            }
        })?;
        self.restore_parent_times(updir);
        Ok(upper)
    }

    fn stage<'s>(&'s self, write: &'s WriteAccess<'_>) -> Result<Staged<'s>> {
        let mode = self.kind.to_mode() as u16;
        let cred = self.copy_up_cred()?;
        let _creds = cred.as_deref().map(OverrideCreds::new);
        match self.kind {
            Kind::Regular => Staged::make(self.union, write, mode, NewObject::Regular),
            Kind::Directory => Staged::make(self.union, write, mode, NewObject::Directory),
            Kind::Symlink => {
                let link = Link::read(self.lower.dentry())?;
                Staged::make(self.union, write, mode, NewObject::Symlink(link.text()))
            }
            Kind::CharDevice | Kind::BlockDevice | Kind::Fifo | Kind::Socket => Staged::make(
                self.union,
                write,
                mode,
                NewObject::Special(self.stat.rdev()),
            ),
        }
    }

    /// The credentials the security modules want the copy to be made under, if any. They are asked
    /// for what the union shows: mounted with `context=`, it has another label than the lower object.
    fn copy_up_cred(&self) -> Result<Option<ARef<Credential>>> {
        Ok(NewCred::for_copy_up(self.dentry)?.map(NewCred::finish))
    }

    fn does(&self, step: Step) -> bool {
        steps(self.kind, self.facts).any(|s| s == step)
    }

    fn data(&self, to: &BackedFile) -> Result {
        if !self.does(Step::Data) {
            return Ok(());
        }
        copy_data::copy(self.union, self.lower, &self.stat, to, self.facts.data)
    }

    /// Attributes, after the data: writing takes file capabilities away.
    fn metadata(&mut self, write: &WriteAccess<'_>, to: &Dentry, mode: u16) -> Result {
        let mnt = write.mnt();
        copy_xattrs(self.union, self.lower, PathRef::new(mnt, to))?;
        if self.does(Step::Acls) {
            for ty in [AclType::Access, AclType::Default] {
                if ty == AclType::Default && self.kind != Kind::Directory {
                    continue;
                }
                if let Some(acl) = Acl::get(self.lower.mnt(), self.lower.dentry(), ty)? {
                    let inode = self.lower.dentry().inode().ok_or(EIO)?;
                    // A top that cannot keep it would give rights it takes away.
                    acl.mapped(self.lower.mnt(), inode)?.set(mnt, to, ty)?;
                }
            }
        }
        if self.kind == Kind::Directory || self.stat.nlink() == 1 {
            // A lower file with several links breaks up into files of their own, which must not
            // share a number.
            let below = self.inode.data().lowers().first().ok_or(EIO)?;
            let origin = inum::origin(self.union, below.layer, &below.dentry)?;
            let mut buffer = [0; value::MOST_MARK];
            let mark = value::encode_union_ino(self.inode.ino(), &origin, &mut buffer);
            match layer::set_mark(self.union, to, Attr::UnionIno, mark) {
                // user.* does not exist on symbolic links and special files.
                Err(e) if e == EPERM && self.kind != Kind::Regular => {}
                other => {
                    other?;
                    self.inode.data().set_recorded_ino();
                }
            }
        }
        let protection = stack::protection(self.inode);
        let protection = Protattr {
            immutable: protection.0,
            append: protection.1,
        }
        .encode();
        if !protection.is_empty() {
            // Kept beside the copy: flags on the copy itself would stop what is still to be done.
            layer::set_mark(self.union, to, Attr::Protattr, protection)?;
        }
        copy_behaviour(self.lower, PathRef::new(mnt, to))?;
        let mut attr = Iattr::empty().owner_of(&self.stat).times_of(&self.stat);
        if self.kind != Kind::Symlink {
            attr = attr.mode(mode);
        }
        let inode = to.inode().ok_or(EIO)?;
        let lock = inode.lock();
        attr.notify_change(mnt.idmap(), to, &lock)?;
        match &mut self.change {
            Some(change) => change.notify_change(mnt.idmap(), to, &lock),
            None => Ok(()),
        }
    }

    fn sync(&self, to: &Dentry) -> Result {
        if !self.does(Step::Sync) {
            return Ok(());
        }
        let path = self.union.upper_path(to)?;
        let extra = if self.kind == Kind::Directory {
            flags::O_DIRECTORY
        } else {
            0
        };
        BackedFile::open(path, flags::O_RDONLY | flags::O_LARGEFILE | extra)?.fsync()
    }

    /// Whether its inode number is recorded: the copies of a file with several links must not share
    /// one.
    fn is_recorded(&self) -> bool {
        self.kind == Kind::Directory || self.stat.nlink() == 1
    }

    /// Before the copy has its name; what is returned lives until it does.
    fn mark_parent(&self) -> Result<Option<Arrival<'_>>> {
        if !self.is_recorded() {
            return Ok(None);
        }
        let arrival = self.parent.data().arrival();
        mark_impure(self.union, self.parent)?;
        Ok(Some(arrival))
    }

    /// Copy-up is no change of the directory: its times go back, as far as the file system lets
    /// them.
    fn restore_parent_times(&self, updir: &Dentry) {
        let Ok(mnt) = self.union.upper_mnt() else {
            return;
        };
        let mut stat = Kstat::empty();
        stat.fill_from(mnt.idmap(), STATX_BASIC_STATS, self.parent);
        // Best effort.
        let _ = layer::set_times(mnt, updir, &stat);
    }
}

/// Gives the copy those flags of chattr(1) that say how it is used: that writes wait for the disk, and that
/// accesses are not recorded. A top that has none of them, as it may be one without a disk, does without.
fn copy_behaviour(lower: PathRef<'_>, to: PathRef<'_>) -> Result {
    // No call is made for the many that have neither.
    let inode = lower.dentry().inode().ok_or(EIO)?;
    if !(inode.is_reg() || inode.is_dir()) || !inode.behaves_otherwise() {
        return Ok(());
    }
    let copy = || {
        let from = FileKattr::of(lower)?;
        let mut now = FileKattr::of(to)?;
        now.take_behaviour(&from);
        now.set(to)
    };
    match copy() {
        // As ntfs-3g, and tmpfs, say it.
        Err(e) if e == ENOTTY || e == EINVAL || e == EOPNOTSUPP => Ok(()),
        other => other,
    }
}

/// Copies extended attributes, but not private ones and ACLs.
fn copy_xattrs(union: &Union, lower: PathRef<'_>, to: PathRef<'_>) -> Result {
    if !lower
        .dentry()
        .inode()
        .is_some_and(|i| i.has_xattr_support())
    {
        return Ok(());
    }
    let list = match xattr::list_alloc(lower.dentry()) {
        Err(e) if e == EOPNOTSUPP => return Ok(()),
        other => other?,
    };
    let keep = keep_capabilities(lower.mnt().is_nosuid());
    for name in xattr::names(&list) {
        task_work::go_on()?;
        let class = codec::classify(union.config.xattr_space, name.to_bytes());
        if xattr::is_posix_acl(name)
            || xattr::is_acl_on_disk(name)
            || matches!(class, Class::Private(_))
            || (!keep && name.to_bytes() == b"security.capability")
            || !xattr::may_copy_up(lower.dentry(), name)?
        {
            continue;
        }
        let value = match xattr::get_alloc(lower.mnt(), lower.dentry(), name) {
            // It went away in between.
            Err(e) if e == ENODATA => continue,
            // An empty one, which anybody can make, is none.
            Err(e) if e == EINVAL && name.to_bytes() == b"security.capability" => continue,
            other => other?,
        };
        match xattr::set(to.mnt(), to.dentry(), name, &value, 0) {
            // What the top cannot hold stays behind, but for what security depends on.
            Err(e) if e == EOPNOTSUPP && !name.to_bytes().starts_with(b"security.") => {}
            other => other?,
        }
    }
    Ok(())
}
