// SPDX-License-Identifier: GPL-2.0-only

//! The steps of a [copy-up](crate::logic::change::copy_up) on the layers: a copy in the making.

use crate::{
    logic::{
        change::copy_up::{
            copies_xattr, mode_of_copy, CopyStore, Data, Facts, XattrCopy, CAPABILITY_NAME,
        },
        codec::Attr,
        mode::Kind,
        options::{self, Verity},
        value, verity,
    },
    union::{
        change::{copy_data, impure, stage::Staged},
        layers::{
            file_data::Metacopy, impurity::Arrival, inum, layer::UpperWrite, private_xattrs,
            union::Union, upper_dentry::UpperDentry,
        },
        lookup::data,
        OwnDentry, OwnInode,
    },
    vfs::{
        acl::{Acl, AclType},
        attr::{statx::STATX_BASIC_STATS, Iattr, Kstat},
        cred::{override_creds, NewCred},
        dentry::Dentry,
        errno::{ENODATA, EOPNOTSUPP},
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
use kernel::prelude::*;

/// The lower file with the data of a regular file.
pub(super) struct LowerData<'a> {
    path: PathRef<'a>,
    stat: Kstat,
}

impl<'a> LowerData<'a> {
    /// That of `inode`, whose topmost lower object is `lower`. It is found, and compared with a digest that a
    /// mark demands.
    pub(super) fn of(
        union: &'a Union,
        inode: &'a OwnInode,
        lower: PathRef<'a>,
        stat: &Kstat,
    ) -> Result<Self> {
        let path = data::locate(union, inode)?;
        let stat = match path.dentry().same(lower.dentry()) {
            true => stat.clone(),
            false => Kstat::ask(path, STATX_BASIC_STATS, 0)?,
        };
        Ok(Self { path, stat })
    }

    pub(super) fn size(&self) -> u64 {
        self.stat.size().max(0) as u64
    }

    /// The mark that a copy without data gets; `None` if it has to have them.
    pub(super) fn metacopy(&self, union: &Union) -> Result<Option<Metacopy>> {
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
pub(super) struct Copy<'a> {
    pub(super) union: &'a Union,
    pub(super) dentry: &'a OwnDentry,
    pub(super) inode: &'a OwnInode,
    pub(super) parent: &'a OwnInode,
    pub(super) name: Name<'a>,
    pub(super) lower: PathRef<'a>,
    pub(super) stat: Kstat,
    /// Of a regular file: where its data are.
    pub(super) data: Option<LowerData<'a>>,
    /// The mark, if they stay there and there is room for it.
    pub(super) metacopy: Option<Metacopy>,
    pub(super) facts: Facts,
    /// What is to be changed besides.
    pub(super) change: Option<&'a mut Iattr>,
    /// Write access to the upper layer, except while data is copied.
    pub(super) write: Option<UpperWrite<'a>>,
    /// Held until the copy has its name: listings of the directory must know that it arrives.
    pub(super) arrival: Option<Arrival<'a>>,
}

/// The copy before it has its name.
pub(super) enum Draft {
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
