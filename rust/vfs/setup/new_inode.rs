// SPDX-License-Identifier: GPL-2.0-only

//! Inodes in the making.
//!
//! C: `new_inode()`, `iget5_locked()`, `unlock_new_inode()`, `fs/inode.c`.

use crate::bindings;
use crate::vfs::{
    callback::callbacks,
    compat,
    errno::ESTALE,
    file_system::FileSystem,
    inode::{Inode, OwnInode},
    inode_data::{Backing, WithData},
    inode_kinds::{tables, InodeKinds},
    mount::{Idmap, Mount},
    stack,
    super_block::SuperBlock,
    types::{Ino, Protection},
};
use core::{marker::PhantomData, mem::ManuallyDrop, ptr::NonNull};
use kernel::{
    ffi::{c_int, c_void},
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{Acquire, Release},
    },
};

/// A new inode: allocated, perhaps hashed, not yet usable.
///
/// Dropping it discards it (`iget_failed()` if others may wait for it, else `iput()`).
pub struct NewInode<T: FileSystem> {
    inode: NonNull<bindings::inode>,
    /// `I_NEW` is set: lookups of the same key wait for the end of `init`.
    locked: bool,
    _t: PhantomData<T>,
}

impl<T: FileSystem> NewInode<T> {
    /// # Safety
    ///
    /// `inode` must be a new inode of a super block of `T`, with one reference that is given away.
    pub(in crate::vfs) unsafe fn from_raw(inode: NonNull<bindings::inode>, locked: bool) -> Self {
        Self {
            inode,
            locked,
            _t: PhantomData,
        }
    }

    /// Sets the link count.
    pub fn set_nlink(&mut self, nlink: u32) {
        // SAFETY: Not published yet.
        unsafe { bindings::set_nlink(self.inode.as_ptr(), nlink) };
    }

    /// Sets type and permission bits.
    pub fn set_mode(&mut self, mode: u16) {
        // SAFETY: Not published yet.
        unsafe { (*self.inode.as_ptr()).i_mode = mode };
    }

    /// Sets owner and mode as a new object in `dir` gets them that is made through a mount with this map
    /// (`inode_init_owner()`).
    pub fn init_owner(&mut self, idmap: &Idmap, dir: &OwnInode<T>, mode: u16) {
        // SAFETY: Not published yet; the others are alive.
        unsafe {
            bindings::inode_init_owner(idmap.as_ptr(), self.inode.as_ptr(), dir.as_ptr(), mode)
        };
    }

    /// Hashes the still unhashed inode, unless there is one of the same identity already
    /// (`inode_insert5()`). Until [`init`](Self::init) has completed it, lookups wait for it.
    ///
    /// # Errors
    ///
    /// `ESTALE` if the inode of that identity is being evicted.
    pub fn insert5(self, ino: Ino, backing: Backing<'_>) -> Result<Iget<T>> {
        let identity = Identity::new(ino, backing);
        // SAFETY: Not published; the callbacks are those of `T`, the identity lives for the call.
        let found = unsafe {
            bindings::inode_insert5(
                self.inode.as_ptr(),
                ino,
                Some(IdentityTable::<T>::test),
                Some(IdentityTable::<T>::set),
                (&raw const identity).cast_mut().cast(),
            )
        };
        let found = NonNull::new(found).ok_or(ESTALE)?;
        if found == self.inode {
            let mut this = self;
            this.locked = true;
            return Ok(Iget::New(this));
        }
        // INVARIANT: The other one is complete: the function has waited for it.
        // SAFETY: It is of the same super block and carries a reference, which moves over.
        Ok(Iget::Cached(unsafe { ARef::from_raw(found.cast()) }))
    }

    /// Gives an inode that is not to be hashed its identity.
    pub fn set_identity(&mut self, ino: Ino, backing: Backing<'_>) {
        let identity = Identity::new(ino, backing);
        // SAFETY: Not published yet, and of `T`.
        unsafe { identity.store::<T>(self.inode.as_ptr()) };
    }

    /// Takes over all attributes of `real` as seen through `mnt`, but the inode number.
    pub fn copy_from(&mut self, mnt: &Mount, real: &Inode) {
        stack::copy_all(self.as_inode(), mnt, real);
        // SAFETY: Both are alive; the new inode is not published.
        unsafe {
            bindings::set_nlink(self.inode.as_ptr(), real.nlink());
            bindings::inode_copy_rdev(self.inode.as_ptr(), real.as_ptr());
        }
        stack::copy_all_flags(self.as_inode(), real);
    }

    /// Takes over the size of `real`, which has the data.
    pub fn copy_size(&mut self, real: &Inode) {
        stack::copy_data_size(self.as_inode(), real);
    }

    /// Shows protection flags that are kept elsewhere than with the inode behind.
    pub fn add_protection(&mut self, protection: Protection) {
        let flags = protection.inode_flags();
        if flags != 0 {
            // SAFETY: The inode is alive and not published.
            unsafe { bindings::inode_set_flags(self.inode.as_ptr(), flags, flags) };
        }
    }

    /// The inode, of which only the C part may be used before `init`.
    pub fn as_inode(&self) -> &Inode {
        // SAFETY: Alive, one reference is held.
        unsafe { Inode::from_raw(self.inode.as_ptr()) }
    }

