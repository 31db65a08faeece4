// SPDX-License-Identifier: GPL-2.0-only

//! Operations on super blocks.
//!
//! C: `struct super_operations`.

use crate::bindings;
use crate::vfs::{
    callback::{callbacks, lent},
    dentry::OwnDentry,
    file_system::FileSystem,
    inode_cache,
    seq_show::SeqFile,
    statfs::Statfs,
    super_block::{FsInfo, SuperBlock},
};
use core::{marker::PhantomData, mem::ManuallyDrop};
use kernel::{
    ffi::{c_int, c_long},
    prelude::*,
};

/// Operations on a super block (`struct super_operations`).
pub trait SuperOperations: FileSystem {
    /// Fills in the result of `statfs(2)`.
    fn statfs(dentry: &OwnDentry<Self>, buf: &mut Statfs) -> Result;

    /// Writes dirty data to stable storage; with `wait`, returns only when it is there.
    fn sync_fs(sb: &SuperBlock<Self>, wait: bool) -> Result;

    /// Shows the options as in `/proc/mounts`, in a form `mount(8)` takes again.
    fn show_options(m: &SeqFile, root: &OwnDentry<Self>) -> Result;

    /// The number of objects that [`free_cached_objects`](Self::free_cached_objects) could free,
    /// except inodes and dentries (`->nr_cached_objects()`).
    fn cached_objects(_data: &Self::SuperData) -> usize {
        0
    }

    /// Frees up to `count` objects, and returns how many. It is called under memory pressure: it
    /// must not wait, nor take a lock that is ever held over an allocation
    /// (`->free_cached_objects()`).
    fn free_cached_objects(_data: &Self::SuperData, _count: usize) -> usize {
        0
    }

    /// Shows statistics of the mount in `/proc/PID/mountstats`, in lines.
    fn show_stats(_m: &SeqFile, _root: &OwnDentry<Self>) -> Result {
        Ok(())
    }

    /// The super block is being shut down, and all of it is there yet: no file is open, and what runs in the
    /// background may. References to inodes must be given up. Not called if the mount has failed.
    fn shut_down(_sb: &SuperBlock<Self>) {}

    /// Called for the data when the super block is shut down, after the last inode is gone. Walks
    /// under RCU may still look at [`WalkData`](FileSystem::WalkData), which are dropped after this: it
    /// is to return after a grace period, as the end of a private mount waits for one. No second one is
    /// waited for here: each takes long where there are many processors, or busy ones.
    fn put_super(data: Self::SuperData);
}

pub(in crate::vfs) struct SuperTable<T>(PhantomData<T>);

impl<T: SuperOperations> SuperTable<T> {
    pub(in crate::vfs) const OPS: bindings::super_operations = bindings::super_operations {
        alloc_inode: Some(inode_cache::CacheTable::<T>::alloc_inode),
        destroy_inode: Some(inode_cache::CacheTable::<T>::destroy_inode),
        free_inode: Some(inode_cache::CacheTable::<T>::free_inode),
        drop_inode: Some(bindings::inode_just_drop),
        put_super: Some(Self::put_super),
        sync_fs: Some(Self::sync_fs),
        statfs: Some(Self::statfs),
        show_options: Some(Self::show_options),
        show_stats: Some(Self::show_stats),
        nr_cached_objects: Some(Self::nr_cached_objects),
        free_cached_objects: Some(Self::free_cached_objects),
        ..pin_init::zeroed()
    };

    callbacks! {
        /// At shutdown, after all inodes of the super block are gone.
        fn put_super(sb: *mut bindings::super_block) -> () {
            // SAFETY: Called once, when no inode leads to the data any more.
            unsafe { take_data::<T>(sb) }
        }

        /// `->kill_sb()` of the type. `put_super` runs only if there is a root; otherwise the data
        /// of a failed `fill_super` are taken here.
        pub(in crate::vfs) fn kill_sb(sb: *mut bindings::super_block) -> () {
            // SAFETY: Called once for each super block of `T`.
            unsafe {
                // Without a root `fill_super` has failed, maybe before there were data.
                if !(*sb).s_root.is_null() {
                    T::shut_down(SuperBlock::from_raw(sb));
                }
                bindings::kill_anon_super(sb);
                take_data::<T>(sb);
            }
        }

        fn sync_fs(sb: *mut bindings::super_block => SuperBlock::from_raw, wait: c_int) -> c_int {
            T::sync_fs(sb, wait != 0)
        }

        fn statfs(
            dentry: *mut bindings::dentry => OwnDentry::from_raw,
            buf: *mut kernel::bindings::kstatfs => Statfs::from_raw,
        ) -> c_int {
            T::statfs(dentry, buf)
        }

        fn show_options(
            m: *mut bindings::seq_file => SeqFile::from_raw,
            root: *mut bindings::dentry => OwnDentry::from_raw,
        ) -> c_int {
            T::show_options(m, root)
        }

        fn show_stats(
            m: *mut bindings::seq_file => SeqFile::from_raw,
            root: *mut bindings::dentry => OwnDentry::from_raw,
        ) -> c_int {
            T::show_stats(m, root)
        }

        /// The shrinker of a super block asks only once it is complete (`SB_BORN`), and is gone
        /// before it is shut down (`deactivate_locked_super()`).
        fn nr_cached_objects(
            sb: *mut bindings::super_block => SuperBlock::<T>::from_raw,
            _sc: *mut bindings::shrink_control,
        ) -> c_long {
            T::cached_objects(sb.data()).try_into().unwrap_or(0)
        }

        /// As for `nr_cached_objects`; `super_cache_scan()` passes how much to scan.
        fn free_cached_objects(
            sb: *mut bindings::super_block => SuperBlock::<T>::from_raw,
            sc: *mut bindings::shrink_control => lent,
        ) -> c_long {
            T::free_cached_objects(sb.data(), sc.nr_to_scan).try_into().unwrap_or(0)
        }
    }
}

/// # Safety
///
/// Nothing may reach the data any more but walks under RCU that have come upon them before.
unsafe fn take_data<T: SuperOperations>(sb: *mut bindings::super_block) {
    // SAFETY: By the function's contract; the pointer came from `set_data`.
    unsafe {
        let info = FsInfo::<T>::of(sb);
        if !info.is_null() {
            // Walks under RCU follow the pointer: it stays until they are over.
            T::put_super(ManuallyDrop::take(&mut (*info).data));
            (*sb).s_fs_info = core::ptr::null_mut();
            drop(KBox::from_raw(info));
        }
    }
}
