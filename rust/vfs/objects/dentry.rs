// SPDX-License-Identifier: GPL-2.0-only

//! Directory entries.
//!
//! [`Dentry`] is a dentry of another file system, [`OwnDentry`] one of our own. The two fields whose stability depends on locks the
//! type system cannot see, `d_name` and `d_parent`, are reachable only where the VFS promises that
//! they are stable: through [`LookupDentry`] in `->lookup()` and [`ChildDentry`] in the operations
//! that modify a directory. Elsewhere there are [`OwnDentry::name_snapshot`] and
//! [`OwnDentry::parent`].
//!
//! C: `include/linux/dcache.h`, `fs/dcache.c`; rules: `Documentation/filesystems/locking.rst`.

use crate::bindings;
use crate::vfs::{
    file_system::FileSystem,
    inode::{Inode, OwnInode},
    super_block::SuperBlock,
    types::{Name, NameBuf},
};
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{
    error::from_err_ptr,
    prelude::*,
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque,
};

/// A dentry of another file system (`struct dentry`).
///
/// # Invariants
///
/// Instances are always refcounted by `d_lockref`.
#[repr(transparent)]
pub struct Dentry(Opaque<bindings::dentry>);

// SAFETY: A dentry may be used from any task; its fields are read under its own rules.
unsafe impl Send for Dentry {}
// SAFETY: As above.
unsafe impl Sync for Dentry {}

