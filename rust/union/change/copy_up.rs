// SPDX-License-Identifier: GPL-2.0-only

//! Copy-up: copies an object of the lower layers to the upper layer.
//!
//! Opening a file, for writing too, copies nothing; the first change does. Ancestors come first, in
//! a loop from the root down. An object is completed under a temporary name or none, in the order
//! [`crate::logic::change::copy_up`] gives, and published by one link or rename: a crash at any point leaves
//! the lower object or the whole copy.
//!
//! A regular file of which the attributes or the name change is copied without its data ([`Data::Below`]);
//! those follow when they change ([`data_up`]).

use crate::{
    logic::{
        change::copy_up::{
            copies_xattr, copy_up, data_needed, mode_of_copy, CopyStore, Data, Facts, XattrCopy,
            CAPABILITY_NAME,
        },
        codec::Attr,
        mode::Kind,
        options::{self, Verity},
        value, verity,
    },
    union::{
        change::{copy_data, data_up, impure, settle, stage::Staged},
        layers::{
            file_data::Metacopy, impurity::Arrival, inum, layer::UpperWrite, private_xattrs,
            union::Union, upper_dentry::UpperDentry,
        },
        listing::dir_cache,
        lookup::{data, iget},
        OwnDentry, OwnInode,
    },
    vfs::{
        acl::{Acl, AclType},
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        cred::{override_creds, NewCred},
        dentry::Dentry,
        errno::{ENODATA, EOPNOTSUPP, ESTALE},
        file::{flags, BackedFile},
        fileattr::FileKattr,
        kthread::Killed,
        namei::{self, Creating, Link, NewObject},
        path::PathRef,
        stack, task_work,
        types::Name,
        verity::{digest, MAX_DIGEST},
        write::Changing,
        xattr,
    },
};
use kernel::{prelude::*, sync::aref::ARef};

/// Makes sure that the object, and so its parents, exist in the upper layer.
///
/// No lock of the union's but those of a directory operation may be held; no freeze protection.
///
/// # Errors
///
/// `EROFS` without an upper layer; `EINTR` by a fatal signal; `EOVERFLOW` for an owner the upper layer
/// cannot express; those of the file systems. Nothing is left behind then.
pub fn up(dentry: &OwnDentry) -> Result {
    up_for(dentry, For::Attributes).map(drop)
}

/// As [`up`]; of a regular file also the data.
pub fn up_with_data(dentry: &OwnDentry) -> Result {
    up_for(dentry, For::Data)?;
    data_up::up(dentry.inode().ok_or(ENOENT)?).map(drop)
}

/// As [`up`], with a change made to the copy before it is published: a truncation then copies only
/// what remains, and leaves the old file or the new one whatever happens. Returns whether the change
/// was made; it was not if the object was in the upper layer already.
pub fn up_changed(dentry: &OwnDentry, change: &mut Iattr) -> Result<bool> {
    up_for(dentry, For::Change(change))
}

/// What an object is copied up for.
enum For<'a> {
    /// Its attributes, or its name, change.
    Attributes,
    /// Its data change.
    Data,
    /// This change is made to the copy. If it changes the size, it needs data as well.
    Change(&'a mut Iattr),
}

impl For<'_> {
    fn new_size(&self) -> Option<u64> {
        match self {
            For::Change(change) => change.new_size().map(|size| size.max(0) as u64),
            For::Attributes | For::Data => None,
        }
    }

    fn needs_data(&self) -> bool {
        match self {
            For::Attributes => false,
            For::Data => true,
            For::Change(change) => change.new_size().is_some(),
        }
    }
}

fn up_for(dentry: &OwnDentry, why: For<'_>) -> Result<bool> {
    let mut why = Some(why);
    loop {
        if dentry.inode().ok_or(ENOENT)?.data().upper().is_some() {
            return Ok(false);
        }
        // The topmost ancestor that is missing; the root of a union with an upper layer never is.
        let mut next: ARef<OwnDentry> = dentry.into();
        loop {
            if next.is_root() {
                return Err(EROFS);
            }
            let parent = next.parent();
            if parent.inode().ok_or(ENOENT)?.data().upper().is_some() {
                if next.same(dentry) {
                    let why = why.take().unwrap_or(For::Data);
                    return copy_up_one(&next, &parent, why);
                }
                copy_up_one(&next, &parent, For::Attributes)?;
                break;
            }
            next = parent;
        }
    }
}

