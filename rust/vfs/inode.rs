// SPDX-License-Identifier: GPL-2.0-only

//! Inodes.
//!
//! [`Inode`] is an inode of any file system; [`INode`] is one of our own file system `T`, with
//! `T`'s data in the same allocation. A new one is a [`New`] until it is initialised: it cannot
//! escape half-built.
//!
//! C: `include/linux/fs.h`, `fs/inode.c`.

use super::{
    compat,
    file_system::FileSystem,
    inode_ops::{DirOperations, RegOperations, SpecialOperations, SymlinkOperations, Tables},
    super_block::SuperBlock,
    types::{Ino, Loff},
};
use crate::bindings;
use core::{
    marker::PhantomData,
    mem::{offset_of, ManuallyDrop, MaybeUninit},
    ptr::NonNull,
};
use kernel::{
    prelude::*,
    sync::{
        aref::{ARef, AlwaysRefCounted},
        atomic::{Acquire, Atomic, Release},
        rcu,
    },
    types::Opaque,
};

/// An inode of any file system (`struct inode`).
///
/// # Invariants
///
/// Instances are always refcounted by `i_count`.
#[repr(transparent)]
pub struct Inode(Opaque<bindings::inode>);

// SAFETY: An inode may be used from any task; its fields are read under its own rules.
unsafe impl Send for Inode {}
// SAFETY: As above.
unsafe impl Sync for Inode {}

// SAFETY: `ihold()` and `iput()` count references.
unsafe impl AlwaysRefCounted for Inode {
    fn inc_ref(&self) {
        // SAFETY: `&self` holds a reference already, as `ihold()` demands.
        unsafe { bindings::ihold(self.as_ptr()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller gives away a reference it owns; sleepable context, as for dentries.
        unsafe { bindings::iput(obj.as_ptr().cast()) };
    }
}

impl Inode {
    /// # Safety
    ///
    /// `ptr` must be valid and referenced for `'a`.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::inode) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::inode {
        self.0.get()
    }

    /// File type and permission bits. May change at any time but for the type.
    pub fn mode(&self) -> u16 {
        // SAFETY: A racing read of a naturally aligned `umode_t`, as C does without a lock.
        unsafe { (&raw const (*self.as_ptr()).i_mode).read_volatile() }
    }

    /// The file type alone (`S_IFMT`).
    pub fn file_type(&self) -> u32 {
        u32::from(self.mode()) & bindings::S_IFMT
    }

    /// Whether this is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type() == bindings::S_IFDIR
    }

    /// Whether this is a regular file.
    pub fn is_reg(&self) -> bool {
        self.file_type() == bindings::S_IFREG
    }

