// SPDX-License-Identifier: GPL-2.0-only

//! What a union inode is made of: the object in the top layer, those in the lower layers.

use super::{
    attr::UnionInode,
    fs::{Union, UnionFs},
    inum::{self, Numbers},
    known, Inode,
};
use crate::{
    logic::{change::copy_up::mode_for_top, entry::Kind, inum::Space, value::Protattr},
    vfs::{
        dentry::Dentry,
        errno::ESTALE,
        inode::Inode as AnyInode,
        inode_data::Backing,
        mutex::KillableMutex,
        new_inode::{self, Iget, New},
        path::PathRef,
        stack,
        super_block::SuperBlock,
        types::Ino,
    },
};
use kernel::{
    prelude::*,
    static_lock_class,
    sync::{
        aref::ARef,
        atomic::{Acquire, Atomic, Full, Relaxed, Release},
        SetOnce,
    },
};

/// An object of a lower layer (`struct union_dir` of the 2010 union mounts, without the links).
pub struct LowerPath {
    /// The layer, 0 for the topmost lower one.
    pub layer: u32,
    /// The object there.
    pub dentry: ARef<Dentry>,
    /// Of a directory: empty files in it may be whiteouts, by an attribute of theirs.
    pub xwhiteouts: bool,
}

/// The lower objects of an inode, topmost first: as many as there are, and no allocation for one.
pub enum LowerStack {
    /// None: the object lives in the top layer alone.
    None,
    /// One: every lower object but a merged directory.
    One(LowerPath),
    /// The lower directories of a merged directory.
    Many(KVec<LowerPath>),
}