/// One object whose parent exists in the upper layer. Returns whether it was copied, and so changed.
fn copy_up_one(dentry: &OwnDentry, parent: &OwnDentry, why: For<'_>) -> Result<bool> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let node = inode.data();
    let union = inode.sb().data();
    let _lock = node.lock.lock()?;
    if node.upper().is_some() {
        return Ok(false);
    }
    union.with_creds(|| {
        let lower = node.real_lower(union)?;
        let stat = Kstat::ask(lower, STATX_BASIC_STATS, 0)?;
        let kind = check(lower, &stat)?;
        let data = match kind {
            Kind::Regular => Some(LowerData::of(union, inode, lower, &stat)?),
            _ => None,
        };
        let (size, metacopy) = match &data {
            Some(data) if why.needs_data() => (data.size(), None),
            Some(data) => (data.size(), data.metacopy(union)?),
            None => (0, None),
        };
        let facts = Facts {
            kind,
            data: match &metacopy {
                Some(_) => Data::Below,
                None => Data::Copied(data_needed(size, why.new_size())),
            },
            is_single: stat.nlink() == 1,
            is_unlinked: node.is_unlinked(),
            fsync: union.config.fsync,
            class: union.upper()?.class,
        };
        let parent = parent.inode().ok_or(ENOENT)?;
        let name = dentry.name_snapshot()?;
        let mut copy = Copy {
            union,
            dentry,
            inode,
            parent,
            name: name.name(),
            lower,
            stat,
            data,
            metacopy,
            facts,
            change: match why {
                For::Change(change) => Some(change),
                For::Attributes | For::Data => None,
            },
            write: None,
            arrival: None,
        };
        let mut facts = facts;
        let upper = match copy_up(&mut copy, facts) {
            // There was no room for the mark beside the other attributes.
            Err(e) if e == ENOSPC && facts.leaves_data() && copy.metacopy.is_none() => {
                facts.data = Data::Copied(size);
                copy.facts = facts;
                copy_up(&mut copy, facts)?
            }
            copied => copied?,
        };
        drop(copy);
        let renumbered = !inode.is_hashed();
        iget::set_upper(inode, upper, facts.leaves_data())?;
        if renumbered {
            dir_cache::forget_view(parent.data());
        }
        settle::refresh(inode);
        if !facts.is_unlinked {
            settle::refresh(parent);
        }
        Ok(true)
    })
}

/// Whether an object can be copied at all, before anything is made.
fn check(lower: PathRef<'_>, stat: &Kstat) -> Result<Kind> {
    let inode = lower.dentry().inode().ok_or(ESTALE)?;
    if !inode.ids_are_valid(lower.mnt()) || !stat.owner_has_mapping() {
        // An id that the layer or the mounter's namespace cannot name would be written as another user's.
        return Err(EOVERFLOW);
    }
    let kind = Kind::from_mode(stat.mode()).ok_or(EIO)?;
    if matches!(kind, Kind::CharDevice | Kind::BlockDevice) && lower.mnt().is_nodev() {
        // nodev on the lower mount must not be bypassed by copy-up.
        return Err(EPERM);
    }
    Ok(kind)
}

/// The lower file with the data of a regular file.
struct LowerData<'a> {
    path: PathRef<'a>,
    stat: Kstat,
}

impl<'a> LowerData<'a> {
    /// That of `inode`, whose topmost lower object is `lower`. It is found, and compared with a digest that a
    /// mark demands.
    fn of(union: &'a Union, inode: &'a OwnInode, lower: PathRef<'a>, stat: &Kstat) -> Result<Self> {
        let path = data::locate(union, inode)?;
        let stat = match path.dentry().same(lower.dentry()) {
            true => stat.clone(),
            false => Kstat::ask(path, STATX_BASIC_STATS, 0)?,
        };
        Ok(Self { path, stat })
    }

    fn size(&self) -> u64 {
        self.stat.size().max(0) as u64
    }