    /// Whether this is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.file_type() == bindings::S_IFLNK
    }

    /// Whether this is a device node.
    pub fn is_device(&self) -> bool {
        matches!(self.file_type(), bindings::S_IFCHR | bindings::S_IFBLK)
    }

    /// Whether this is a character device with the number 0:0: a whiteout (`IS_WHITEOUT()`).
    pub fn is_whiteout(&self) -> bool {
        self.file_type() == bindings::S_IFCHR && self.rdev() == 0
    }

    /// The device number of a device node.
    pub fn rdev(&self) -> u32 {
        // SAFETY: Set when the inode is made and constant since.
        unsafe { (*self.as_ptr()).i_rdev }
    }

    /// The inode number.
    pub fn ino(&self) -> Ino {
        // SAFETY: Set when the inode is made and constant since.
        unsafe { (*self.as_ptr()).i_ino }
    }

    /// Size in bytes (`i_size_read()`).
    pub fn size(&self) -> Loff {
        // SAFETY: `self` is alive.
        unsafe { bindings::i_size_read(self.as_ptr()) }
    }

    /// Number of hard links, as it is at this moment.
    pub fn nlink(&self) -> u32 {
        // SAFETY: `self` is alive; the helper reads one field.
        unsafe { bindings::i_nlink(self.as_ptr()) }
    }

    /// Whether the file system keeps extended attributes on this inode at all (`IOP_XATTR`).
    pub fn has_xattr_support(&self) -> bool {
        // SAFETY: `i_opflags` is constant but for bits that are set under i_lock; a stale read of
        // another bit does no harm.
        let flags = unsafe { (&raw const (*self.as_ptr()).i_opflags).read_volatile() };
        u32::from(flags) & bindings::IOP_XATTR != 0
    }

    /// Whether the super block honours POSIX ACLs (`IS_POSIXACL()`).
    pub fn has_posix_acl(&self) -> bool {
        // SAFETY: `i_sb` never changes; `s_flags` is read as C reads it.
        unsafe { (*(*self.as_ptr()).i_sb).s_flags & bindings::SB_POSIXACL as usize != 0 }
    }

    /// Whether two references are to one inode.
    pub fn same(&self, other: &Inode) -> bool {
        core::ptr::eq(self, other)
    }

    /// A value that is equal for equal inodes while one of them is alive.
    pub fn token(&self) -> usize {
        self.as_ptr() as usize
    }

    /// Whether `->lookup()` exists: a directory without it cannot be searched.
    pub fn can_lookup(&self) -> bool {
        // SAFETY: `i_op` is never NULL and constant after the inode is published.
        unsafe { (*(*self.as_ptr()).i_op).lookup.is_some() }
    }

    /// Whether owner and group can be named as seen through `mnt` (`vfsuid_valid()`).
    pub fn ids_are_valid(&self, mnt: &super::mount::Mount) -> bool {
        // SAFETY: Both are alive.
        unsafe { bindings::inode_ids_are_valid(mnt.idmap().as_ptr(), self.as_ptr()) }
    }

    /// Whether writing to the file strips nothing (`IS_NOSEC()`).
    pub fn is_nosec(&self) -> bool {
        // SAFETY: `self` is alive; a racing read as in `file_remove_privs()`.
        unsafe { (&raw const (*self.as_ptr()).i_flags).read_volatile() & bindings::S_NOSEC != 0 }
    }

    /// Locks the inode exclusively (`inode_lock()`).
    pub fn lock(&self) -> ExclusiveLock<'_> {
        // SAFETY: `self` is alive; may sleep.
        unsafe { bindings::inode_lock(self.as_ptr()) };
        ExclusiveLock { inode: self }
    }

    /// Locks the inode shared (`inode_lock_shared()`).
    pub fn lock_shared(&self) -> SharedLock<'_> {
        // SAFETY: `self` is alive; may sleep.
        unsafe { bindings::inode_lock_shared(self.as_ptr()) };
        SharedLock { inode: self }
    }

    /// Claims the inode as exclusively used by a stacked file system, as overlayfs does for its
    /// upper and work directories: the flag is shared with it.
    ///
    /// Returns `None` if somebody holds the claim. C: `I_OVL_INUSE`.
    pub fn claim_in_use(&self) -> Option<InUse> {
        // SAFETY: `self` is alive; the helper sets the flag under i_lock.
        unsafe { bindings::inode_inuse_trylock(self.as_ptr()) }
            .then(|| InUse { inode: self.into() })
    }

    /// Whether somebody claims the inode (`I_OVL_INUSE`).
    pub fn is_in_use(&self) -> bool {
        // SAFETY: `self` is alive; the helper reads the flag under i_lock.
        unsafe { bindings::inode_is_inuse(self.as_ptr()) }
    }
}

/// `i_rwsem` held for writing.
pub struct ExclusiveLock<'a> {
    inode: &'a Inode,
}

impl<'a> ExclusiveLock<'a> {
    /// Turns the lock into a shared one without letting go of it (`downgrade_write()`).
    pub fn downgrade(self) -> SharedLock<'a> {
        let this = ManuallyDrop::new(self);
        // SAFETY: The lock is held exclusively by this guard, which is consumed.
        unsafe { bindings::inode_downgrade(this.inode.as_ptr()) };
        SharedLock { inode: this.inode }
    }
}