// SAFETY: `dget()` and `dput()` count references; the dentry lives while the count is positive.
unsafe impl AlwaysRefCounted for Dentry {
    fn inc_ref(&self) {
        // SAFETY: `&self` keeps the dentry alive.
        unsafe { bindings::dget(self.as_ptr()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller gives away a reference it owns. `dput()` may sleep: references are
        // dropped in sleepable context only, as everywhere in this layer.
        unsafe { bindings::dput(obj.as_ptr().cast()) };
    }
}

impl Dentry {
    /// Borrows a dentry that C owns.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid and referenced for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::dentry) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    /// Takes over a reference that C handed out.
    ///
    /// # Safety
    ///
    /// `ptr` must be valid, and the caller must own one reference and give it up.
    pub(in crate::vfs) unsafe fn take(ptr: *mut bindings::dentry) -> ARef<Self> {
        // SAFETY: By the function's contract; valid pointers are not null.
        unsafe { ARef::from_raw(NonNull::new_unchecked(ptr.cast())) }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::dentry {
        self.0.get()
    }

    /// The inode, if the dentry is positive.
    ///
    /// C: `d_inode()`. A positive dentry that is referenced stays positive (`d_delete()` only
    /// unhashes a dentry in use), so the inode is valid as long as the borrow.
    pub fn inode(&self) -> Option<&Inode> {
        // SAFETY: `self` is alive; the pointer changes from NULL to an inode once and, because
        // this reference is held, not back. The helper reads it with READ_ONCE().
        let inode = unsafe { bindings::d_inode(self.as_ptr()) };
        // SAFETY: The dentry holds a reference on its inode.
        (!inode.is_null()).then(|| unsafe { Inode::from_raw(inode) })
    }

    /// Whether the dentry is positive.
    pub fn is_positive(&self) -> bool {
        self.inode().is_some()
    }

    /// Whether the dentry has left the tree or never was in it (`d_unhashed()`).
    pub fn is_unhashed(&self) -> bool {
        // SAFETY: `self` is alive; the helper reads one pointer.
        unsafe { bindings::d_unhashed(self.as_ptr()) }
    }

    /// The parent at this moment, referenced (`dget_parent()`).
    pub fn parent(&self) -> ARef<Dentry> {
        // SAFETY: `self` is alive; the result carries a reference.
        unsafe { Dentry::take(bindings::dget_parent(self.as_ptr())) }
    }

    /// A copy of the name at this moment.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn name_snapshot(&self) -> Result<NameBuf> {
        NameBuf::of(self.as_ptr())
    }

    /// Whether `self` is `dir` or lies below it at this moment (`is_subdir()`).
    pub fn is_subdir_of(&self, dir: &Dentry) -> bool {
        // SAFETY: Both are alive.
        unsafe { bindings::is_subdir(self.as_ptr(), dir.as_ptr()) }
    }

    /// Whether both are the same dentry.
    pub fn same(&self, other: &Dentry) -> bool {
        core::ptr::eq(self, other)
    }

    /// An opaque token that is equal for dentries of one super block.
    pub fn sb_token(&self) -> usize {
        self.sb_ptr() as usize
    }

    pub(in crate::vfs) fn sb_ptr(&self) -> *mut bindings::super_block {
        // SAFETY: `d_sb` is set at allocation and never changes.
        unsafe { (*self.as_ptr()).d_sb }
    }

    /// The flags of `DCACHE_*`, as they are at this moment.
    pub fn d_flags(&self) -> u32 {
        // SAFETY: `self` is alive; the helper reads with READ_ONCE().
        unsafe { bindings::d_flags(self.as_ptr()) }
    }

    /// Whether the file system revalidates cached dentries (network file systems do).
    pub fn wants_revalidate(&self) -> bool {
        // SAFETY: `self` is alive; the operations of a dentry never change.
        unsafe { bindings::d_wants_revalidate(self.as_ptr()) }
    }

    /// Whether names are not compared byte by byte, or the directory may turn into another mount
    /// when it is walked: such a directory cannot be a part of a stack.
    ///
    /// A file system that can ignore the case of letters has methods that compare names, which
    /// compare bytes but in the directories that are marked so (`sb_has_encoding()`).
    pub fn is_weird(&self) -> bool {
        let flags = self.d_flags();
        if flags
            & (bindings::dentry_flags_DCACHE_NEED_AUTOMOUNT
                | bindings::dentry_flags_DCACHE_MANAGE_TRANSIT)
            != 0
        {
            return true;
        }
        let methods =
            bindings::dentry_flags_DCACHE_OP_HASH | bindings::dentry_flags_DCACHE_OP_COMPARE;
        if flags & methods == 0 {
            return false;
        }
        // SAFETY: `self` is alive; the encoding of a super block never changes.
        let has_encoding = unsafe { bindings::d_has_encoding(self.as_ptr()) };
        !has_encoding || self.inode().is_some_and(Inode::is_casefolded)
    }

    /// Asks the file system whether the dentry still holds, as a path walk would.
    ///
    /// Returns `false` if it does not; the dentry is then invalidated (not in RCU mode).
    ///
    /// # Errors
    ///
    /// What `->d_revalidate()` returns; `ECHILD` in RCU mode.
    pub fn revalidate(&self, flags: u32) -> Result<bool> {
        // SAFETY: `self` is alive; the helper takes the name and parent as the method wants them.
        let ret = unsafe { bindings::d_revalidate(self.as_ptr(), flags) };
        if ret < 0 {
            return Err(Error::from_errno(ret));
        }
        Ok(ret > 0)
    }

    /// As [`revalidate`](Self::revalidate), for a dentry reached by a jump
    /// (`->d_weak_revalidate()`).
    pub fn weak_revalidate(&self, flags: u32) -> Result<bool> {
        // SAFETY: `self` is alive.
        let ret = unsafe { bindings::d_weak_revalidate(self.as_ptr(), flags) };
        if ret < 0 {
            return Err(Error::from_errno(ret));
        }
        Ok(ret > 0)
    }
}

/// A dentry of our own file system `T`. It is no [`Dentry`]: what is asked of another file system, and
/// what changes it, is not to be called for our own, which the VFS has locked.
#[repr(transparent)]
pub struct OwnDentry<T: FileSystem>(Dentry, PhantomData<T>);

// SAFETY: The reference count is that of the `Dentry` within.
unsafe impl<T: FileSystem> AlwaysRefCounted for OwnDentry<T> {
    fn inc_ref(&self) {
        self.0.inc_ref();
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: By the caller; the types are transparent.
        unsafe { Dentry::dec_ref(obj.cast()) };
    }
}

// SAFETY: As for `Dentry`; the inode's data, which is reachable from it, is `Send + Sync`.
unsafe impl<T: FileSystem> Send for OwnDentry<T> {}
// SAFETY: As above.
unsafe impl<T: FileSystem> Sync for OwnDentry<T> {}

impl<T: FileSystem> OwnDentry<T> {
    /// # Safety
    ///
    /// As [`Dentry::from_raw`], and the dentry must lie on a super block of `T`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::dentry) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::dentry {
        self.0.as_ptr()
    }

    fn sb_ptr(&self) -> *mut bindings::super_block {
        self.0.sb_ptr()
    }

    /// The inode, if the dentry is positive.
    pub fn inode(&self) -> Option<&OwnInode<T>> {
        let inode = self.0.inode()?;
        // SAFETY: All inodes of a super block of `T` are made by `OwnInode<T>`'s constructors: the
        // only `alloc_inode` installed there is theirs.
        Some(unsafe { OwnInode::from_raw(inode.as_ptr()) })
    }

    /// Whether the dentry is positive.
    pub fn is_positive(&self) -> bool {
        self.0.is_positive()
    }

    /// Whether both are the same dentry.
    pub fn same(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }

    /// A copy of the name at this moment.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn name_snapshot(&self) -> Result<NameBuf> {
        self.0.name_snapshot()
    }

