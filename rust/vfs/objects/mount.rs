// SPDX-License-Identifier: GPL-2.0-only

//! Mounts and their id maps.
//!
//! C: `struct vfsmount`, `struct mnt_idmap`, `fs/namespace.c`.

use crate::bindings;
use crate::vfs::{dentry::Dentry, path::Path, super_block::SbInfo};
use core::ptr::NonNull;
use kernel::{error::from_err_ptr, prelude::*, types::Opaque};

/// A mount on loan (`struct vfsmount`).
#[repr(transparent)]
pub struct Mount(Opaque<bindings::vfsmount>);

// SAFETY: A mount may be used from any task.
unsafe impl Send for Mount {}
// SAFETY: As above.
unsafe impl Sync for Mount {}

impl Mount {
    /// # Safety
    ///
    /// `ptr` must be valid and referenced for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::vfsmount) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::vfsmount {
        self.0.get()
    }

    /// Whether two are the same mount.
    pub fn same(&self, other: &Mount) -> bool {
        core::ptr::eq(self, other)
    }

    /// Whether the mount or its super block is read-only (`__mnt_is_readonly()`).
    pub fn is_readonly(&self) -> bool {
        // SAFETY: Alive.
        unsafe { bindings::__mnt_is_readonly(self.as_ptr()) }
    }

    /// Whether the file system itself is read-only: through no mount it can be written to.
    pub fn sb_is_readonly(&self) -> bool {
        SbInfo::of(self.root()).rdonly
    }

    /// Whether the mount forbids set-id programs (`MNT_NOSUID`).
    pub fn is_nosuid(&self) -> bool {
        // SAFETY: Alive; a racing read of one word, as C does.
        let flags = unsafe { (&raw const (*self.as_ptr()).mnt_flags).read_volatile() };
        flags & bindings::mount_flags_MNT_NOSUID as i32 != 0
    }

    /// Whether the mount forbids devices (`MNT_NODEV`).
    pub fn is_nodev(&self) -> bool {
        // SAFETY: As for `is_nosuid`.
        let flags = unsafe { (&raw const (*self.as_ptr()).mnt_flags).read_volatile() };
        flags & bindings::mount_flags_MNT_NODEV as i32 != 0
    }

    /// Whether ids are mapped (`is_idmapped_mnt()`).
    pub fn is_idmapped(&self) -> bool {
        // SAFETY: Alive.
        unsafe { bindings::is_idmapped_mnt(self.as_ptr()) }
    }

    /// The id map (`mnt_idmap()`), which lives as long as the mount.
    pub fn idmap(&self) -> &Idmap {
        // SAFETY: Alive; the map of a private mount does not change.
        unsafe { Idmap::from_raw(bindings::mnt_idmap(self.as_ptr())) }
    }

    /// The root of the mount.
    pub fn root(&self) -> &Dentry {
        // SAFETY: `mnt_root` is constant and referenced by the mount.
        unsafe { Dentry::from_raw((*self.as_ptr()).mnt_root) }
    }
}

/// A map between the ids of a file system and those of a mount of it (`struct mnt_idmap`).
#[repr(transparent)]
pub struct Idmap(Opaque<bindings::mnt_idmap>);

impl Idmap {
    /// # Safety
    ///
    /// `ptr` must be valid for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::mnt_idmap) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    /// The map that changes nothing (`nop_mnt_idmap`).
    pub fn nop() -> &'static Self {
        // SAFETY: A static of the kernel.
        unsafe { Self::from_raw(&raw mut bindings::nop_mnt_idmap) }
    }

    /// A number that identifies this map while it is in use.
    pub fn token(&self) -> usize {
        self.as_ptr().addr()
    }

    pub(in crate::vfs) fn as_ptr(&self) -> *mut bindings::mnt_idmap {
        self.0.get()
    }
}

/// A private mount, in no namespace: it does not see mounts over the original, or changes of its
/// flags.
///
/// C: `clone_private_mount()`, `kern_unmount()`.
///
/// # Invariants
///
/// The pointer is a valid long-term mount that this value owns.
#[repr(transparent)]
pub struct PrivateMount(NonNull<bindings::vfsmount>);

// SAFETY: As for `Mount`.
unsafe impl Send for PrivateMount {}
// SAFETY: As above.
unsafe impl Sync for PrivateMount {}

/// The permitted use of a private mount.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anything, with the super block's own policy for access times.
    ReadWrite,
    /// Reading alone; access times stay.
    ReadOnly,
}

impl PrivateMount {
    /// Clones the mount of `path`, with `path`'s dentry as its root.
    ///
    /// Set-id programs and devices of a file system that was mounted in a user namespace are
    /// effective only there (`mnt_may_suid()`, `SB_I_NODEV`): if the caller is in another one, a
    /// clone for reading is `nosuid` and `nodev`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the mount is unbindable, belongs to another mount namespace, or has locked
    /// mounts below `path`; `EPERM` without `CAP_SYS_ADMIN` over its namespace.
    pub fn clone_of(path: &Path, access: Access) -> Result<Self> {
        // SAFETY: The path is valid.
        let mnt = from_err_ptr(unsafe { bindings::clone_private_mount(path.as_ptr()) })?;
        let mnt = NonNull::new(mnt).ok_or(EINVAL)?;
        // SAFETY: The new mount is not known to anybody else, so its flags may be changed.
        unsafe {
            let flags = &raw mut (*mnt.as_ptr()).mnt_flags;
            match access {
                Access::ReadWrite => {
                    *flags &= !((bindings::mount_flags_MNT_NOATIME
                        | bindings::mount_flags_MNT_NODIRATIME
                        | bindings::mount_flags_MNT_RELATIME)
                        as i32);
                }
                Access::ReadOnly => {
                    *flags |= (bindings::mount_flags_MNT_READONLY
                        | bindings::mount_flags_MNT_NOATIME) as i32;
                    if !bindings::current_in_userns((*(*mnt.as_ptr()).mnt_sb).s_user_ns) {
                        *flags |= (bindings::mount_flags_MNT_NOSUID
                            | bindings::mount_flags_MNT_NODEV)
                            as i32;
                    }
                }
            }
        }
        // INVARIANT: The clone is ours.
        Ok(Self(mnt))
    }

    /// Unmounts many for the price of one RCU grace period (`kern_unmount_array()`).
    pub fn unmount_all(mounts: KVec<PrivateMount>) {
        let (ptr, len, capacity) = mounts.into_raw_parts();
        // SAFETY: The type is a transparent pointer, so the vector is an array of mounts, all
        // owned. They are given away; what is left of the vector is its memory.
        unsafe {
            // A vector of pointers cannot hold 2^32 of them: each has a mount behind it.
            bindings::kern_unmount_array(ptr.cast(), len as u32);
            drop(KVec::from_raw_parts(ptr, 0, capacity));
        }
    }
}

impl core::ops::Deref for PrivateMount {
    type Target = Mount;

    fn deref(&self) -> &Mount {
        // SAFETY: By the invariant.
        unsafe { Mount::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for PrivateMount {
    fn drop(&mut self) {
        // SAFETY: The mount is ours. The function waits for an RCU grace period, so path walks
        // under RCU that still see the mount have ended.
        unsafe { bindings::kern_unmount(self.0.as_ptr()) };
    }
}