impl Drop for ExclusiveLock<'_> {
    fn drop(&mut self) {
        // SAFETY: Held by this guard.
        unsafe { bindings::inode_unlock(self.inode.as_ptr()) };
    }
}

/// `i_rwsem` held for reading.
pub struct SharedLock<'a> {
    inode: &'a Inode,
}

impl Drop for SharedLock<'_> {
    fn drop(&mut self) {
        // SAFETY: Held by this guard.
        unsafe { bindings::inode_unlock_shared(self.inode.as_ptr()) };
    }
}

/// The claim of [`Inode::claim_in_use`]; dropping it gives it up.
pub struct InUse {
    inode: ARef<Inode>,
}

impl InUse {
    /// The inode.
    pub fn inode(&self) -> &Inode {
        &self.inode
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        // SAFETY: The inode is alive, and the flag was set by this claim.
        unsafe { bindings::inode_inuse_unlock(self.inode.as_ptr()) };
    }
}

/// The inode behind a stacked one.
#[derive(Clone, Copy)]
pub struct Backing<'a> {
    /// The inode. The stacked inode's data must hold a reference on it (through a dentry, say)
    /// until they are dropped.
    pub inode: &'a Inode,
    /// Whether changes go to it.
    pub takes_changes: bool,
}

impl Backing<'_> {
    /// Both in one word, so that a walk under RCU sees both or neither. Inodes are aligned to more
    /// than 2.
    fn word(self) -> usize {
        self.inode.as_ptr() as usize | usize::from(self.takes_changes)
    }
}

/// What an inode is found by: its number, and the inode behind it.
pub(super) struct Identity {
    pub(super) ino: Ino,
    pub(super) backing: usize,
}

impl Identity {
    pub(super) fn new(ino: Ino, backing: Backing<'_>) -> Self {
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
            let this = &*WithData::<T>::container_of(inode);
            this.backing.store(self.backing, Release);
        }
    }

    /// # Safety
    ///
    /// To be called by the inode cache alone, for inodes of a super block of `T`, with an
    /// `Identity`.
    pub(super) unsafe extern "C" fn test<T: FileSystem>(
        inode: *mut bindings::inode,
        identity: *mut kernel::ffi::c_void,
    ) -> kernel::ffi::c_int {
        // SAFETY: By the function's contract. The memory of an inode in the hash is not freed
        // before a grace period has passed.
        unsafe {
            let identity = &*identity.cast::<Self>();
            let this = &*WithData::<T>::container_of(inode);
            let same = (*inode).i_ino == identity.ino
                && this.backing.load(Acquire) & !1 == identity.backing & !1;
            same.into()
        }
    }

    /// # Safety
    ///
    /// As for [`test`](Self::test).
    pub(super) unsafe extern "C" fn set<T: FileSystem>(
        inode: *mut bindings::inode,
        identity: *mut kernel::ffi::c_void,
    ) -> kernel::ffi::c_int {
        // SAFETY: By the function's contract, under the hash lock.
        unsafe { (*identity.cast::<Self>()).store::<T>(inode) };
        0
    }
}

/// What is allocated for an inode of `T`: `T`'s data, then the inode.
#[repr(C)]
pub(super) struct WithData<T: FileSystem> {
    data: MaybeUninit<T::INodeData>,
    /// Whether `data` is initialised. Written before the inode is published, read at its end.
    ready: bool,
    /// The inode that a stacked inode stands for now, for walks under RCU. See
    /// [`INode::set_backing`].
    backing: Atomic<usize>,
    inode: bindings::inode,
}

impl<T: FileSystem> WithData<T> {
    /// # Safety
    ///
    /// `inode` must be the inode within a `WithData<T>`.
    unsafe fn container_of(inode: *mut bindings::inode) -> *mut Self {
        // SAFETY: By the function's contract.
        unsafe { inode.byte_sub(offset_of!(Self, inode)).cast() }
    }

