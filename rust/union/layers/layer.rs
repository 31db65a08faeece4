// SPDX-License-Identifier: GPL-2.0-only

//! The layers of a union. Each is one struct, with the mount inside that it is reached through.

use crate::{
    logic::partial::Class,
    union::{
        cache::record_file::Recorder,
        layers::{
            identity,
            numbers::Numbers,
            part::Tally,
            reserved::Reserved,
            unstable::{Thaw, Unstable},
            upper_dentry::UpperDentry,
        },
        private_dir::SubDir,
    },
    vfs::{
        file::BackedFile,
        inode::Inode,
        inode_lock::InUse,
        mount::{Mount, PrivateMount},
        printk::{pr_err_ratelimited, Printable},
        super_block::SeenErrors,
        write::{Changing, WriteAccess},
    },
};
use kernel::{
    prelude::*,
    str::CString,
    sync::{
        atomic::{Atomic, Relaxed},
        Arc, Mutex, SetOnce,
    },
};

/// A lower layer. Immutable while mounted.
pub struct LowerLayer {
    /// Read-only, whatever the mount it is a clone of.
    mnt: PrivateMount,
    /// Where its inode numbers come from.
    pub numbers: Numbers,
    /// The path given at mount, for `/proc/mounts`.
    pub name: CString,
    /// The identity of its file system, determined at first use; `None` if it has none.
    identity: SetOnce<Option<u64>>,
    /// With `hard_ro`: it has been seen to be writable.
    violated: Atomic<bool>,
}

impl LowerLayer {
    /// A layer at this private mount.
    pub fn new(mnt: PrivateMount, numbers: Numbers, name: CString) -> Self {
        Self {
            mnt,
            numbers,
            name,
            identity: SetOnce::new(),
            violated: Atomic::new(false),
        }
    }

    /// The mount.
    pub fn mnt(&self) -> &Mount {
        &self.mnt
    }

    /// Gives the mount up.
    pub(super) fn into_mnt(self) -> PrivateMount {
        self.mnt
    }

    /// With `hard_ro`: whether the file system of the layer is as read-only as it was at mount, and has
    /// been each time somebody looked. Once it was not, its contents can no longer be trusted.
    pub(super) fn check_hard_ro(&self) -> Result {
        if !self.violated.load(Relaxed) {
            if self.mnt.sb_is_readonly() {
                return Ok(());
            }
            self.violated.store(true, Relaxed);
            pr_err_ratelimited!(
                "lower layer \"{}\": its file system was made writable; accesses fail (hard_ro) until it \
                 is read-only and the union is mounted again\n",
                Printable(self.name.to_bytes())
            );
        }
        Err(EIO)
    }

    /// The identity of the file system of the layer. `None`: it has none.
    pub fn identity(&self) -> Option<u64> {
        if let Some(known) = self.identity.as_ref() {
            return *known;
        }
        let found = identity::file_system(&self.mnt);
        self.identity.populate(found);
        found
    }
}

/// The upper layer, with the work directory.
pub struct UpperLayer {
    /// The records of fallthru sets, if enabled.
    pub recorder: Option<Recorder>,
    /// The directory temporary objects are made in. Immutable while mounted.
    pub workdir: UpperDentry,
    /// One whiteout that others are hard links to. Under its own lock.
    pub whiteout: Pin<KBox<Mutex<Option<UpperDentry>>>>,
    /// The guard of partial files. Under its own lock, which is held while it is made and removed.
    pub guard: Pin<KBox<Mutex<GuardOf>>>,
    /// The partial files that are in memory.
    pub tally: Arc<Tally>,
    /// Partial files of which the disk does not know all.
    pub unstable: Unstable,
    /// The path of the upper directory as it was given at mount, for `/proc/mounts`.
    pub name: CString,
    /// The same of the directory that the work directory is in.
    pub work_name: CString,
    /// The claims on both, released at unmount.
    pub claims: Claims,
    /// Where its inode numbers come from.
    pub numbers: Numbers,
    /// The identity of its file system; `None` if it has none.
    pub identity: Option<u64>,
    /// In which order its file system makes changes durable.
    pub class: Class,
    /// The directory of the maps that do not fit into an attribute.
    pub sidecars: SubDir,
    /// Inode numbers that are reserved for objects of it.
    pub reserved: Pin<KBox<Reserved>>,
    /// The write errors of its file system that the union has seen.
    pub errors: SeenErrors,
    /// The mount. It comes last: dentries go before the mount that keeps their file system.
    pub mnt: PrivateMount,
}

