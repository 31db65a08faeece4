// SPDX-License-Identifier: GPL-2.0-only

//! Attributes and permissions of inodes.
//!
//! C: `struct kstat`, `struct iattr`, `fs/stat.c`, `fs/attr.c`, `fs/namei.c`.

use crate::bindings;
use crate::vfs::{
    dentry::OwnDentry,
    file_system::FileSystem,
    inode::Inode,
    mount::Idmap,
    path::PathRef,
    types::{Ino, Loff},
    write::{Changing, InodeWriteAccess},
};
use kernel::{error::to_result, prelude::*};

/// What `statx(2)` can be asked for (`STATX_*`).
pub mod statx {
    pub use crate::bindings::{STATX_BASIC_STATS, STATX_INO, STATX_SUBVOL};
}

/// Attributes as `stat(2)` reports them (`struct kstat`).
#[repr(transparent)]
#[derive(Clone)]
pub struct Kstat(bindings::kstat);

impl Kstat {
    /// # Safety
    ///
    /// `ptr` must be valid and the caller's alone for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::kstat) -> &'a mut Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &mut *ptr.cast() }
    }

    /// Nothing yet.
    pub fn empty() -> Self {
        Self(pin_init::zeroed())
    }

    /// Asks the security modules, then the file system (`vfs_getattr()`): for attributes that are
    /// shown to processes.
    pub fn ask(path: PathRef<'_>, mask: u32, flags: u32) -> Result<Self> {
        let mut stat = Self(pin_init::zeroed());
        // SAFETY: The path is valid.
        to_result(unsafe { bindings::vfs_getattr(&path.raw(), &mut stat.0, mask, flags) })?;
        Ok(stat)
    }

    /// Asks only the file system (`vfs_getattr_nosec()`): if the security modules were asked for
    /// the stacked object, or the answer is not shown.
    pub fn of(path: PathRef<'_>, mask: u32, flags: u32) -> Result<Self> {
        let mut stat = Self(pin_init::zeroed());
        stat.get_nosec(path, mask, flags)?;
        Ok(stat)
    }

    /// As [`of`](Self::of), into an existing value.
    pub fn get_nosec(&mut self, path: PathRef<'_>, mask: u32, flags: u32) -> Result {
        // SAFETY: The path is valid.
        to_result(unsafe { bindings::vfs_getattr_nosec(&path.raw(), &mut self.0, mask, flags) })
    }

    /// Fills in what the inode itself knows (`generic_fillattr()`).
    pub fn fill_from(&mut self, idmap: &Idmap, mask: u32, inode: &Inode) {
        // SAFETY: All are alive.
        unsafe { bindings::generic_fillattr(idmap.as_ptr(), mask, inode.as_ptr(), &mut self.0) };
    }

    /// Reports the flags of the inode that statx(2) knows (`generic_fill_statx_attr()`).
    pub fn fill_statx_attr(&mut self, inode: &Inode) {
        // SAFETY: The inode is alive.
        unsafe { bindings::generic_fill_statx_attr(inode.as_ptr(), &mut self.0) };
    }

    /// Shows owner and group, which are as `inode` has them, as a mount of its file system with this map does.
    pub fn map_owner(&mut self, idmap: &Idmap, inode: &Inode) {
        // SAFETY: All are alive; the helper maps two ids.
        unsafe { bindings::kstat_map_ids(&mut self.0, idmap.as_ptr(), inode.as_ptr()) };
    }

    /// Sets the device and inode number.
    pub fn set_identity(&mut self, dev: u32, ino: Ino) {
        self.0.dev = dev;
        self.0.ino = ino;
    }

    /// Sets the number of links.
    pub fn set_nlink(&mut self, nlink: u32) {
        self.0.nlink = nlink;
    }

    /// Whether the user namespace in force can name owner and group (`kuid_has_mapping()`).
    pub fn owner_has_mapping(&self) -> bool {
        // SAFETY: The helper compares two ids with the current namespace.
        unsafe { bindings::current_ns_has_mapping(self.0.uid, self.0.gid) }
    }

    /// Whether both say that the object was modified at the same time, to the nanosecond.
    pub fn same_mtime(&self, other: &Self) -> bool {
        let (own, other) = (&self.0.mtime, &other.0.mtime);
        (own.tv_sec, own.tv_nsec) == (other.tv_sec, other.tv_nsec)
    }

    /// Whether both say that the object was changed at the same time, to the nanosecond.
    pub fn same_ctime(&self, other: &Self) -> bool {
        let (own, other) = (&self.0.ctime, &other.0.ctime);
        (own.tv_sec, own.tv_nsec) == (other.tv_sec, other.tv_nsec)
    }

    /// Size in bytes.
    pub fn size(&self) -> Loff {
        self.0.size
    }

    /// What is allocated for it, in units of 512 bytes.
    pub fn blocks(&self) -> u64 {
        self.0.blocks
    }

    /// Takes over what belongs to the data from another object, which has them: size, blocks, and how
    /// direct I/O has to be aligned.
    pub fn take_data(&mut self, data: &Self) {
        const ALIGNMENTS: u32 = bindings::STATX_DIOALIGN | bindings::STATX_DIO_READ_ALIGN;
        self.0.size = data.0.size;
        self.0.blocks = data.0.blocks;
        self.0.result_mask = self.0.result_mask & !ALIGNMENTS | data.0.result_mask & ALIGNMENTS;
        self.0.dio_mem_align = data.0.dio_mem_align;
        self.0.dio_offset_align = data.0.dio_offset_align;
        self.0.dio_read_offset_align = data.0.dio_read_offset_align;
    }

    /// Adds the blocks of another object that has `missing` bytes of the data of this one; not more than
    /// it has, nor than those bytes take.
    pub fn add_blocks_below(&mut self, data: &Self, missing: u64) {
        let most = missing.min(self.0.size.max(0) as u64).div_ceil(512);
        let below = data.0.blocks.min(most);
        self.0.blocks = self.0.blocks.saturating_add(below);
    }

    /// Sets the blocks to those of a file of this size without holes.
    pub fn guess_blocks(&mut self) {
        let size = self.0.size.max(0) as u64;
        let unit = u64::from(self.0.blksize.max(1));
        self.0.blocks = size.checked_next_multiple_of(unit).unwrap_or(size) / 512;
    }

    /// Sets type and permission bits.
    pub fn set_mode(&mut self, mode: u16) {
        self.0.mode = mode;
    }

    /// Type and permission bits.
    pub fn mode(&self) -> u16 {
        self.0.mode
    }

    /// Number of links.
    pub fn nlink(&self) -> u32 {
        self.0.nlink
    }

    /// The inode number.
    pub fn ino(&self) -> Ino {
        self.0.ino
    }

    /// The device number: not always that of the super block.
    pub fn dev(&self) -> u32 {
        self.0.dev
    }

    /// The number of the subvolume, where there are such (`STATX_SUBVOL`).
    pub fn subvol(&self) -> Option<u64> {
        let known = self.0.result_mask & statx::STATX_SUBVOL != 0;
        known.then_some(self.0.subvol)
    }

    /// Device number of a device node.
    pub fn rdev(&self) -> u32 {
        self.0.rdev
    }
}