    /// Constructor of the inode cache's objects.
    ///
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    pub(super) unsafe extern "C" fn init_once(object: *mut kernel::ffi::c_void) {
        let object: *mut Self = object.cast();
        // SAFETY: The cache's objects have the size and alignment of `Self`;
        // `inode_init_once()` is to be called once for each.
        unsafe { bindings::inode_init_once(&raw mut (*object).inode) };
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    pub(super) unsafe extern "C" fn alloc_inode(
        sb: *mut bindings::super_block,
    ) -> *mut bindings::inode {
        // SAFETY: `sb` is a super block of `T`, so its type is in a `Registration<T>`, whose cache
        // outlives all inodes.
        let object: *mut Self = unsafe {
            let cache = super::file_system::Registration::<T>::inode_cache((*sb).s_type);
            bindings::alloc_inode_sb(sb, cache).cast()
        };
        if object.is_null() {
            return core::ptr::null_mut();
        }
        // SAFETY: The object was just allocated and nobody else knows it. `data` may stay
        // uninitialised.
        unsafe {
            (&raw mut (*object).ready).write(false);
            (&raw mut (*object).backing).write(Atomic::new(0));
            &raw mut (*object).inode
        }
    }

    /// Drops `T`'s data: the last use of the inode in a context that may sleep.
    ///
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    pub(super) unsafe extern "C" fn destroy_inode(inode: *mut bindings::inode) {
        // SAFETY: Installed only in tables of `T`, called once at the end of an inode's life; the
        // memory itself is left for `free_inode()`, after a grace period.
        unsafe {
            let this = Self::container_of(inode);
            if (*this).ready {
                (*this).ready = false;
                (*this).data.assume_init_drop();
            }
        }
    }

    /// Frees the memory, an RCU grace period after the end.
    ///
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    pub(super) unsafe extern "C" fn free_inode(inode: *mut bindings::inode) {
        // SAFETY: The object came from the inode cache in `alloc_inode()`. The super block may be
        // gone by now, so the cache is left for `kfree()` to find; `Registration` waits with
        // `rcu_barrier()` before it destroys the cache.
        unsafe { bindings::kfree(Self::container_of(inode).cast()) };
    }
}

/// An inode of our own file system `T`.
///
/// # Invariants
///
/// It lies within a `WithData<T>` whose data is initialised.
#[repr(transparent)]
pub struct INode<T: FileSystem>(Inode, PhantomData<T>);

// SAFETY: The reference count is that of the `Inode` within.
unsafe impl<T: FileSystem> AlwaysRefCounted for INode<T> {
    fn inc_ref(&self) {
        self.0.inc_ref();
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: By the caller; the types are transparent.
        unsafe { Inode::dec_ref(obj.cast()) };
    }
}

// SAFETY: As for `Inode`; the data is `Send + Sync` by the bounds of `FileSystem`.
unsafe impl<T: FileSystem> Send for INode<T> {}
// SAFETY: As above.
unsafe impl<T: FileSystem> Sync for INode<T> {}

impl<T: FileSystem> core::ops::Deref for INode<T> {
    type Target = Inode;