    /// Takes the dentry out of the name cache (`d_drop()`).
    pub fn d_drop(&self) {
        // SAFETY: `self` is alive; the function takes d_lock.
        unsafe { bindings::d_drop(self.as_ptr()) };
    }

    /// The parent at this moment, referenced.
    pub fn parent(&self) -> ARef<OwnDentry<T>> {
        let parent = ARef::into_raw(self.0.parent());
        // SAFETY: A parent lies on the same super block; the reference moves over.
        unsafe { ARef::from_raw(parent.cast()) }
    }

    /// The super block.
    pub fn sb(&self) -> &SuperBlock<T> {
        // SAFETY: The dentry lies on a super block of `T` and keeps it alive.
        unsafe { SuperBlock::from_raw(self.sb_ptr()) }
    }

    /// The root directory. Of a super block that is being filled, which has none yet, nobody has a
    /// dentry.
    pub fn root(&self) -> &OwnDentry<T> {
        // SAFETY: Set when the first dentry came out of `fill_super`; alive as long as the super
        // block.
        unsafe { OwnDentry::from_raw((*self.sb_ptr()).s_root) }
    }

    /// Whether this is the root of its file system.
    pub fn is_root(&self) -> bool {
        // SAFETY: `d_parent` of a root points to itself; the comparison needs no lock.
        unsafe { bindings::is_root(self.as_ptr()) }
    }
}

/// The dentry given to `->lookup()`: negative, not yet hashed, its parent locked at least shared.
/// So its name and parent are stable, until [`d_splice_alias`](Self::d_splice_alias) consumes it.
pub struct LookupDentry<'a, T: FileSystem> {
    dentry: &'a OwnDentry<T>,
}

impl<'a, T: FileSystem> LookupDentry<'a, T> {
    /// # Safety
    ///
    /// `ptr` must be the argument of a `->lookup()` in progress.
    pub(in crate::vfs) unsafe fn from_raw(ptr: *mut bindings::dentry) -> Self {
        Self {
            // SAFETY: By the function's contract.
            dentry: unsafe { OwnDentry::from_raw(ptr) },
        }
    }

    /// The name that is looked up.
    pub fn name(&self) -> Name<'a> {
        // SAFETY: `->lookup()` has the name stable (locking.rst, and see the type).
        unsafe { stable_name(self.dentry.as_ptr()) }
    }

    /// The root directory.
    pub fn root(&self) -> &'a OwnDentry<T> {
        self.dentry.root()
    }

    /// Ends the lookup with `inode`, or with a negative entry.
    ///
    /// C: `d_splice_alias()`, which may return another dentry for a directory that has one.
    pub fn d_splice_alias(
        self,
        inode: Option<ARef<OwnInode<T>>>,
    ) -> Result<Option<ARef<OwnDentry<T>>>> {
        let raw = inode.map_or(core::ptr::null_mut(), |i| ARef::into_raw(i).as_ptr().cast());
        // SAFETY: The dentry is the one of `->lookup()`; the inode reference is given away, also
        // when the call fails.
        let ret = unsafe { bindings::d_splice_alias(raw, self.dentry.as_ptr()) };
        let ret = from_err_ptr(ret)?;
        // SAFETY: A non-NULL result is a referenced dentry of the same super block.
        Ok(NonNull::new(ret).map(|p| unsafe { ARef::from_raw(p.cast()) }))
    }
}