    /// The mark that a copy without data gets; `None` if it has to have them.
    fn metacopy(&self, union: &Union) -> Result<Option<Metacopy>> {
        if union.config.metacopy == options::Metacopy::Off || self.size() == 0 {
            return Ok(None);
        }
        let mut buffer = [0; MAX_DIGEST];
        let digest = match union.config.verity {
            Verity::Off => None,
            Verity::On | Verity::Require => digest(self.path, &mut buffer)?,
        };
        Ok(verity::mark(union.config.verity, digest).map(Metacopy::new))
    }
}

/// A copy in the making: the object, and the upper layer.
struct Copy<'a> {
    union: &'a Union,
    dentry: &'a OwnDentry,
    inode: &'a OwnInode,
    parent: &'a OwnInode,
    name: Name<'a>,
    lower: PathRef<'a>,
    stat: Kstat,
    /// Of a regular file: where its data are.
    data: Option<LowerData<'a>>,
    /// The mark, if they stay there and there is room for it.
    metacopy: Option<Metacopy>,
    facts: Facts,
    /// What is to be changed besides.
    change: Option<&'a mut Iattr>,
    /// Write access to the upper layer, except while data is copied.
    write: Option<UpperWrite<'a>>,
    /// Held until the copy has its name: listings of the directory must know that it arrives.
    arrival: Option<Arrival<'a>>,
}

/// The copy before it has its name.
enum Draft {
    /// A regular file without a name.
    Unnamed(BackedFile),
    /// An object in the work directory.
    Named(UpperDentry),
}

impl Draft {
    /// The copy, to change it.
    fn on<'a>(&'a self, write: &'a UpperWrite<'_>) -> Result<Changing<'a>> {
        match self {
            Draft::Unnamed(file) => write.on_file(file),
            Draft::Named(dentry) => write.on(dentry),
        }
    }
}

impl<'a> Copy<'a> {
    /// Has write access from here on.
    fn begin_write(&mut self) -> Result {
        if self.write.is_none() {
            self.write = Some(self.union.upper()?.want_write()?);
        }
        Ok(())
    }

    /// Releases it: the next step takes it itself, or takes long.
    fn end_write(&mut self) {
        self.write = None;
    }

    fn write(&self) -> Result<&UpperWrite<'a>> {
        self.write.as_ref().ok_or(EIO)
    }

    /// Makes the copy with the credentials that the security modules want for it, if they want others
    /// than the mounter's. They are asked for what the union shows: mounted with `context=`, it has
    /// another label than the lower object.
    fn as_security_wants<R>(&self, make: impl FnOnce() -> Result<R>) -> Result<R> {
        match NewCred::for_copy_up(self.dentry)?.map(NewCred::finish) {
            Some(cred) => override_creds(&cred, |_| make()),
            None => make(),
        }
    }

    fn stage(&self) -> Result<Staged<'_>> {
        let write = self.write()?;
        let mode = self.facts.kind.to_mode();
        self.as_security_wants(|| match self.facts.kind {
            Kind::Regular => Staged::make(write, mode, NewObject::Regular),
            Kind::Directory => Staged::make(write, mode, NewObject::Directory),
            Kind::Symlink => {
                let link = Link::read(self.lower.dentry())?;
                Staged::make(write, mode, NewObject::Symlink(link.text()))
            }
            Kind::CharDevice | Kind::BlockDevice | Kind::Fifo | Kind::Socket => {
                Staged::make(write, mode, NewObject::Special(self.stat.rdev()))
            }
        })
    }

    /// The copy, open for reading and writing.
    fn with_file<R>(&self, draft: &Draft, act: impl FnOnce(&BackedFile) -> Result<R>) -> Result<R> {
        match draft {
            Draft::Unnamed(file) => act(file),
            Draft::Named(dentry) => {
                let path = self.union.upper_path(dentry)?;
                act(&BackedFile::open(path, flags::O_RDWR | flags::O_LARGEFILE)?)
            }
        }
    }

    fn mode(&self) -> u16 {
        mode_of_copy(self.stat.mode(), self.lower.mnt().is_nosuid())
    }
}

