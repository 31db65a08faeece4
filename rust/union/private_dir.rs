// SPDX-License-Identifier: GPL-2.0-only

//! The private directory `WORKDIR/union`, beside `work`: everything that the union keeps and
//! overlayfs does not know.
//!
//! overlayfs ignores other names beside `work`, so an object called `union` there may belong to
//! another user, and the owner of WORKDIR may have planted it to have it written to or trusted. It
//! is therefore used only if it is known to be ours:
//!
//! * The directory is made with the mounter's credentials, exclusively, with the mode 0700 and
//!   without ACLs. An existing one is used if it is a directory (no symbolic link is followed),
//!   owned by the mounter, with the mode 0700 and without ACLs. In such a directory only its owner,
//!   and processes with the right capabilities, can make, replace or open a name.
//! * The directory is looked up once, at mount, and then used by its dentry: a replacement made
//!   while the union is mounted is ignored.
//! * A file in it is opened if it is a regular file (without following links or waiting), owned by
//!   the mounter, without access for others, with one link, and not open for writing: a descriptor
//!   opened before the file became ours would bypass all of this. Users of the file check its head
//!   before writing to it.
//! * Anything else is left alone, with a line in the log. The mount continues without it.
//!
//! The contents of the files are still treated as possibly wrong: they survive power cuts without
//! being synced, and the layers may have been changed meanwhile.

use crate::{
    logic::mode::{Kind, PERMISSIONS},
    vfs::{
        acl::{Acl, AclType},
        attr::Iattr,
        dentry::Dentry,
        dir_context::{read_all, Next},
        errno::{ENODATA, EOPNOTSUPP},
        file::{flags, BackedFile},
        inode::Inode,
        mount::Mount,
        namei::{self, Creating, NewObject, Removing},
        once,
        path::{Path, PathRef},
        printk::{pr_warn_ratelimited, Printable},
        types::Name,
        write::{Changing, WriteAccess},
    },
};
use kernel::{
    prelude::*,
    sync::{aref::ARef, Arc, SetOnce},
};

/// The directory.
const NAME: &[u8] = b"union";
/// Type and permission bits of our directories.
const DIR_MODE: u16 = Kind::Directory.with(0o700);
/// Type and permission bits of our files.
const FILE_MODE: u16 = Kind::Regular.with(0o600);

/// The private directory of a union, known to be ours.
///
/// Everything here is called with the mounter's credentials in force: they determine the owner.
pub struct PrivateDir {
    dir: Path,
}

/// Why something is not ours.
type Objection = &'static str;

impl PrivateDir {
    /// The private directory in `base`, the parent of the work directory; made if it does not
    /// exist. `None`, with a line in the log, if its place is taken or it cannot be made. `name` is
    /// that of `base`, for the log.
    pub fn open(write: &WriteAccess<'_>, base: &Dentry, name: &[u8]) -> Option<Self> {
        match Self::try_open(write, base) {
            Ok(Ok(dir)) => return Some(Self { dir }),
            Ok(Err(why)) => pr_warn_ratelimited!(
                "\"union\" in workdir \"{}\" {}: it is not used, and nothing is recorded; remove it\n",
                Printable(name),
                why
            ),
            Err(e) => pr_warn_ratelimited!(
                "cannot make or open \"union\" in workdir \"{}\" ({:?}): nothing is recorded\n",
                Printable(name),
                e
            ),
        }
        None
    }

    fn try_open(write: &WriteAccess<'_>, base: &Dentry) -> Result<Result<Path, Objection>> {
        let dentry = make_dir(write, base, NAME)?;
        let dir = write.mnt().at(&dentry)?;
        Ok(own_dir(dir)?.map(|()| dir.into()))
    }

    fn mnt(&self) -> &Mount {
        self.dir.mnt()
    }