/// A dentry whose name and parent are stable: it is given to an operation that modifies its
/// directory, so the parent is locked exclusively; or nobody else knows it, as that of a file
/// without a name.
pub struct ChildDentry<'a, T: FileSystem> {
    dentry: &'a OwnDentry<T>,
}

impl<T: FileSystem> Clone for ChildDentry<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: FileSystem> Copy for ChildDentry<'_, T> {}

impl<T: FileSystem> core::ops::Deref for ChildDentry<'_, T> {
    type Target = OwnDentry<T>;

    fn deref(&self) -> &OwnDentry<T> {
        self.dentry
    }
}

impl<'a, T: FileSystem> ChildDentry<'a, T> {
    /// # Safety
    ///
    /// `ptr` must be the argument of a directory-modifying inode operation in progress, or one that
    /// nobody else knows.
    pub(in crate::vfs) unsafe fn from_raw(ptr: *mut bindings::dentry) -> Self {
        Self {
            // SAFETY: By the function's contract.
            dentry: unsafe { OwnDentry::from_raw(ptr) },
        }
    }

    /// The dentry without the promise.
    pub fn dentry(&self) -> &'a OwnDentry<T> {
        self.dentry
    }

    /// The name.
    pub fn name(&self) -> Name<'a> {
        // SAFETY: By the type.
        unsafe { stable_name(self.dentry.as_ptr()) }
    }

    /// The parent directory.
    pub fn stable_parent(&self) -> &'a OwnDentry<T> {
        // SAFETY: By the type `d_parent` does not change, and the child holds a reference on it.
        unsafe { OwnDentry::from_raw((*self.dentry.as_ptr()).d_parent) }
    }
}

/// The dentry given to an operation that makes an object under its name: a [`ChildDentry`] that is
/// negative.
pub struct NewDentry<'a, T: FileSystem>(ChildDentry<'a, T>);

impl<'a, T: FileSystem> core::ops::Deref for NewDentry<'a, T> {
    type Target = ChildDentry<'a, T>;

    fn deref(&self) -> &ChildDentry<'a, T> {
        &self.0
    }
}

impl<T: FileSystem> NewDentry<'_, T> {
    /// # Safety
    ///
    /// `ptr` must be the argument of an operation in progress that makes an object under its name.
    pub(in crate::vfs) unsafe fn from_raw(ptr: *mut bindings::dentry) -> Self {
        // SAFETY: By the function's contract.
        Self(unsafe { ChildDentry::from_raw(ptr) })
    }

    /// Makes the dentry positive (`d_instantiate()`).
    pub fn d_instantiate(self, inode: ARef<OwnInode<T>>) {
        // SAFETY: The dentry is negative: the VFS calls the creating operations with such ones alone,
        // and `self` is consumed. The inode reference is given away.
        unsafe { bindings::d_instantiate(self.as_ptr(), ARef::into_raw(inode).as_ptr().cast()) };
    }
}

/// # Safety
///
/// The name must be stable for `'a`.
unsafe fn stable_name<'a>(dentry: *mut bindings::dentry) -> Name<'a> {
    // SAFETY: By the function's contract. The VFS does not bound the length: `->lookup()` does.
    unsafe {
        let len = bindings::d_name_len(dentry) as usize;
        let bytes = core::slice::from_raw_parts(bindings::d_name(dentry), len);
        Name::of_dentry(bytes)
    }
}

/// The root of a super block in the making.
pub struct Root<T: FileSystem>(ARef<OwnDentry<T>>);

impl<T: FileSystem> Root<T> {
    /// Makes `inode` the root directory (`d_make_root()`).
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(inode: ARef<OwnInode<T>>) -> Result<Self> {
        // SAFETY: The inode reference is given away, also on failure.
        let root = unsafe { bindings::d_make_root(ARef::into_raw(inode).as_ptr().cast()) };
        let root = NonNull::new(root).ok_or(ENOMEM)?;
        // SAFETY: The new dentry carries one reference.
        Ok(Self(unsafe { ARef::from_raw(root.cast()) }))
    }

    /// The C form, if it is a dentry of `sb`.
    pub(in crate::vfs) fn into_raw_of(
        self,
        sb: *mut bindings::super_block,
    ) -> Result<*mut bindings::dentry> {
        if self.0.sb_ptr() != sb {
            return Err(EINVAL);
        }
        Ok(ARef::into_raw(self.0).as_ptr().cast())
    }
}
