// SPDX-License-Identifier: GPL-2.0-only

//! The data of a mounted union.

use crate::{
    logic::{
        aufs,
        inum::Inums,
        options::{Config, Fsync, Whiteouts},
        partial::Class,
    },
    union::{
        cache::reclaim::Registry,
        layers::{
            identity::UnionIdentity,
            layer::{LowerLayer, UpperLayer},
            reserved::Reserved,
        },
        OwnInode,
    },
    vfs::{
        attr::in_group_of,
        cred::{override_creds, NewCred},
        dentry::Dentry,
        mount::{Idmap, Mount, PrivateMount},
        path::PathRef,
        super_block::sync_filesystem,
        types::{Ino, Name},
    },
};
use kernel::{
    cred::Credential,
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// What statfs(2) reports as the type: "unio".
pub const UNION_SUPER_MAGIC: u32 = 0x756e_696f;

/// The data of a mounted union. Immutable but for the shared whiteout.
pub struct Union {
    /// Options.
    pub config: Config,
    /// Whether the lower layers were given one by one (`lowerdir+`, `datadir+`).
    pub lowers_one_by_one: bool,
    /// The upper layer, if there is one.
    pub upper: Option<UpperLayer>,
    /// The lower layers, topmost first, and after them the data-only layers.
    pub lowers: KVec<LowerLayer>,
    /// The number of the first data-only layer; that of all lower layers if there is none.
    pub data_from: u32,
    /// Room for the mounts of all layers, which are unmounted together.
    pub unmounting: KVec<PrivateMount>,
    /// What the union is known by.
    pub identity: UnionIdentity,
    /// Whether any of the lower layers may change by itself: its file system revalidates names.
    pub revalidates: bool,
    /// The mounter's credentials.
    pub cred: ARef<Credential>,
    /// How inode numbers are made unique.
    pub inums: Inums,
    /// The longest name any layer can hold, in bytes.
    pub namelen: i64,
    /// The key for hashing names. It is secret because users choose names. It is stored with the
    /// upper layer, if there is one: the hash determines the order of names that only the upper
    /// layer has, and positions in directories must survive a remount.
    pub hash_key: u64,
    /// The cached directories.
    pub registry: Arc<Registry>,
}

/// What walks under RCU look at.
pub struct WalkData {
    /// Whether any of the mounts of the layers maps ids.
    any_idmapped: bool,
    /// The mounter's credentials.
    pub cred: ARef<Credential>,
}

impl WalkData {
    /// Of this union.
    pub fn of(union: &Union) -> Self {
        let upper = union.upper.iter().map(|upper| &*upper.mnt);
        let mut mounts = Iterator::chain(upper, union.tree_lowers().map(LowerLayer::mnt));
        Self {
            any_idmapped: mounts.any(Mount::is_idmapped),
            cred: union.cred.clone(),
        }
    }

    /// The map of ids that is that of all layers, if there is one.
    pub fn idmap(&self) -> Option<&Idmap> {
        (!self.any_idmapped).then(Idmap::nop)
    }
}

/// See [`Union::cred_for_change`].
pub enum ChangeCred<'a> {
    /// The mounter's.
    Mounter(&'a Credential),
    /// Those for this change.
    Stripping(ARef<Credential>),
}

impl core::ops::Deref for ChangeCred<'_> {
    type Target = Credential;

    fn deref(&self) -> &Credential {
        match self {
            Self::Mounter(cred) => cred,
            Self::Stripping(cred) => cred,
        }
    }
}

impl Union {
    /// Does `act` with the mounter's credentials in force.
    pub fn with_creds<R>(&self, act: impl FnOnce() -> R) -> R {
        override_creds(&self.cred, |_| act())
    }