impl CopyStore for Copy<'_> {
    type Error = Error;
    type Draft = Draft;
    type Copied = UpperDentry;

    fn draft_unnamed(&mut self) -> Result<Option<Draft>> {
        self.begin_write()?;
        let mode = Kind::Regular.to_mode();
        match self.as_security_wants(|| namei::tmpfile(self.write()?.workdir()?, mode)) {
            Err(e) if e == EOPNOTSUPP => Ok(None),
            other => other.map(Draft::Unnamed).map(Some),
        }
    }

    fn draft_named(&mut self) -> Result<Draft> {
        self.begin_write()?;
        Ok(Draft::Named(self.stage()?.into_dentry()))
    }

    fn copy_data(&mut self, draft: &Draft) -> Result {
        self.end_write();
        let from = self.data.as_ref().ok_or(EIO)?;
        let size = self.facts.data;
        self.with_file(draft, |to| {
            let Data::Copied(size) = size else {
                return Err(EIO);
            };
            copy_data::copy(self.union, from.path, &from.stat, to, size, Killed::Leaves)
        })
    }

    fn leave_data(&mut self, draft: &Draft) -> Result {
        self.end_write();
        let from = self.data.as_ref().ok_or(EIO)?;
        self.with_file(draft, |to| {
            copy_data::leave_hole(self.union, to, from.stat.size(), Killed::Leaves)
        })?;
        self.begin_write()?;
        let to = draft.on(self.write()?)?;
        let metacopy = self.metacopy.as_ref().ok_or(EIO)?;
        let mut buffer = [0; value::MAX_METACOPY];
        let mark = value::encode_metacopy(&metacopy.value(), &mut buffer).ok_or(EIO)?;
        let set = private_xattrs::set(self.union, to, Attr::Metacopy, mark);
        if set.is_err_and(|e| e == ENOSPC) {
            self.metacopy = None;
        }
        set
    }

    fn copy_xattrs(&mut self, draft: &Draft) -> Result {
        self.begin_write()?;
        let to = draft.on(self.write()?)?;
        copy_xattrs(self.union, self.lower, to)
    }

    fn copy_acls(&mut self, draft: &Draft) -> Result {
        self.begin_write()?;
        let to = draft.on(self.write()?)?;
        for ty in [AclType::Access, AclType::Default] {
            if ty == AclType::Default && self.facts.kind != Kind::Directory {
                continue;
            }
            if let Some(acl) = Acl::get(self.lower, ty)? {
                let inode = self.lower.dentry().inode().ok_or(EIO)?;
                // Without the ACL the copy would give rights that it takes away.
                acl.mapped(self.lower.mnt(), inode)?.set(to, ty)?;
            }
        }
        Ok(())
    }

    fn record_number(&mut self, draft: &Draft) -> Result {
        self.begin_write()?;
        let to = draft.on(self.write()?)?;
        let below = self.inode.data().lowers().first().ok_or(EIO)?;
        let origin = inum::origin(self.union, below.layer, &below.dentry)?;
        let mut buffer = [0; value::MAX_MARK];
        let mark = value::encode_union_ino(self.inode.ino(), &origin, &mut buffer);
        match private_xattrs::set(self.union, to, Attr::UnionIno, mark) {
            // user.* does not exist on symbolic links and special files.
            Err(e) if e == EPERM && self.facts.kind != Kind::Regular => {}
            other => {
                other?;
                self.inode.data().set_recorded_ino();
            }
        }
        Ok(())
    }

    fn copy_flags(&mut self, draft: &Draft) -> Result {
        self.begin_write()?;
        let to = draft.on(self.write()?)?;
        let protection = private_xattrs::protection(stack::protection(self.inode)).encode();
        if !protection.is_empty() {
            // Stored as an attribute: flags on the copy itself would prevent the remaining steps.
            private_xattrs::set(self.union, to, Attr::Protattr, protection)?;
        }
        copy_behaviour(self.lower, to)
    }

    fn copy_attributes(&mut self, draft: &Draft) -> Result {
        self.begin_write()?;
        let change = self.change.take();
        let to = draft.on(self.write()?)?;
        let mut attr = Iattr::empty().owner_of(&self.stat).times_of(&self.stat);
        if self.facts.kind != Kind::Symlink {
            attr = attr.mode(self.mode());
        }
        attr.notify_change(to)?;
        match change {
            Some(change) => change.notify_change(to),
            None => Ok(()),
        }
    }

    fn write_out(&mut self, draft: &Draft) -> Result {
        self.with_file(draft, BackedFile::write_out)
    }

    fn sync(&mut self, draft: &Draft) -> Result {
        let dentry = match draft {
            Draft::Unnamed(file) => return file.fsync(),
            Draft::Named(dentry) => dentry,
        };
        let extra = match self.facts.kind {
            Kind::Directory => flags::O_DIRECTORY,
            _ => 0,
        };
        let path = self.union.upper_path(dentry)?;
        BackedFile::open(path, flags::O_RDONLY | flags::O_LARGEFILE | extra)?.fsync()
    }

    fn set_parent_impure(&mut self) -> Result {
        self.begin_write()?;
        self.arrival = Some(self.parent.data().impurity.arrival());
        impure::mark(self.union, self.write()?, self.parent)
    }

    fn publish(&mut self, draft: Draft) -> Result<UpperDentry> {
        self.begin_write()?;
        let (write, updir) = (self.write()?, self.parent.data().upper().ok_or(EROFS)?);
        match draft {
            Draft::Unnamed(file) => Creating::start(write.on(updir)?, self.name)?
                .make(self.mode(), NewObject::Link(file.dentry()))
                .map(UpperDentry::new),
            Draft::Named(dentry) => {
                let free = |there: &Dentry| match there.is_positive() {
                    true => Err(EEXIST),
                    false => Ok(()),
                };
                Staged::from_dentry(write, dentry).publish(updir, self.name, free)
            }
        }
    }

    fn publish_nameless(&mut self, draft: Draft) -> Result<UpperDentry> {
        // It is alive while it is in use.
        Ok(match draft {
            Draft::Unnamed(file) => UpperDentry::new(file.dentry().into()),
            Draft::Named(dentry) => {
                self.discard(Draft::Named(dentry.clone()));
                dentry
            }
        })
    }

    fn restore_parent_times(&mut self) {
        let (Some(updir), Ok(write)) = (self.parent.data().upper(), self.write()) else {
            return;
        };
        let Ok(updir) = write.on(updir) else { return };
        let mut stat = Kstat::empty();
        stat.fill_from(updir.mnt().idmap(), STATX_BASIC_STATS, self.parent);
        let _ = Iattr::empty().times_of(&stat).notify_change(updir);
    }

    fn discard(&mut self, draft: Draft) {
        let Draft::Named(dentry) = draft else { return };
        if let (Ok(()), Ok(write)) = (self.begin_write(), self.write()) {
            drop(Staged::from_dentry(write, dentry));
        }
    }
}