/// A change of attributes (`struct iattr`).
#[repr(transparent)]
pub struct Iattr(bindings::iattr);

impl Iattr {
    /// # Safety
    ///
    /// `ptr` must be valid and the caller's alone for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(ptr: *mut bindings::iattr) -> &'a mut Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &mut *ptr.cast() }
    }

    /// A change of nothing yet.
    pub fn empty() -> Self {
        Self(pin_init::zeroed())
    }

    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.0.ia_valid == 0
    }

    /// Sets the mode.
    pub fn mode(mut self, mode: u16) -> Self {
        self.0.ia_valid |= bindings::ATTR_MODE;
        self.0.ia_mode = mode;
        self
    }

    /// Sets owner and group to those of `stat`.
    pub fn owner_of(mut self, stat: &Kstat) -> Self {
        self.0.ia_valid |= bindings::ATTR_UID | bindings::ATTR_GID;
        // SAFETY: The helper copies two ids: a kstat holds them as seen through its mount.
        unsafe { bindings::iattr_set_ids(&mut self.0, stat.0.uid, stat.0.gid) };
        self
    }

    /// Sets access and modification time to those of `stat`, to the nanosecond.
    pub fn times_of(mut self, stat: &Kstat) -> Self {
        self.0.ia_valid |= bindings::ATTR_ATIME
            | bindings::ATTR_MTIME
            | bindings::ATTR_ATIME_SET
            | bindings::ATTR_MTIME_SET
            | bindings::ATTR_CTIME;
        self.0.ia_atime = stat.0.atime;
        self.0.ia_mtime = stat.0.mtime;
        self
    }

    /// Sets the size in bytes.
    pub fn sized(mut self, size: Loff) -> Self {
        self.0.ia_valid |= bindings::ATTR_SIZE;
        self.0.ia_size = size;
        self
    }

    /// Sets the change time to now, and nothing else.
    pub fn changed(mut self) -> Self {
        self.0.ia_valid |= bindings::ATTR_CTIME;
        self
    }

    /// Sets modification and change time to now.
    pub fn touch(&mut self) {
        self.0.ia_valid |= bindings::ATTR_MTIME | bindings::ATTR_CTIME;
    }

    /// The new size, if the size is changed.
    pub fn new_size(&self) -> Option<Loff> {
        (self.0.ia_valid & bindings::ATTR_SIZE != 0).then_some(self.0.ia_size)
    }

    /// Prepares the change for the inode beneath a stacked one: removes the references to the
    /// caller's open file (`ATTR_FILE`, `ATTR_OPEN`), and lets the file system decide again which
    /// mode remains without a set-id bit.
    pub fn for_backing(&mut self) {
        if self.0.ia_valid & (bindings::ATTR_KILL_SUID | bindings::ATTR_KILL_SGID) != 0 {
            self.0.ia_valid &= !bindings::ATTR_MODE;
        }
        self.0.ia_valid &= !(bindings::ATTR_FILE | bindings::ATTR_OPEN);
    }

    /// Whether the caller may make the change (`setattr_prepare()`). The inode is locked.
    pub fn prepare<T: FileSystem>(&mut self, idmap: &Idmap, dentry: &OwnDentry<T>) -> Result {
        // SAFETY: All are alive; `->setattr()` is called with the inode locked.
        to_result(unsafe {
            bindings::setattr_prepare(idmap.as_ptr(), dentry.as_ptr(), &mut self.0)
        })
    }

    /// Turns new owner and group, which are as a mount with this map shows them, into those that `inode` gets.
    pub fn unmap_owner(&mut self, idmap: &Idmap, inode: &Inode) {
        // SAFETY: All are alive; the helper maps two ids.
        unsafe { bindings::iattr_unmap_ids(&mut self.0, idmap.as_ptr(), inode.as_ptr()) };
    }

    /// Makes the change (`notify_change()`), with the lock of the inode held for it. While the size
    /// changes, the file is not executed.
    ///
    /// # Errors
    ///
    /// `ETXTBSY` for the size of a file that is being executed.
    /// Those of the file system and of the checks under the credentials in force; `ENOENT` for a
    /// negative dentry. `EWOULDBLOCK` does not occur: the object is not shared, so there is no
    /// delegation to break.
    pub fn notify_change(&mut self, object: Changing<'_>) -> Result {
        let inode = object.dentry().inode().ok_or(ENOENT)?;
        let _writer = match self.new_size() {
            Some(_) => Some(InodeWriteAccess::get(inode)?),
            None => None,
        };
        let _lock = inode.lock();
        // SAFETY: All are alive; the lock is held, of this dentry's inode.
        to_result(unsafe {
            bindings::notify_change(
                object.mnt().idmap().as_ptr(),
                object.dentry().as_ptr(),
                &mut self.0,
                core::ptr::null_mut(),
            )
        })
    }
}