    /// The directory.
    pub fn path(&self) -> PathRef<'_> {
        (&self.dir).into()
    }

    /// A directory in this one. `None`: there is none.
    ///
    /// # Errors
    ///
    /// `EPERM`, with a line in the log, for what is not ours; those of the file system.
    pub fn dir(&self, name: &[u8]) -> Result<Option<Self>> {
        let dentry = self.lookup(name)?;
        match dentry.is_positive() {
            true => self.own(name, &dentry).map(Some),
            false => Ok(None),
        }
    }

    /// The same, made if it does not exist.
    pub fn make_dir(&self, write: &WriteAccess<'_>, name: &[u8]) -> Result<Self> {
        match self.dir(name)? {
            Some(dir) => Ok(dir),
            None => self.own(name, &*make_dir(write, self.dir.dentry(), name)?),
        }
    }

    fn own(&self, name: &[u8], dentry: &Dentry) -> Result<Self> {
        let dir = self.path().at(dentry)?;
        own_dir(dir)?.map_err(|why| self.refuse(name, why))?;
        Ok(Self { dir: dir.into() })
    }

    /// Removes a file.
    pub fn remove(&self, write: &WriteAccess<'_>, name: &[u8]) -> Result {
        Removing::start(write.on(self.dir.dentry())?, Name::new(name)?)?.remove()
    }

    fn lookup(&self, name: &[u8]) -> Result<ARef<Dentry>> {
        namei::lookup_one_unlocked(self.path(), Name::new(name)?)
    }

    /// Opens a file for reading. `None`: there is none.
    ///
    /// # Errors
    ///
    /// `EPERM`, with a line in the log, for what is not ours; those of the file system.
    pub fn file(&self, name: &[u8]) -> Result<Option<BackedFile>> {
        let dentry = self.lookup(name)?;
        let Some(inode) = dentry.inode() else {
            return Ok(None);
        };
        let why = match own_file(self.mnt(), &dentry, inode) {
            Ok(()) if inode.is_open_for_write() => "is open for writing elsewhere",
            Ok(()) => return self.open_file(&dentry, flags::O_RDONLY).map(Some),
            Err(why) => why,
        };
        Err(self.refuse(name, why))
    }

    /// Makes a file, which must not exist, and opens it for reading.
    ///
    /// # Errors
    ///
    /// `EEXIST`; those of the file system.
    pub fn make_file(&self, write: &WriteAccess<'_>, name: &[u8]) -> Result<BackedFile> {
        let dentry = Creating::start(write.on(self.dir.dentry())?, Name::new(name)?)?
            .make(FILE_MODE, NewObject::Regular)?;
        self.open_file(&dentry, flags::O_RDONLY)
    }

    /// Opens a file that was opened here once more, for writing.
    ///
    /// # Errors
    ///
    /// `EPERM` if it has lost its name, or got another one; those of the file system.
    pub fn for_writing(&self, file: &BackedFile) -> Result<BackedFile> {
        own_file(self.mnt(), file.dentry(), file.inode()).map_err(|_| EPERM)?;
        self.open_file(file.dentry(), flags::O_WRONLY)
    }

    /// Opens a file for writing of which this mount has seen that it is ours: that it is open for writing is
    /// this mount's doing. `None`: there is none.
    ///
    /// # Errors
    ///
    /// `EPERM`, with a line in the log, for what is not ours; those of the file system.
    pub fn known_for_writing(&self, name: &[u8]) -> Result<Option<BackedFile>> {
        let dentry = self.lookup(name)?;
        let Some(inode) = dentry.inode() else {
            return Ok(None);
        };
        match own_file(self.mnt(), &dentry, inode) {
            Ok(()) => self.open_file(&dentry, flags::O_WRONLY).map(Some),
            Err(why) => Err(self.refuse(name, why)),
        }
    }

    /// Reports a file here that is not one of ours.
    pub fn refuse(&self, name: &[u8], why: Objection) -> Error {
        pr_warn_ratelimited!(
            "\"union/{}\" beside the work directory {}: it is not used; remove it\n",
            Printable(name),
            why
        );
        EPERM
    }

    fn open_file(&self, dentry: &Dentry, access: u32) -> Result<BackedFile> {
        BackedFile::open(self.path().at(dentry)?, access | flags::O_LARGEFILE)
    }
}

/// A directory in the private one. Like that it is looked up once, when it is first needed.
pub struct SubDir {
    private: Option<Arc<PrivateDir>>,
    name: &'static [u8],
    dir: SetOnce<PrivateDir>,
}

impl SubDir {
    /// The directory `name`, if there is a private one.
    pub fn new(private: Option<Arc<PrivateDir>>, name: &'static [u8]) -> Self {
        Self {
            private,
            name,
            dir: SetOnce::new(),
        }
    }

    /// Whether there is a place for it.
    pub fn is_possible(&self) -> bool {
        self.private.is_some()
    }

    /// The directory, if there is one.
    ///
    /// # Errors
    ///
    /// As of [`PrivateDir::dir`].
    pub fn get(&self) -> Result<Option<&PrivateDir>> {
        self.found(|private| private.dir(self.name))
    }

