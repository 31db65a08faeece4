// SPDX-License-Identifier: GPL-2.0-only

//! The data of a union inode: the object in the upper layer, those in the lower layers.

use crate::{
    logic::{inum::Space, value::Protattr},
    union::{
        cache::slot::DirSlot,
        layers::{
            file_data::FileData,
            impurity::Impurity,
            lower::{LowerPath, LowerStack},
            union::Union,
            upper_dentry::UpperDentry,
        },
    },
    vfs::{inode_data::Backing, mutex::KillableMutex, path::PathRef, types::Ino},
};
use kernel::{
    prelude::*,
    static_lock_class,
    sync::{
        atomic::{Atomic, Relaxed},
        SetOnce,
    },
};

/// The data of a union inode.
#[pin_data]
pub struct Node {
    /// The object in the upper layer; set once, by lookup, creation or copy-up.
    upper: SetOnce<UpperDentry>,
    /// Immutable.
    lower: LowerStack,
    /// Of a regular file: where its data are.
    pub data: FileData,
    /// Held during copy-up, during removal, and while a directory is read.
    #[pin]
    pub lock: KillableMutex,
    /// The name was removed before the object was copied up, so a later copy has no name. Written
    /// under `lock`.
    unlinked: Atomic<bool>,
    /// Of a directory: the number space of its lower objects. Immutable.
    space: Space,
    /// Of a directory: whether entries of the upper directory may carry the inode number of a lower object.
    pub impurity: Impurity,
    /// Of a directory: the upper directory was made opaque after the stack was built.
    made_opaque: Atomic<bool>,
    /// The object in the upper layer shows the inode number of a lower one.
    recorded_ino: Atomic<bool>,
    /// Of a file: the object in the upper layer is no copy, or the name of the copy is on stable
    /// storage, and that it has its data. Until then fdatasync(2) is not enough: for the file system neither
    /// a link nor the removal of a mark is a change of the data.
    name_stable: Atomic<bool>,
    /// Of a directory: what is kept of what it shows.
    pub cache: DirSlot,
}

impl Node {
    /// The data of an inode. `depth`: how many file systems are stacked, with the union.
    pub fn new(parts: Parts, depth: i32) -> impl PinInit<Self, Error> {
        // A union over a union takes the inner one's locks while it holds its own, so they need two
        // lock classes.
        let (plain, outer) = (static_lock_class!(), static_lock_class!());
        let lock_class = if depth > 1 { outer } else { plain };
        let upper = SetOnce::new();
        if let Some(dentry) = parts.upper {
            upper.populate(dentry);
        }
        try_pin_init!(Self {
            upper,
            lower: parts.lower,
            data: parts.data,
            lock <- KillableMutex::new(c"union_node", lock_class),
            unlinked: Atomic::new(false),
            space: parts.space,
            impurity: Impurity::new(parts.impure),
            made_opaque: Atomic::new(false),
            recorded_ino: Atomic::new(parts.ino.is_some()),
            // A copy with a recorded number is identified by it.
            name_stable: Atomic::new(parts.ino.is_none()),
            cache: DirSlot::new(),
        }? Error)
    }

    /// The object in the upper layer.
    pub fn upper(&self) -> Option<&UpperDentry> {
        self.upper.as_ref()
    }

    /// The object in the upper layer, if it has the data of the file.
    pub fn data_upper(&self) -> Option<&UpperDentry> {
        self.upper().filter(|_| self.data.are_in_upper())
    }

    /// The lower file that has, or had, the data; `None` if it is not looked up yet
    /// ([`locate`](crate::union::lookup::data::locate)).
    pub fn data_lower(&self) -> Option<&LowerPath> {
        self.data.lower(self.lower.as_slice())
    }

    /// Whether the object that stands for a regular file has its data.
    pub fn has_own_data(&self) -> bool {
        self.data.are_own(self.upper().is_some())
    }