    fn deref(&self) -> &Inode {
        &self.0
    }
}

impl<T: FileSystem> INode<T> {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a` and a published inode of a super block of `T`.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::inode) -> &'a Self {
        // SAFETY: By the function's contract. All inodes of such a super block come from
        // `WithData::<T>::alloc_inode`, the only one installed there, and are published by
        // `New::init` alone, which fills in the data.
        unsafe { &*ptr.cast() }
    }

    /// `T`'s data of this inode.
    pub fn data(&self) -> &T::INodeData {
        // SAFETY: By the type's invariant.
        unsafe {
            (*WithData::<T>::container_of(self.as_ptr()))
                .data
                .assume_init_ref()
        }
    }

    /// The super block.
    pub fn sb(&self) -> &SuperBlock<T> {
        // SAFETY: `i_sb` never changes; a live inode keeps its super block.
        unsafe { SuperBlock::from_raw((*self.as_ptr()).i_sb) }
    }

    /// For a stacked file system: says which inode stands behind this one now.
    pub fn set_backing(&self, backing: Backing<'_>) {
        // SAFETY: By the type's invariant.
        let this = unsafe { &*WithData::<T>::container_of(self.as_ptr()) };
        this.backing.store(backing.word(), Release);
    }

    /// What [`set_backing`](Self::set_backing) said, in a walk under RCU, without a reference.
    /// The inode's own data must not be used there: they may be dropped already.
    ///
    /// `None` before it was said. During teardown the inode behind may be on its way out, but
    /// inodes are freed after a grace period, so it stays readable.
    pub fn backing_rcu<'a>(&'a self, _rcu: &'a rcu::Guard) -> Option<(&'a Inode, bool)> {
        // SAFETY: The allocation of an inode is freed by RCU, and this word is not dropped.
        let this = unsafe { &*WithData::<T>::container_of(self.as_ptr()) };
        let word = this.backing.load(Acquire);
        let backing = (word & !1) as *mut bindings::inode;
        // SAFETY: The inode was referenced when the word was stored and is freed by RCU; the
        // read side is held for `'a`.
        (word != 0).then(|| unsafe { (Inode::from_raw(backing), word & 1 != 0) })
    }

    /// Hashes an inode that was made unhashed, under its number, so that it is found from now on.
    /// One that is hashed stays where it is: other file systems' inodes share the hash chains, and
    /// are looked for without a lock.
    pub fn hash(&self) {
        // SAFETY: The inode is alive and complete; the function takes the hash lock.
        unsafe {
            if bindings::inode_unhashed(self.as_ptr()) {
                bindings::__insert_inode_hash(self.as_ptr(), self.ino());
            }
        }
    }

    /// Gives the live inode another number, before it is hashed.
    pub fn set_ino(&self, ino: Ino) {
        // SAFETY: Alive; an aligned word, read racily by those who ask meanwhile.
        unsafe { (&raw mut (*self.as_ptr()).i_ino).write_volatile(ino) };
    }

    /// Takes one from the link count, to zero at the lowest (`drop_nlink()`).
    pub fn drop_nlink(&self) {
        // `drop_nlink()` warns at zero, which a top layer changed behind the mount could cause.
        if self.nlink() > 0 {
            // SAFETY: The VFS holds the inode locked in the callers (unlink, rename).
            unsafe { bindings::drop_nlink(self.as_ptr()) };
        }
    }

    /// Sets the link count to zero (`clear_nlink()`).
    pub fn clear_nlink(&self) {
        // SAFETY: As for `drop_nlink`.
        unsafe { bindings::clear_nlink(self.as_ptr()) };
    }

    /// Adds one to the link count (`inc_nlink()`).
    pub fn inc_nlink(&self) {
        // SAFETY: The VFS holds the inode locked in `->link()`.
        unsafe { bindings::inc_nlink(self.as_ptr()) };
    }

    /// Sets the link count (`set_nlink()`).
    pub fn set_nlink(&self, nlink: u32) {
        // SAFETY: The inode is alive.
        unsafe { bindings::set_nlink(self.as_ptr(), nlink) };
    }
}

/// An inode in the making: allocated, perhaps hashed, not yet usable.
///
/// Dropping it discards it (`iget_failed()` if others may wait for it, else `iput()`).
pub struct New<T: FileSystem> {
    inode: NonNull<bindings::inode>,
    /// `I_NEW` is set: lookups of the same key wait for the end of `init`.
    locked: bool,
    _t: PhantomData<T>,
}

/// The kind of a new inode, with the operations it gets.
pub struct Kind<T: FileSystem>(pub(super) Tables, PhantomData<T>);