impl LowerStack {
    /// The objects.
    pub fn as_slice(&self) -> &[LowerPath] {
        match self {
            Self::None => &[],
            Self::One(one) => core::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// Takes over what was collected, in a vector of the exact size.
    pub fn from_vec(mut found: KVec<LowerPath>) -> Result<Self> {
        match found.len() {
            0 => Ok(Self::None),
            1 => Ok(found.pop().map_or(Self::None, Self::One)),
            n => {
                let mut exact = KVec::with_capacity(n, GFP_KERNEL_ACCOUNT)?;
                for path in found {
                    exact.push(path, GFP_KERNEL_ACCOUNT)?;
                }
                Ok(Self::Many(exact))
            }
        }
    }
}

/// The data of a union inode.
#[pin_data]
pub struct Node {
    /// The object in the top layer; set once, by lookup, creation or copy-up.
    upper: SetOnce<ARef<Dentry>>,
    /// Immutable.
    lower: LowerStack,
    /// Held during copy-up, during removal, and while a directory is read.
    #[pin]
    pub lock: KillableMutex,
    /// The name was removed while the object was not in the top layer: a later copy-up has nowhere
    /// to go. Written under `lock`.
    gone: Atomic<bool>,
    /// Of a directory: what the numbers of its lower objects are made in. Immutable.
    space: Space,
    /// Of a directory: entries of the top directory may carry the inode number of a lower object. 0
    /// says that none does; any other number, that one may, and another number that one more does.
    impure: Atomic<u32>,
    /// Of a directory: how many copies of its entries are on their way into the top directory.
    arriving: Atomic<u32>,
    /// Of a directory: the top directory is marked for that.
    marked_impure: Atomic<bool>,
    /// Of a directory: the top directory was made opaque after the stack was built.
    sealed: Atomic<bool>,
    /// The object in the top layer shows the inode number of a lower one.
    recorded_ino: Atomic<bool>,
    /// Of a file: the object in the top layer is no copy, or the name of the copy is known to be
    /// stable. Until then fdatasync(2) is not enough: a copy is synced before it is linked, and to
    /// the file system a link is no change of the data.
    name_stable: Atomic<bool>,
    /// Of a directory.
    pub dir: known::Dir,
}

impl Node {
    fn new(parts: Parts, depth: i32) -> impl PinInit<Self, Error> {
        // A union in a union takes the inner one's locks while it holds its own: two classes.
        let (plain, outer) = (static_lock_class!(), static_lock_class!());
        let lock_class = if depth > 1 { outer } else { plain };
        let upper = SetOnce::new();
        if let Some(dentry) = parts.upper {
            upper.populate(dentry);
        }
        try_pin_init!(Self {
            upper,
            lower: parts.lower,
            lock <- KillableMutex::new(c"union_node", lock_class),
            gone: Atomic::new(false),
            space: parts.space,
            impure: Atomic::new(parts.impure.into()),
            arriving: Atomic::new(0),
            marked_impure: Atomic::new(parts.impure),
            sealed: Atomic::new(false),
            recorded_ino: Atomic::new(parts.ino.is_some()),
            // A recorded number is what a copy is known by.
            name_stable: Atomic::new(parts.ino.is_none()),
            dir: known::Dir::new(),
        }? Error)
    }

    /// The object in the top layer.
    pub fn upper(&self) -> Option<&Dentry> {
        self.upper.as_ref().map(|dentry| &**dentry)
    }

    /// The objects in the lower layers, topmost first.
    pub fn lowers(&self) -> &[LowerPath] {
        if self.sealed.load(Relaxed) {
            return &[];
        }
        self.lower.as_slice()
    }

    /// What the numbers of the lower objects of a directory are made in.
    pub fn space(&self) -> Space {
        self.space
    }

    /// Notes that the top directory was marked opaque: what lies beneath is hidden from now on.
    pub fn seal(&self) {
        self.sealed.store(true, Relaxed);
    }

    /// Whether more than one layer contributes.
    pub fn is_merged(&self) -> bool {
        let parts = self.lowers().len() + usize::from(self.upper().is_some());
        parts > 1
    }

    /// The object that stands for the inode: that of the top layer, else the topmost lower one.
    pub fn real<'a>(&'a self, union: &'a Union) -> Result<PathRef<'a>> {
        match self.upper() {
            Some(upper) => union.upper_path(upper),
            None => self.real_lower(union),
        }
    }

    /// The topmost lower object.
    pub fn real_lower<'a>(&'a self, union: &'a Union) -> Result<PathRef<'a>> {
        let lower = self.lowers().first().ok_or(EIO)?;
        Ok(PathRef::new(union.lower_mnt(lower.layer)?, &lower.dentry))
    }

    /// Whether the name is gone (see the field).
    pub fn is_gone(&self) -> bool {
        self.gone.load(Relaxed)
    }

    /// Notes that the name is gone. Under `lock`.
    pub fn set_gone(&self) {
        self.gone.store(true, Relaxed);
    }

    /// Whether entries may carry the inode number of a lower object.
    pub fn is_impure(&self) -> bool {
        self.impurity() != 0
    }

    /// A number for [`found_pure`](Self::found_pure): to be asked for before the entries are read.
    pub fn impurity(&self) -> u32 {
        // Who sees the number that `arrival` has made sees that one is on its way.
        self.impure.load(Acquire)
    }

    /// Notes that one more entry is about to, or does now.
    ///
    /// Fully ordered, as [`set_marked_impure`](Self::set_marked_impure): who looks for the mark afterwards
    /// sees that it is being taken off, or who takes it off and looks here afterwards sees this.
    pub fn set_impure(&self) {
        if self.impure.fetch_add(1, Full) == u32::MAX {
            self.impure.store(1, Release);
        }
    }

    /// Notes that one more entry is about to, in a directory that is not locked: until the result is
    /// dropped, listings find none pure. Their entries may have been read before it was there.
    pub fn arrival(&self) -> Arrival<'_> {
        self.arriving.fetch_add(1, Relaxed);
        self.set_impure();
        Arrival(self)
    }

    /// Notes that no entry does, unless one has come since `impurity` was asked for, or is about to.
    pub fn found_pure(&self, impurity: u32) {
        if self.arriving.load(Acquire) == 0 {
            let _ = self.impure.cmpxchg(impurity, 0, Relaxed);
        }
    }

    /// Whether the top directory is marked for that.
    pub fn is_marked_impure(&self) -> bool {
        self.marked_impure.load(Relaxed)
    }

    /// Notes whether it is, fully ordered.
    pub fn set_marked_impure(&self, is: bool) {
        self.marked_impure.xchg(is, Full);
    }

    /// Whether the object in the top shows the inode number of a lower one.
    pub fn has_recorded_ino(&self) -> bool {
        self.recorded_ino.load(Relaxed)
    }

    /// Notes that it does.
    pub fn set_recorded_ino(&self) {
        self.recorded_ino.store(true, Relaxed);
    }

    /// Whether the name of a file in the top layer is known to be stable (see the field).
    pub fn is_name_stable(&self) -> bool {
        self.name_stable.load(Relaxed)
    }

    /// Notes that it is, after a full fsync of the object in the top layer.
    pub fn set_name_stable(&self) {
        self.name_stable.store(true, Relaxed);
    }
}

/// A copy on its way into the top directory of a node ([`Node::arrival`]).
#[must_use]
pub struct Arrival<'a>(&'a Node);

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        // A listing that has seen the first number may not have seen the copy.
        self.0.set_impure();
        self.0.arriving.fetch_sub(1, Release);
    }
}