    /// The inode of the object that stands for the inode, and whether it is in the upper layer.
    pub fn backing(&self) -> Option<Backing<'_>> {
        let upper = self.upper().map(|upper| &**upper);
        let lower = || self.lower.as_slice().first().map(|lower| &*lower.dentry);
        Some(Backing {
            inode: upper.or_else(lower)?.inode()?,
            takes_changes: upper.is_some(),
        })
    }

    /// Publishes the object in the upper layer, a copy; `leaves_data`: one without its data. Under `lock`.
    pub fn publish(&self, upper: UpperDentry, leaves_data: bool) {
        // Before the copy can be found.
        self.name_stable.store(false, Relaxed);
        if leaves_data {
            self.data.leave_below();
        }
        self.upper.populate(upper);
    }

    /// The objects in the lower layers, topmost first.
    pub fn lowers(&self) -> &[LowerPath] {
        if self.made_opaque.load(Relaxed) {
            return &[];
        }
        self.lower.as_slice()
    }

    /// The number space of the lower objects of a directory.
    pub fn space(&self) -> Space {
        self.space
    }

    /// Records that the upper directory was marked opaque: it now hides what the lower layers hold.
    pub fn forget_lowers(&self) {
        self.made_opaque.store(true, Relaxed);
    }

    /// Whether more than one layer contributes.
    pub fn is_merged(&self) -> bool {
        let parts = self.lowers().len() + usize::from(self.upper().is_some());
        parts > 1
    }

    /// The object that stands for the inode: that of the upper layer, else the topmost lower one.
    pub fn real<'a>(&'a self, union: &'a Union) -> Result<PathRef<'a>> {
        match self.upper() {
            Some(upper) => union.upper_path(upper),
            None => self.real_lower(union),
        }
    }

    /// The topmost lower object.
    pub fn real_lower<'a>(&'a self, union: &'a Union) -> Result<PathRef<'a>> {
        self.lowers().first().ok_or(EIO)?.path(union)
    }

    /// Whether the name was removed (see the field).
    pub fn is_unlinked(&self) -> bool {
        self.unlinked.load(Relaxed)
    }

    /// Records that the name was removed. Under `lock`.
    pub fn set_unlinked(&self) {
        self.unlinked.store(true, Relaxed);
    }

    /// Whether the object in the upper layer shows the inode number of a lower one.
    pub fn has_recorded_ino(&self) -> bool {
        self.recorded_ino.load(Relaxed)
    }

    /// Records that it does.
    pub fn set_recorded_ino(&self) {
        self.recorded_ino.store(true, Relaxed);
    }

    /// Whether the name of a file in the upper layer is on stable storage (see the field).
    pub fn is_name_stable(&self) -> bool {
        self.name_stable.load(Relaxed)
    }

    /// Whether the size of a regular file is that of the lower file with its data.
    pub fn has_lower_size(&self) -> bool {
        self.data.has_lower_size(self.upper().is_some())
    }

    /// Records that the object in the upper layer has the data now. Under `lock`, or that of the partial file.
    pub fn set_data_copied(&self) {
        // Before they are looked for there. For the file system the mark's removal is no change of the
        // data, as a link is none.
        self.name_stable.store(false, Relaxed);
        self.data.set_in_upper();
    }

    /// Records that it is, after a full fsync of the object in the upper layer.
    pub fn set_name_stable(&self) {
        self.name_stable.store(true, Relaxed);
    }
}

/// The parts of a new inode.
pub struct Parts {
    /// The object in the upper layer.
    pub upper: Option<UpperDentry>,
    /// The objects in the lower layers.
    pub lower: LowerStack,
    /// Of a regular file: where its data are.
    pub data: FileData,
    /// The inode number of an object of the upper layer, if it is that of a lower one
    /// ([`crate::union::layers::inum::of_copy`]).
    pub ino: Option<Ino>,
    /// The number space of lower objects in the object's directory.
    pub place: Space,
    /// See [`Node::space`].
    pub space: Space,
    /// Whether the upper directory is marked impure.
    pub impure: bool,
    /// The protection flags recorded with the object.
    pub protection: Protattr,
}