/// Whose the guard of partial files is ([`guard`](crate::union::change::guard)).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum GuardOf {
    /// There is none, or nobody has looked.
    Nobody,
    /// This mount has made it.
    ThisMount,
    /// It was there.
    Another,
}

/// The upper layer, with the right to write to it.
pub struct UpperWrite<'a> {
    /// The layer.
    pub layer: &'a UpperLayer,
    access: WriteAccess<'a>,
}

impl<'a> UpperWrite<'a> {
    /// An object of the layer, to change it.
    ///
    /// # Errors
    ///
    /// See [`WriteAccess::on`].
    pub fn on<'b>(&'b self, dentry: &'b UpperDentry) -> Result<Changing<'b>> {
        self.access.on(dentry)
    }

    /// An open file of the layer.
    ///
    /// # Errors
    ///
    /// As [`on`](Self::on).
    pub fn on_file<'b>(&'b self, file: &'b BackedFile) -> Result<Changing<'b>> {
        self.access.on(file.dentry())
    }

    /// The right, for the [private directory](crate::union::private_dir), which is no part of the layer.
    pub fn access(&self) -> &WriteAccess<'a> {
        &self.access
    }

    /// The work directory, to make something in it.
    ///
    /// # Errors
    ///
    /// See [`WriteAccess::on`].
    pub fn workdir(&self) -> Result<Changing<'_>> {
        self.on(&self.layer.workdir)
    }
}

/// The claims on the two directories that a union writes to.
pub struct Claims {
    /// On the upper directory.
    pub upper: InUse,
    /// On the directory that the work directory is in.
    pub work: InUse,
}

impl UpperLayer {
    /// The right to write to it.
    ///
    /// # Errors
    ///
    /// `EROFS`.
    pub fn want_write(&self) -> Result<UpperWrite<'_>> {
        Ok(UpperWrite {
            layer: self,
            access: WriteAccess::want(&self.mnt)?,
        })
    }

    /// The same, waiting or not.
    ///
    /// # Errors
    ///
    /// `EROFS`; with [`Thaw::Fails`] `EAGAIN` if the file system is frozen.
    pub fn want_write_when(&self, thaw: Thaw) -> Result<UpperWrite<'_>> {
        match thaw {
            Thaw::Waits => self.want_write(),
            Thaw::Fails => self.try_want_write(),
        }
    }

    /// The same without waiting, for optional work.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if the file system is frozen; `EROFS`.
    pub fn try_want_write(&self) -> Result<UpperWrite<'_>> {
        Ok(UpperWrite {
            layer: self,
            access: WriteAccess::try_want(&self.mnt)?,
        })
    }

    /// Whether this is the upper directory or the parent of the work directory. Seen in a lower
    /// layer, they must not be entered, because changes there would bypass the union.
    pub fn is_own(&self, inode: &Inode) -> bool {
        self.claims.upper.inode().same(inode) || self.claims.work.inode().same(inode)
    }

    /// Says whether the disk has failed to take data since the mount.
    pub fn check_errors(&self) -> Result {
        self.errors.check(self.mnt.root())
    }

    /// Gives everything up but the mount.
    pub(super) fn into_mnt(self) -> PrivateMount {
        self.mnt
    }
}
