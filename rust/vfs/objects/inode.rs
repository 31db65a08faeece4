// SPDX-License-Identifier: GPL-2.0-only

//! Inodes.
//!
//! [`Inode`] is an inode of any file system; [`OwnInode`] is one of our own file system `T`, with
//! `T`'s data in the same allocation. A new one is a [`NewInode`](crate::vfs::new_inode::NewInode) until it is initialised: it cannot
//! escape half-built.
//!
//! C: `include/linux/fs.h`, `fs/inode.c`.

use crate::bindings;
use crate::vfs::{
    dentry::Dentry,
    file_system::FileSystem,
    inode_data::WithData,
    inode_lock::{ExclusiveLock, Holder, InUse, SharedLock},
    super_block::SuperBlock,
    types::{Ino, Loff},
};
use core::{ffi::c_int, marker::PhantomData, ptr::NonNull};
use kernel::{
    prelude::*,
    sync::{aref::AlwaysRefCounted, atomic::Relaxed, Arc},
    types::Opaque,
};

/// When an inode was last changed: seconds and nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Its contents.
    pub mtime: (i64, i64),
    /// Anything of it.
    pub ctime: (i64, i64),
}

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
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::inode) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::inode {
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

    /// Whether this is a named pipe.
    pub fn is_fifo(&self) -> bool {
        self.file_type() == bindings::S_IFIFO
    }

    /// Whether data can only be appended (`IS_APPEND()`).
    pub fn is_append_only(&self) -> bool {
        // SAFETY: A racing read of one word, as C does.
        let flags = unsafe { (&raw const (*self.as_ptr()).i_flags).read_volatile() };
        flags & bindings::S_APPEND != 0
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

    /// The generation, which differs between inodes that reuse a number.
    pub fn generation(&self) -> u32 {
        // SAFETY: A racing read of one word, as C does.
        unsafe { (&raw const (*self.as_ptr()).i_generation).read_volatile() }
    }

    /// The file handle by which its file system finds the inode (`exportfs_encode_inode_fh()`).
    /// `None` if there is none, or it does not fit. First comes the type, which only the file
    /// system understands.
    pub fn file_handle<'a>(&self, space: &'a mut [u8; 128]) -> Option<(u8, &'a [u8])> {
        let mut words = [0u32; 32];
        let mut len = words.len() as c_int;
        // SAFETY: `self` is alive; the handle has room for as many words.
        let kind = unsafe {
            bindings::exportfs_encode_inode_fh(
                self.as_ptr(),
                words.as_mut_ptr().cast(),
                &mut len,
                core::ptr::null_mut(),
                0,
            )
        };
        // FILEID_INVALID.
        if !(0..0xff).contains(&kind) {
            return None;
        }
        for (bytes, word) in space.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_ne_bytes());
        }
        let handle = space.get(..usize::try_from(len).ok()?.checked_mul(4)?)?;
        Some((u8::try_from(kind).ok()?, handle))
    }

    /// When contents and inode were last changed, as far as this machine knows.
    pub fn times(&self) -> Times {
        let mut mtime: bindings::timespec64 = pin_init::zeroed();
        let mut ctime: bindings::timespec64 = pin_init::zeroed();
        // SAFETY: `self` is alive; the helper reads it as stat(2) does, and writes what is ours.
        unsafe { bindings::inode_times(self.as_ptr(), &mut mtime, &mut ctime) };
        Times {
            mtime: (mtime.tv_sec, mtime.tv_nsec as i64),
            ctime: (ctime.tv_sec, ctime.tv_nsec as i64),
        }
    }

    /// Whether this file and others of the file system that `dentry` is of could share blocks: it is the
    /// same one, and has the method.
    pub fn may_share_blocks(&self, dentry: &Dentry) -> bool {
        // SAFETY: Both are alive; `i_sb` does not change, and `i_fop` of a regular file is set once and
        // never NULL.
        unsafe {
            (*self.as_ptr()).i_sb == dentry.sb_ptr() && bindings::inode_can_remap(self.as_ptr())
        }
    }

    /// Whether the file system has a method for files that share blocks.
    pub fn has_shared_blocks(&self) -> bool {
        // SAFETY: `self` is alive; `i_fop` of a regular file is set once and never NULL.
        unsafe { bindings::inode_can_remap(self.as_ptr()) }
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

    /// Whether this is a directory whose names are looked up without regard to the case of letters.
    pub fn is_casefolded(&self) -> bool {
        // SAFETY: `self` is alive; the helper reads the flags.
        unsafe { bindings::is_casefolded(self.as_ptr()) }
    }

    /// Whether every write waits for the disk, or accesses are not recorded, by a flag of the inode.
    pub fn behaves_otherwise(&self) -> bool {
        // SAFETY: `self` is alive; a racing read of one word, as C does.
        let flags = unsafe { (&raw const (*self.as_ptr()).i_flags).read_volatile() };
        flags & (bindings::S_SYNC | bindings::S_NOATIME) != 0
    }

    /// Whether owner and group can be named as a mount with this map shows them (`vfsuid_valid()`).
    pub fn ids_are_valid(&self, idmap: &crate::vfs::mount::Idmap) -> bool {
        // SAFETY: Both are alive.
        unsafe { bindings::inode_ids_are_valid(idmap.as_ptr(), self.as_ptr()) }
    }

    /// Whether the file-system user id of the credentials in force is the owner, as seen through `mnt`.
    pub fn is_own(&self, mnt: &crate::vfs::mount::Mount) -> bool {
        // SAFETY: Both are alive.
        unsafe { bindings::inode_is_own(mnt.idmap().as_ptr(), self.as_ptr()) }
    }

    /// Whether somebody has the file open for writing at this moment (`inode_is_open_for_write()`).
    pub fn is_open_for_write(&self) -> bool {
        // SAFETY: `self` is alive; the helper reads one counter.
        unsafe { bindings::inode_is_open_for_write(self.as_ptr()) }
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
        ExclusiveLock {
            inode: self,
            _task: PhantomData,
        }
    }

    /// Locks the inode exclusively if nobody has locked it (`inode_trylock()`).
    pub fn try_lock(&self) -> Option<ExclusiveLock<'_>> {
        // SAFETY: `self` is alive.
        let is_held = unsafe { bindings::inode_trylock(self.as_ptr()) };
        is_held.then(|| ExclusiveLock {
            inode: self,
            _task: PhantomData,
        })
    }

    /// Locks the inode shared (`inode_lock_shared()`).
    pub fn lock_shared(&self) -> SharedLock<'_> {
        // SAFETY: `self` is alive; may sleep.
        unsafe { bindings::inode_lock_shared(self.as_ptr()) };
        SharedLock {
            inode: self,
            _task: PhantomData,
        }
    }

    /// Claims the inode for exclusive use by a stacked file system, with the flag that overlayfs
    /// uses for its upper and work directories. `holder` describes the claimant for later mounts.
    ///
    /// Returns `None` if it is already claimed. C: `I_OVL_INUSE`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn claim_in_use(&self, holder: Arc<Holder>) -> Result<Option<InUse>> {
        InUse::claim(self, holder)
    }

    /// The claimant of the inode. `None`: not claimed, or by a file system that does not register,
    /// such as overlayfs.
    pub fn holder(&self) -> Option<Arc<Holder>> {
        InUse::holder_of(self)
    }

    /// Whether the inode is claimed (`I_OVL_INUSE`).
    pub fn is_in_use(&self) -> bool {
        // SAFETY: `self` is alive; the helper reads the flag under i_lock.
        unsafe { bindings::inode_is_inuse(self.as_ptr()) }
    }
}