/// Copies the flags `S` (writes wait for the disk) and `A` (accesses are not recorded) of
/// chattr(1). An upper layer without these flags, for instance one without a disk, omits them.
fn copy_behaviour(lower: PathRef<'_>, to: Changing<'_>) -> Result {
    // Most files have neither, and need no call.
    let inode = lower.dentry().inode().ok_or(EIO)?;
    if !(inode.is_reg() || inode.is_dir()) || !inode.behaves_otherwise() {
        return Ok(());
    }
    let copy = || {
        let from = FileKattr::of(lower)?;
        let mut now = FileKattr::of(*to)?;
        now.take_behaviour(&from);
        now.set(to)
    };
    match copy() {
        // ntfs-3g and tmpfs return this.
        Err(e) if e == ENOTTY || e == EINVAL || e == EOPNOTSUPP => Ok(()),
        other => other,
    }
}

/// Copies extended attributes, but not private ones and ACLs.
fn copy_xattrs(union: &Union, lower: PathRef<'_>, to: Changing<'_>) -> Result {
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
    let nosuid = lower.mnt().is_nosuid();
    for name in xattr::names(&list) {
        task_work::go_on()?;
        let bytes = name.to_bytes();
        let Some(copied) = copies_xattr(union.config.xattr_space, nosuid, bytes) else {
            continue;
        };
        if !xattr::may_copy_up(lower.dentry(), name)? {
            continue;
        }
        let value = match xattr::get_alloc(lower, name) {
            // It was removed meanwhile.
            Err(e) if e == ENODATA => continue,
            // An empty one is no capability; any user can set it.
            Err(e) if e == EINVAL && name == CAPABILITY_NAME => continue,
            other => other?,
        };
        match (xattr::set(to, name, &value, 0), copied) {
            (Err(e), XattrCopy::IfPossible) if e == EOPNOTSUPP => {}
            (other, _) => other?,
        }
    }
    Ok(())
}