    /// The directory, made if there is none. `None`: there is no place for it.
    ///
    /// # Errors
    ///
    /// As of [`PrivateDir::make_dir`].
    pub fn make(&self, write: &WriteAccess<'_>) -> Result<Option<&PrivateDir>> {
        self.found(|private| private.make_dir(write, self.name).map(Some))
    }

    fn found(
        &self,
        find: impl FnOnce(&PrivateDir) -> Result<Option<PrivateDir>>,
    ) -> Result<Option<&PrivateDir>> {
        if let Some(dir) = self.dir.as_ref() {
            return Ok(Some(dir));
        }
        let Some(private) = &self.private else {
            return Ok(None);
        };
        Ok(find(private)?.and_then(|dir| once::get_or_put(&self.dir, dir)))
    }
}

/// The directory `name` in `dir`, or whatever else is there; made, and ours then, if nothing is.
fn make_dir(write: &WriteAccess<'_>, dir: &Dentry, name: &[u8]) -> Result<ARef<Dentry>> {
    let creating = Creating::start(write.on(dir)?, Name::new(name)?)?;
    if creating.dentry().is_positive() {
        return Ok(creating.keep());
    }
    let made = creating.make(DIR_MODE, NewObject::Directory)?;
    // The parent may have passed on ACLs.
    close(write.on(&made)?, DIR_MODE & PERMISSIONS)?;
    Ok(made)
}

/// Whether a directory is ours.
fn own_dir(dir: PathRef<'_>) -> Result<Result<(), Objection>> {
    let Some(inode) = dir.dentry().inode() else {
        return Err(ENOENT);
    };
    if dir.dentry().is_weird() || !inode.is_dir() || !inode.can_lookup() {
        return Ok(Err("is not a directory"));
    }
    if !inode.is_own(dir.mnt()) {
        return Ok(Err("is not owned by the mounter"));
    }
    if inode.mode() != DIR_MODE {
        return Ok(Err("does not have the mode 0700"));
    }
    for ty in [AclType::Access, AclType::Default] {
        if has_acl(dir, ty)? {
            return Ok(Err("has ACLs"));
        }
    }
    Ok(Ok(()))
}

/// Whether a file is ours.
fn own_file(mnt: &Mount, dentry: &Dentry, inode: &Inode) -> Result<(), Objection> {
    if dentry.is_weird() || !inode.is_reg() {
        return Err("is not a regular file");
    }
    if !inode.is_own(mnt) {
        return Err("is not owned by the mounter");
    }
    if inode.mode() & 0o7077 != 0 {
        return Err("has permissions for group or others, or special mode bits");
    }
    if inode.nlink() != 1 {
        return Err("does not have exactly one link");
    }
    Ok(())
}

/// Removes the ACLs of a directory beside the upper layer and sets its permission bits, so that
/// objects made in it inherit nothing and other users cannot enter it. It may have ACLs from its
/// parent, or from its owner while nothing was mounted.
pub fn close(dir: Changing<'_>, permissions: u16) -> Result {
    for ty in [AclType::Default, AclType::Access] {
        if has_acl(*dir, ty)? {
            Acl::remove(dir, ty)?;
        }
    }
    let inode = dir.dentry().inode().ok_or(EIO)?;
    if inode.mode() & PERMISSIONS == permissions {
        return Ok(());
    }
    let mode = Kind::Directory.with(permissions);
    Iattr::empty().mode(mode).notify_change(dir)
}

fn has_acl(path: PathRef<'_>, ty: AclType) -> Result<bool> {
    match Acl::get(path, ty) {
        Err(e) if e == EOPNOTSUPP || e == ENODATA => Ok(false),
        acl => Ok(acl?.is_some()),
    }
}

/// Names of a directory.
pub fn names(path: PathRef<'_>) -> Result<KVVec<KVec<u8>>> {
    let dir = BackedFile::open(
        path,
        flags::O_RDONLY | flags::O_DIRECTORY | flags::O_LARGEFILE,
    )?;
    let mut names = KVVec::<KVec<u8>>::new();
    let mut result = Ok(());
    read_all(&dir, |entry| {
        if matches!(entry.name, b"." | b"..") {
            return Next::More;
        }
        result = keep(&mut names, entry.name);
        if result.is_ok() {
            Next::More
        } else {
            Next::Stop
        }
    })?;
    result?;
    Ok(names)
}

fn keep(names: &mut KVVec<KVec<u8>>, name: &[u8]) -> Result {
    let mut copy = KVec::with_capacity(name.len(), GFP_KERNEL_ACCOUNT)?;
    copy.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
    names.push(copy, GFP_KERNEL_ACCOUNT)?;
    Ok(())
}