    /// Completes the inode: its operations are those of its type, which was set before, by
    /// `init_owner` or by copying attributes.
    ///
    /// # Errors
    ///
    /// `EIO` for a type that there is not; those of `data`. The inode is then discarded.
    pub fn init(self, data: impl PinInit<T::InodeData, Error>) -> Result<ARef<OwnInode<T>>>
    where
        T: InodeKinds,
    {
        let tables = tables::<T>(self.as_inode().mode())?;
        // SAFETY: Not published, and of the type of the tables; the slot is uninitialised memory at
        // its final place: inodes do not move. On error nothing is left initialised.
        unsafe {
            let this = WithData::<T>::container_of(self.inode.as_ptr());
            compat::raw_try_init(&raw mut (*this).data, data)?;
            (*this).ready = true;
            WithData::<T>::note_backing(this);
            tables.install(self.inode.as_ptr());
            bindings::inode_set_lock_class(self.inode.as_ptr());
        }
        let this = ManuallyDrop::new(self);
        if this.locked {
            // SAFETY: I_NEW is set; this wakes those who wait for it.
            unsafe { bindings::unlock_new_inode(this.inode.as_ptr()) };
        }
        // INVARIANT: The data is initialised.
        // SAFETY: The reference moves over.
        Ok(unsafe { ARef::from_raw(this.inode.cast()) })
    }
}

impl<T: InodeKinds> WithData<T> {
    /// Has walks under RCU find what the data say to be behind the inode.
    ///
    /// # Safety
    ///
    /// `this` must be one whose data are initialised.
    unsafe fn note_backing(this: *mut Self) {
        // SAFETY: By the function's contract. Only these fields are borrowed: C writes to the inode.
        unsafe {
            let backing = T::backing((*this).data.assume_init_ref());
            (*this)
                .backing
                .store(backing.map_or(0, Backing::word), Release);
        }
    }
}

impl<T: InodeKinds> OwnInode<T> {
    /// For a stacked file system: the inode behind this one is another one than before
    /// ([`InodeKinds::backing`]).
    pub fn backing_changed(&self) {
        // SAFETY: The data of such an inode are initialised.
        unsafe { WithData::<T>::note_backing(WithData::container_of(self.as_ptr())) }
    }
}

impl<T: FileSystem> Drop for NewInode<T> {
    fn drop(&mut self) {
        // SAFETY: The reference is ours. `iget_failed()` unlocks and puts an I_NEW inode.
        unsafe {
            if self.locked {
                bindings::iget_failed(self.inode.as_ptr());
            } else {
                bindings::iput(self.inode.as_ptr());
            }
        }
    }
}

/// What [`SuperBlock::iget5`] finds.
pub enum Iget<T: FileSystem> {
    /// The inode of that key exists.
    Cached(ARef<OwnInode<T>>),
    /// It must be filled in.
    New(NewInode<T>),
}

impl<T: FileSystem> SuperBlock<T> {
    /// A new inode that is not hashed (`new_inode()`).
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new_inode(&self) -> Result<NewInode<T>> {
        // SAFETY: The super block is alive, and its inodes are of `T`.
        let inode = unsafe { bindings::new_inode(self.as_ptr()) };
        let inode = NonNull::new(inode).ok_or(ENOMEM)?;
        // SAFETY: A new inode with one reference.
        Ok(unsafe { NewInode::from_raw(inode, false) })
    }

    /// The inode of an identity, from the inode cache or new (`iget5_locked()`).
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn iget5(&self, ino: Ino, backing: Backing<'_>) -> Result<Iget<T>> {
        let identity = Identity::new(ino, backing);
        // SAFETY: The super block is alive; the callbacks are those of `T`, the identity lives for
        // the call.
        let inode = unsafe {
            bindings::iget5_locked(
                self.as_ptr(),
                ino,
                Some(IdentityTable::<T>::test),
                Some(IdentityTable::<T>::set),
                (&raw const identity).cast_mut().cast(),
            )
        };
        let inode = NonNull::new(inode).ok_or(ENOMEM)?;
        // SAFETY: A referenced inode of this super block: new with I_NEW set, or complete. Of a
        // complete one the reference moves over; the types are transparent.
        unsafe {
            if bindings::inode_is_new(inode.as_ptr()) {
                Ok(Iget::New(NewInode::from_raw(inode, true)))
            } else {
                Ok(Iget::Cached(ARef::from_raw(inode.cast())))
            }
        }
    }
}

/// The key of an inode: its number, and the inode behind it.
struct Identity {
    ino: Ino,
    backing: usize,
}

impl Identity {
    fn new(ino: Ino, backing: Backing<'_>) -> Self {
        Self {
            ino,
            backing: backing.word(),
        }
    }

    /// # Safety
    ///
    /// `inode` must be an inode of `T` that nobody else uses, or be locked in the inode hash.
    unsafe fn store<T: FileSystem>(&self, inode: *mut bindings::inode) {
        // SAFETY: By the function's contract.
        unsafe {
            (*inode).i_ino = self.ino;
            (*WithData::<T>::container_of(inode))
                .backing
                .store(self.backing, Release);
        }
    }
}

impl<T: FileSystem> IdentityTable<T> {
    callbacks! {
        /// For `iget5_locked()`, with an `Identity`. The memory of an inode in the hash is not freed
        /// before a grace period has passed.
        fn test(inode: *mut bindings::inode, identity: *mut c_void) -> c_int {
            // SAFETY: The inode is one of `T`, and the identity is the caller's.
            unsafe {
                let identity = &*identity.cast::<Identity>();
                let backing = (*WithData::<T>::container_of(inode)).backing.load(Acquire);
                let same = backing & !1 == identity.backing & !1;
                c_int::from(same && (*inode).i_ino == identity.ino)
            }
        }

        /// For `iget5_locked()`, with an `Identity`, under the hash lock.
        fn set(inode: *mut bindings::inode, identity: *mut c_void) -> c_int {
            // SAFETY: The inode is one of `T`, and the identity is the caller's.
            unsafe { (*identity.cast::<Identity>()).store::<T>(inode) };
            0
        }
    }
}

struct IdentityTable<T>(PhantomData<T>);