/// An inode of our own file system `T`.
///
/// # Invariants
///
/// It lies within a `WithData<T>` whose data is initialised.
#[repr(transparent)]
pub struct OwnInode<T: FileSystem>(Inode, PhantomData<T>);

// SAFETY: The reference count is that of the `Inode` within.
unsafe impl<T: FileSystem> AlwaysRefCounted for OwnInode<T> {
    fn inc_ref(&self) {
        self.0.inc_ref();
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: By the caller; the types are transparent.
        unsafe { Inode::dec_ref(obj.cast()) };
    }
}

// SAFETY: As for `Inode`; the data is `Send + Sync` by the bounds of `FileSystem`.
unsafe impl<T: FileSystem> Send for OwnInode<T> {}
// SAFETY: As above.
unsafe impl<T: FileSystem> Sync for OwnInode<T> {}

impl<T: FileSystem> core::ops::Deref for OwnInode<T> {
    type Target = Inode;

    fn deref(&self) -> &Inode {
        &self.0
    }
}

impl<T: FileSystem> OwnInode<T> {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a` and a published inode of a super block of `T`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::inode) -> &'a Self {
        // SAFETY: By the function's contract. All inodes of such a super block come from
        // `WithData::<T>::alloc_inode`, the only one installed there, and are published by
        // `NewInode::init` alone, which fills in the data.
        unsafe { &*ptr.cast() }
    }

    /// `T`'s data of this inode.
    pub fn data(&self) -> &T::InodeData {
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

    /// Whether the inode can be found by its identity.
    pub fn is_hashed(&self) -> bool {
        // SAFETY: Alive; a racing read of one word, as C does.
        unsafe { !bindings::inode_unhashed(self.as_ptr()) }
    }

    /// Gives an inode that was made unhashed its number, and hashes it, so that it is found from now
    /// on. One that is hashed stays as it is: other file systems' inodes share the hash chains, and
    /// are looked for without a lock.
    pub fn insert_hash(&self, ino: Ino) {
        // SAFETY: The inode is alive and complete. Of those who find it unhashed the exchange lets
        // one through; nobody else hashes such an inode. The number is an aligned word, read racily
        // by those who ask meanwhile; the function takes the hash lock.
        unsafe {
            let this = WithData::<T>::container_of(self.as_ptr());
            if bindings::inode_unhashed(self.as_ptr()) && !(*this).hashed_late.xchg(true, Relaxed) {
                (&raw mut (*self.as_ptr()).i_ino).write_volatile(ino);
                bindings::__insert_inode_hash(self.as_ptr(), ino);
            }
        }
    }

    /// Takes one from the link count, to zero at the lowest (`drop_nlink()`).
    pub fn drop_nlink(&self) {
        // `drop_nlink()` warns at zero, which an upper layer changed behind the mount could cause.
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

    /// Sets the link count (`set_nlink()`).
    pub fn set_nlink(&self, nlink: u32) {
        // SAFETY: The inode is alive.
        unsafe { bindings::set_nlink(self.as_ptr(), nlink) };
    }
}