/// What an inode is to be made of.
pub struct Parts {
    /// The object in the top layer.
    pub upper: Option<ARef<Dentry>>,
    /// The objects in the lower layers.
    pub lower: LowerStack,
    /// The inode number of an object of the top, if it is that of a lower one ([`super::inum::of_copy`]).
    pub ino: Option<Ino>,
    /// What numbers of lower objects are made in where the object is.
    pub place: Space,
    /// See [`Node::space`].
    pub space: Space,
    /// See [`Node::is_impure`].
    pub impure: bool,
    /// The protection flags recorded with the object.
    pub protection: Protattr,
}

/// What `parts` show for: the object that stands for the inode.
struct Face<'a> {
    path: PathRef<'a>,
    real: &'a AnyInode,
    in_top: bool,
    numbers: Numbers,
    /// In which its number is made.
    space: Space,
}

impl<'a> Face<'a> {
    fn of(union: &'a Union, parts: &'a Parts) -> Result<Self> {
        let (path, numbers) = match (&parts.upper, parts.lower.as_slice().first()) {
            (Some(upper), _) => (union.upper_path(upper)?, union.upper()?.numbers),
            (None, Some(lower)) => {
                let layer = union.lowers.get(lower.layer as usize).ok_or(EIO)?;
                let path = PathRef::new(union.lower_mnt(lower.layer)?, &lower.dentry);
                (path, layer.numbers)
            }
            (None, None) => return Err(EIO),
        };
        Ok(Self {
            path,
            real: path.dentry().inode().ok_or(ESTALE)?,
            in_top: parts.upper.is_some(),
            numbers,
            space: match parts.upper {
                Some(_) => Space::NATURAL,
                None => parts.place,
            },
        })
    }

    /// The inode number in the union: that of a lower object, if it is the copy's, or one made of that in
    /// the layer.
    fn ino(&self, union: &Union, copied: Option<Ino>) -> Result<Ino> {
        if let Some(ino) = copied {
            return Ok(ino);
        }
        let natural = self.numbers.ino(union.inums, self.path)?;
        let several_links = !inum::is_single(self.real);
        Ok(union.shown(self.space.number(natural, several_links)))
    }

    fn backing(&self) -> Backing<'a> {
        Backing {
            inode: self.real,
            takes_changes: self.in_top,
        }
    }
}

