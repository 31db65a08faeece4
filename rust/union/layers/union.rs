// SPDX-License-Identifier: GPL-2.0-only

//! The file system type and the data of a mounted union.

use crate::{
    logic::{
        aufs,
        inum::Inums,
        options::{Config, Fsync, Whiteouts},
    },
    union::{
        layers::{
            identity::{self, UnionIdentity},
            numbers::Numbers,
            reserved::Reserved,
        },
        listing::{reclaim::Registry, record_file::Records},
    },
    vfs::{
        cred::{override_creds, NewCred},
        dentry::Dentry,
        inode::Inode,
        inode_lock::InUse,
        mount::{Mount, PrivateMount},
        once,
        path::PathRef,
        printk::{pr_err_ratelimited, Printable},
        super_block::{sync_filesystem, SeenErrors},
        types::{Ino, Name},
        work::{Background, Workqueue},
    },
};
use kernel::{
    cred::Credential,
    prelude::*,
    str::CString,
    sync::{
        aref::ARef,
        atomic::{Atomic, Relaxed},
        Arc, Mutex, SetOnce,
    },
};

/// After how many milliseconds sets are recorded.
const RECORD_DELAY: u32 = 1000;

/// What statfs(2) reports as the type: "unio".
pub const UNION_SUPER_MAGIC: u32 = 0x756e_696f;

/// A lower layer. Immutable while mounted.
pub struct Lower {
    /// Where its inode numbers come from.
    pub numbers: Numbers,
    /// The path given at mount, for `/proc/mounts`.
    pub name: CString,
    /// What tells its file system from others, once that was asked for; `None` if nothing does.
    pub identity: SetOnce<Option<u64>>,
    /// With `hard_ro`: it has been seen to be writable.
    pub violated: Atomic<bool>,
}

impl Lower {
    /// With `hard_ro`: whether the file system of the layer is as read-only as it was at mount, and has
    /// been each time somebody looked. Once it was not, nobody knows what it holds.
    fn check_hard_ro(&self, mnt: &Mount) -> Result {
        if !self.violated.load(Relaxed) {
            if mnt.sb_is_readonly() {
                return Ok(());
            }
            self.violated.store(true, Relaxed);
            pr_err_ratelimited!(
                "lower layer \"{}\": its file system was made writable; nothing of it is shown any more \
                 (hard_ro), until it is read-only and the union mounted again\n",
                Printable(self.name.to_bytes())
            );
        }
        Err(EIO)
    }
}

impl Lower {
    /// What tells the file system of the layer from others. `None`: nothing does.
    pub fn identity(&self, mnt: &Mount) -> Option<u64> {
        if let Some(known) = self.identity.as_ref() {
            return *known;
        }
        let found = identity::file_system(mnt);
        self.identity.populate(found);
        found
    }
}

/// The upper layer.
pub struct Upper {
    /// Work done in the background, made when there is some.
    pub queue: SetOnce<Workqueue>,
    /// Where fallthru sets are recorded, if they are to be.
    pub records: Option<Arc<Records>>,
    /// Does it, made when there is something to record.
    pub recorder: SetOnce<Background<Records>>,
    /// The directory temporary objects are made in. Immutable while mounted.
    pub workdir: ARef<Dentry>,
    /// One whiteout that others are hard links to. Under its own lock.
    pub whiteout: Pin<KBox<Mutex<Option<ARef<Dentry>>>>>,
    /// The paths given at mount, for `/proc/mounts`: the upper directory's and the work directory's.
    pub names: (CString, CString),
    /// The claims on both, given up at unmount.
    pub claims: (InUse, InUse),
    /// Where its inode numbers come from.
    pub numbers: Numbers,
    /// What tells its file system from others; `None` if nothing does.
    pub identity: Option<u64>,
    /// Inode numbers that are reserved for objects of it.
    pub reserved: Pin<KBox<Reserved>>,
    /// Errors of writing its file system to the disk that the union knows of.
    pub errors: SeenErrors,
}

impl Upper {
    /// The queue for work in the background.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn queue(&self) -> Result<&Workqueue> {
        if self.queue.as_ref().is_none() {
            once::get_or_put(&self.queue, Workqueue::new(c"union")?);
        }
        self.queue.as_ref().ok_or(ENOMEM)
    }

    /// Has what is to be recorded written down in a while: whoever has read a directory does not wait
    /// for it, and what comes soon after goes with it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn record_later(&self) -> Result {
        let Some(records) = &self.records else {
            return Ok(());
        };
        if self.recorder.as_ref().is_none() {
            once::get_or_put(&self.recorder, Background::new(records.clone())?);
        }
        let recorder = self.recorder.as_ref().ok_or(ENOMEM)?;
        recorder.start(self.queue()?, RECORD_DELAY);
        Ok(())
    }

    /// Whether this is the upper directory or the directory the work directory is in. Seen in a lower
    /// layer, they are not to be entered: what is changed there would change beneath the union.
    pub fn is_own(&self, inode: &Inode) -> bool {
        self.claims.0.inode().same(inode) || self.claims.1.inode().same(inode)
    }
}