impl<T: FileSystem> Kind<T> {
    /// A directory.
    pub const fn dir<O: DirOperations<T>>() -> Self {
        Self(Tables::dir::<T, O>(), PhantomData)
    }

    /// A regular file.
    pub const fn regular<O: RegOperations<T>>() -> Self {
        Self(Tables::regular::<T, O>(), PhantomData)
    }

    /// A symbolic link.
    pub const fn symlink<O: SymlinkOperations<T>>() -> Self {
        Self(Tables::symlink::<T, O>(), PhantomData)
    }

    /// A device, FIFO or socket with the number `rdev` (`init_special_inode()`).
    pub const fn special<O: SpecialOperations<T>>(rdev: u32) -> Self {
        Self(Tables::special::<T, O>(rdev), PhantomData)
    }
}

impl<T: FileSystem> New<T> {
    /// # Safety
    ///
    /// `inode` must be a new inode of a super block of `T`, with one reference that is given away.
    pub(super) unsafe fn from_raw(inode: NonNull<bindings::inode>, locked: bool) -> Self {
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

    /// Sets owner and mode as a new object in `dir` gets them (`inode_init_owner()`).
    pub fn init_owner(&mut self, dir: &INode<T>, mode: u16) {
        // SAFETY: Not published yet; `dir` is alive. This layer's file systems do not allow
        // id-mapped mounts (FS_ALLOW_IDMAP is not offered), hence the constant map.
        unsafe {
            bindings::inode_init_owner(
                &raw mut bindings::nop_mnt_idmap,
                self.inode.as_ptr(),
                dir.as_ptr(),
                mode,
            )
        };
    }

    /// Hashes the still unhashed inode, unless there is one of the same identity already
    /// (`inode_insert5()`). Until [`init`](Self::init) has completed it, those who look for it
    /// wait.
    ///
    /// # Errors
    ///
    /// `ESTALE` if the inode of that identity is on its way out.
    pub fn insert5(self, ino: Ino, backing: Backing<'_>) -> Result<Iget<T>> {
        let identity = Identity {
            ino,
            backing: backing.word(),
        };
        // SAFETY: Not published; the callbacks are those of `T`, the identity lives for the call.
        let found = unsafe {
            bindings::inode_insert5(
                self.inode.as_ptr(),
                ino,
                Some(Identity::test::<T>),
                Some(Identity::set::<T>),
                (&raw const identity).cast_mut().cast(),
            )
        };
        let found = NonNull::new(found).ok_or(super::errno::ESTALE)?;
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
        let identity = Identity {
            ino,
            backing: backing.word(),
        };
        // SAFETY: Not published yet, and of `T`.
        unsafe { identity.store::<T>(self.inode.as_ptr()) };
    }

    /// The inode, of which only the C part may be used before `init`.
    pub fn as_inode(&self) -> &Inode {
        // SAFETY: Alive, one reference is held.
        unsafe { Inode::from_raw(self.inode.as_ptr()) }
    }

    /// Completes the inode: its operations by `kind`, its data by `data`. The mode must have been
    /// set before, by `init_owner` or by copying attributes.
    ///
    /// # Errors
    ///
    /// Those of `data`; the inode is then discarded.
    pub fn init(
        self,
        kind: &Kind<T>,
        data: impl PinInit<T::INodeData, Error>,
    ) -> Result<ARef<INode<T>>> {
        // SAFETY: Not published; the slot is uninitialised memory at its final place: inodes do
        // not move. On error nothing is left initialised.
        unsafe {
            let this = WithData::<T>::container_of(self.inode.as_ptr());
            compat::raw_try_init(&raw mut (*this).data, data)?;
            (*this).ready = true;
            kind.0.install(self.inode.as_ptr());
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

impl<T: FileSystem> Drop for New<T> {
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
    Cached(ARef<INode<T>>),
    /// It must be filled in.
    New(New<T>),
}