    /// The mounter's credentials; for a change that strips set-id bits of a union inode, seen through a mount with
    /// this map, with no more right to keep them than the caller has.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn cred_for_change(&self, strips: Option<(&Idmap, &OwnInode)>) -> Result<ChangeCred<'_>> {
        let Some((idmap, inode)) = strips else {
            return Ok(ChangeCred::Mounter(&self.cred));
        };
        // A member of a file's group keeps its set-group-id bit. Other groups of the caller do not count: they
        // are not those of the layers if the mount maps ids.
        let member = in_group_of(idmap, inode);
        override_creds(&self.cred, |_| {
            let mut new = NewCred::prepare()?;
            new.drop_fsetid();
            new.set_only_group(member.then_some(&**inode))?;
            Ok(ChangeCred::Stripping(new.finish()))
        })
    }

    /// A lower layer.
    ///
    /// # Errors
    ///
    /// `EIO`, with `hard_ro`, for one that could have been written to since it was mounted.
    pub fn lower(&self, layer: u32) -> Result<&LowerLayer> {
        // Layer numbers come from the stacks of this very mount, so it is there.
        let lower = self.lowers.get(layer as usize).ok_or(EIO)?;
        if self.config.hard_ro {
            lower.check_hard_ro()?;
        }
        Ok(lower)
    }

    /// The lower layers without the data-only ones.
    pub fn tree_lowers(&self) -> impl Iterator<Item = &LowerLayer> {
        self.lowers.iter().take(self.data_from as usize)
    }

    /// The data-only layers, topmost first.
    pub fn data_layers(&self) -> impl Iterator<Item = &LowerLayer> {
        self.lowers.iter().skip(self.data_from as usize)
    }

    /// Whether there are data-only layers, which are no part of the tree.
    pub fn has_data_layers(&self) -> bool {
        (self.data_from as usize) < self.lowers.len()
    }

    /// The upper layer.
    ///
    /// # Errors
    ///
    /// `EROFS` if there is none.
    pub fn upper(&self) -> Result<&UpperLayer> {
        self.upper.as_ref().ok_or(EROFS)
    }

    /// An object of the upper layer.
    ///
    /// # Errors
    ///
    /// As [`upper`](Self::upper); see [`Mount::at`](crate::vfs::mount::Mount::at).
    pub fn upper_path<'a>(&'a self, dentry: &'a Dentry) -> Result<PathRef<'a>> {
        self.upper()?.mnt.at(dentry)
    }

    /// Gives the layers up, and unmounts them for the price of one RCU grace period, which is waited for.
    pub fn unmount(&mut self) {
        let mut mounts = core::mem::take(&mut self.unmounting);
        let upper = self.upper.take().map(UpperLayer::into_mnt);
        let lowers = core::mem::take(&mut self.lowers);
        for mnt in Iterator::chain(lowers.into_iter().map(LowerLayer::into_mnt), upper) {
            // There is room for all. One that found none would be unmounted by itself.
            let _ = mounts.push_within_capacity(mnt);
        }
        PrivateMount::unmount_all(mounts);
    }

    /// The reservations, if there are any: an object shows its natural number, unless that is
    /// reserved for another object.
    pub fn reserved(&self) -> Option<&Reserved> {
        let reserved = &*self.upper.as_ref()?.reserved;
        (!reserved.is_empty()).then_some(reserved)
    }

    /// The number shown for an object with this natural number.
    pub fn shown(&self, number: Ino) -> Ino {
        self.reserved()
            .map_or(number, |reserved| reserved.shown(number))
    }

    /// Makes everything in the upper layer durable (`s_umount` of the union is held), or, without
    /// `wait`, reports whether the disk has failed to take data since the mount.
    pub fn sync(&self) -> Result {
        let upper = self.upper()?;
        match self.should_sync() {
            true => sync_filesystem(upper.mnt.root()),
            false => upper.check_errors(),
        }
    }

    /// Whether a name is never part of the tree, because it would be a whiteout in a lower layer.
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

    /// Whether something has to be synced before what relies on it: the file system of the upper layer
    /// is not known to keep the order of changes, or it is not to be relied on.
    pub fn syncs_for_order(&self) -> bool {
        let keeps_order = self
            .upper
            .as_ref()
            .is_some_and(|upper| upper.class != Class::None);
        match self.config.fsync {
            Fsync::Volatile => false,
            Fsync::Auto => !keeps_order,
            Fsync::Strict => true,
        }
    }

    /// Whether changes are made durable at all.
    pub fn should_sync(&self) -> bool {
        self.config.fsync != Fsync::Volatile
    }
}