/// The data of a mounted union. Immutable but for the shared whiteout.
pub struct Union {
    /// Options.
    pub config: Config,
    /// Whether the lower layers were given one by one (`lowerdir+`).
    pub lowers_one_by_one: bool,
    /// The upper layer, if there is one.
    pub upper: Option<Upper>,
    /// The lower layers, topmost first.
    pub lowers: KVec<Lower>,
    /// The mounts of the lower layers in their order, then that of the upper layer.
    pub mnts: KVec<PrivateMount>,
    /// What the union is known by.
    pub identity: UnionIdentity,
    /// Whether any of the mounts maps ids.
    pub any_idmapped: bool,
    /// Whether any of the lower layers may change by itself: its file system wants to be asked again for
    /// the names it has said something of.
    pub revalidates: bool,
    /// The mounter's credentials.
    pub cred: ARef<Credential>,
    /// How inode numbers are made unique.
    pub inums: Inums,
    /// The longest name any layer can hold, in bytes.
    pub namelen: i64,
    /// The key of hashes of names: a secret, for users choose names; kept with the upper layer, if there is
    /// one, for the hash makes the order of names that only the upper layer has, and positions in directories
    /// outlive the mount.
    pub hash_key: u64,
    /// What is known of directories.
    pub registry: Arc<Registry>,
}

impl Union {
    /// Does `act` with the mounter's credentials in force.
    pub fn with_creds<R>(&self, act: impl FnOnce() -> R) -> R {
        override_creds(&self.cred, |_| act())
    }

    /// The mounter's credentials, with no more right to keep set-id bits than the caller has.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn cred_without_fsetid(&self) -> Result<ARef<Credential>> {
        override_creds(&self.cred, |caller| {
            let mut new = NewCred::prepare()?;
            new.drop_fsetid();
            // Who is in the group of a file keeps its set-group-id bit.
            new.set_groups_of(caller);
            Ok(new.finish())
        })
    }

    /// The mount of a lower layer.
    ///
    /// # Errors
    ///
    /// `EIO`, with `hard_ro`, for a layer that could have been written to since it was mounted.
    pub fn lower_mnt(&self, layer: u32) -> Result<&Mount> {
        // Layer numbers come from this mount's own stacks, so the index is there.
        let mnt = self.mnts.get(layer as usize).map(|m| &**m).ok_or(EIO)?;
        if self.config.hard_ro {
            self.lowers
                .get(layer as usize)
                .ok_or(EIO)?
                .check_hard_ro(mnt)?;
        }
        Ok(mnt)
    }

    /// The upper layer.
    ///
    /// # Errors
    ///
    /// `EROFS` if there is none.
    pub fn upper(&self) -> Result<&Upper> {
        self.upper.as_ref().ok_or(EROFS)
    }

    /// The mount of the upper layer.
    ///
    /// # Errors
    ///
    /// `EROFS` if there is none.
    pub fn upper_mnt(&self) -> Result<&Mount> {
        self.upper()?;
        self.mnts.last().map(|m| &**m).ok_or(EROFS)
    }

    /// An object of the upper layer.
    pub fn upper_path<'a>(&'a self, dentry: &'a Dentry) -> Result<PathRef<'a>> {
        Ok(PathRef::new(self.upper_mnt()?, dentry))
    }

    /// What says which numbers are shown, if there is anything: the number of an object that has one by nature is
    /// the same, unless it is reserved for another one.
    pub fn reserved(&self) -> Option<&Reserved> {
        let reserved = &*self.upper.as_ref()?.reserved;
        (!reserved.is_empty()).then_some(reserved)
    }

    /// The number of an object that has this one by nature.
    pub fn shown(&self, number: Ino) -> Ino {
        self.reserved()
            .map_or(number, |reserved| reserved.shown(number))
    }

    /// Makes everything in the upper layer durable (`s_umount` of the union is held), or, if nobody
    /// waits for that, says whether the disk has failed to take data since the mount.
    pub fn sync(&self) -> Result {
        match self.should_sync() {
            true => sync_filesystem(self.upper_mnt()?.root()),
            false => self.check_errors(),
        }
    }

    /// Says whether the disk of the upper layer has failed to take data since the mount.
    pub fn check_errors(&self) -> Result {
        self.upper()?.errors.check(self.upper_mnt()?.root())
    }

    /// Whether a name is never a part of the tree: it would be a whiteout in a lower layer.
    pub fn is_reserved(&self, name: Name<'_>) -> bool {
        self.config.whiteouts == Whiteouts::Aufs && aufs::is_reserved(name.as_bytes())
    }

    /// Whether a name can be made.
    ///
    /// # Errors
    ///
    /// `EPERM` for one that would be a whiteout in a lower layer.
    pub fn check_new_name(&self, name: Name<'_>) -> Result {
        match self.is_reserved(name) {
            true => Err(EPERM),
            false => Ok(()),
        }
    }

    /// Whether changes are to be made durable at all.
    pub fn should_sync(&self) -> bool {
        self.config.fsync != Fsync::Volatile
    }
}