/// The inode of `parts`, from the inode cache or new.
///
/// Inodes are found by their number, which copy-up keeps, and the object behind them. A lower file
/// with several links is not looked for: each name becomes a file of its own when it is copied up.
///
/// # Errors
///
/// `ENOMEM`; `ESTALE` for an object that went away.
pub fn get(sb: &SuperBlock<UnionFs>, parts: Parts) -> Result<ARef<Inode>> {
    let face = Face::of(sb.data(), &parts)?;
    let ino = face.ino(sb.data(), parts.ino)?;
    let shared = face.in_top || face.real.is_dir() || face.real.nlink() == 1;
    let iget = if shared {
        sb.iget5(ino, face.backing())?
    } else {
        let mut new = sb.new_inode()?;
        new.set_identity(ino, face.backing());
        Iget::New(new)
    };
    complete(sb, iget, parts)
}

/// Completes a new inode whose object in the top layer was just made.
pub fn init_created(
    sb: &SuperBlock<UnionFs>,
    new: New<UnionFs>,
    upper: ARef<Dentry>,
) -> Result<ARef<Inode>> {
    let parts = Parts {
        upper: Some(upper),
        lower: LowerStack::None,
        ino: None,
        place: Space::NATURAL,
        space: Space::NATURAL,
        impure: false,
        protection: Protattr::default(),
    };
    let face = Face::of(sb.data(), &parts)?;
    let iget = new.insert5(face.ino(sb.data(), None)?, face.backing())?;
    complete(sb, iget, parts)
}

fn complete(sb: &SuperBlock<UnionFs>, iget: Iget<UnionFs>, parts: Parts) -> Result<ARef<Inode>> {
    let mut new = match iget {
        Iget::Cached(inode) => return Ok(inode),
        Iget::New(new) => new,
    };
    let kind = {
        let face = Face::of(sb.data(), &parts)?;
        let (real, mnt) = (face.real, face.path.mnt());
        stack::init_from(&mut new, mnt, real);
        stack::add_protection(
            &mut new,
            parts.protection.immutable,
            parts.protection.append,
        );
        if !face.in_top && mnt.is_nosuid() {
            // Set-id bits of a layer that is mounted nosuid do not work through the union either.
            new.set_mode(mode_for_top(real.mode(), true));
        }
        let merged = parts.lower.as_slice().len() + usize::from(face.in_top) > 1;
        if real.is_dir() && merged {
            // The number of subdirectories is not known; 1 says so to find(1) and its like.
            new.set_nlink(1);
        }
        match Kind::from_mode(u32::from(real.mode())).ok_or(EIO)? {
            Kind::Directory => new_inode::Kind::dir::<UnionInode>(),
            Kind::Regular => new_inode::Kind::regular::<UnionInode>(),
            Kind::Symlink => new_inode::Kind::symlink::<UnionInode>(),
            Kind::CharDevice | Kind::BlockDevice | Kind::Fifo | Kind::Socket => {
                new_inode::Kind::special::<UnionInode>(real.rdev())
            }
        }
    };
    new.init(&kind, Node::new(parts, sb.stack_depth()))
}

impl Node {
    /// Publishes the object in the top layer that copy-up made. Under `lock`.
    pub fn set_upper(inode: &Inode, upper: ARef<Dentry>) -> Result {
        let node = inode.data();
        let union = inode.sb().data();
        // Before anything changes: this may fail.
        let ino = match inode.is_hashed() {
            true => inode.ino(),
            false => {
                let numbers = union.upper()?.numbers;
                union.shown(numbers.ino(union.inums, union.upper_path(&upper)?)?)
            }
        };
        // Before anybody can find the copy.
        node.name_stable.store(false, Relaxed);
        node.upper.populate(upper);
        let real = node.upper().and_then(|d| d.inode()).ok_or(EIO)?;
        inode.set_backing(Backing {
            inode: real,
            takes_changes: true,
        });
        if !inode.is_hashed() && !node.is_gone() {
            // One of several names of a lower file, now a file of its own.
            inode.set_ino(ino);
            inode.set_nlink(1);
            inode.hash();
        }
        Ok(())
    }
}