/// Flags of a permission check (`MAY_*`).
pub mod may {
    pub use crate::bindings::{MAY_APPEND, MAY_EXEC, MAY_OPEN, MAY_READ, MAY_WRITE};
}

/// Checks mode and ACL against the credentials in force (`generic_permission()`).
pub fn generic_permission(idmap: &Idmap, inode: &Inode, mask: u32) -> Result {
    // SAFETY: Both are alive.
    to_result(unsafe { bindings::generic_permission(idmap.as_ptr(), inode.as_ptr(), mask as i32) })
}

/// Checks as a system call would, the file system's own check and the LSMs included
/// (`inode_permission()`).
pub fn inode_permission(idmap: &Idmap, inode: &Inode, mask: u32) -> Result {
    // SAFETY: As above.
    to_result(unsafe { bindings::inode_permission(idmap.as_ptr(), inode.as_ptr(), mask as i32) })
}

/// Whether the credentials in force are the owner's or override it
/// (`inode_owner_or_capable()`).
pub fn inode_owner_or_capable(idmap: &Idmap, inode: &Inode) -> bool {
    // SAFETY: Both are alive.
    unsafe { bindings::inode_owner_or_capable(idmap.as_ptr(), inode.as_ptr()) }
}

/// Whether the credentials in force are in the group of `inode`, as a mount with this map shows it
/// (`vfsgid_in_group_p()`).
pub fn in_group_of(idmap: &Idmap, inode: &Inode) -> bool {
    // SAFETY: Both are alive.
    unsafe { bindings::in_group_of(idmap.as_ptr(), inode.as_ptr()) }
}

/// Whether the credentials in force may leave set-group-id on `inode` (`in_group_or_capable()`): they are in
/// its group, or hold `CAP_FSETID` over it.
pub fn may_keep_sgid(idmap: &Idmap, inode: &Inode) -> bool {
    // SAFETY: Both are alive.
    unsafe { bindings::may_keep_sgid(idmap.as_ptr(), inode.as_ptr()) }
}
