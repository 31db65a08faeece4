// SPDX-License-Identifier: GPL-2.0-only

//! Super blocks.
//!
//! C: `struct super_block`, `struct super_operations`.

use super::{
    dentry::{DEntry, Root},
    file_system::FileSystem,
    inode_data::{Backing, Identity, WithData},
    inode_lock::Holder,
    new_inode::{Iget, New},
    seq_show::SeqFile,
    statfs::Statfs,
    types::{Ino, Loff},
    xattr,
};
use crate::bindings;
use core::{marker::PhantomData, ptr::NonNull};
use kernel::{
    error::{from_result, to_result},
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
    types::Opaque,
};

/// `SB_*` and `SB_I_*` flags.
pub mod flags {
    pub use crate::bindings::{
        SB_I_EVM_HMAC_UNSUPPORTED, SB_I_NOUMASK, SB_I_SKIP_SYNC, SB_I_VERSION, SB_LAZYTIME,
        SB_MANDLOCK, SB_NOSEC, SB_POSIXACL, SB_RDONLY,
    };
}

/// The deepest stack of file systems the kernel allows (`FILESYSTEM_MAX_STACK_DEPTH`).
pub const MAX_STACK_DEPTH: i32 = bindings::FILESYSTEM_MAX_STACK_DEPTH as i32;

/// Operations on a super block (`struct super_operations`).
pub trait SuperOperations: Sized {
    /// The data of a super block (`s_fs_info`).
    type Data: Send + Sync;

    /// Fills in the figures for `statfs(2)`.
    fn statfs(dentry: &DEntry<Self>, buf: &mut Statfs) -> Result
    where
        Self: FileSystem;

    /// Writes what is dirty to stable storage; with `wait`, does not return before it is there.
    fn sync_fs(sb: &SuperBlock<Self>, wait: bool) -> Result
    where
        Self: FileSystem;

    /// Shows the options as in `/proc/mounts`, in a form `mount(8)` takes again.
    fn show_options(m: &SeqFile, root: &DEntry<Self>) -> Result
    where
        Self: FileSystem;

    /// How many objects there are that [`free_cached_objects`](Self::free_cached_objects) could let
    /// go, inodes and dentries apart (`->nr_cached_objects()`).
    fn cached_objects(_data: &Self::Data) -> usize {
        0
    }

    /// Lets go of about so many objects, and returns how many it were. The kernel is short of memory:
    /// this must not wait for anything, nor take a lock that is ever held over an allocation
    /// (`->free_cached_objects()`).
    fn free_cached_objects(_data: &Self::Data, _count: usize) -> usize {
        0
    }

    /// Shows figures of the mount in `/proc/PID/mountstats`, in lines.
    fn show_stats(_m: &SeqFile, _root: &DEntry<Self>) -> Result
    where
        Self: FileSystem,
    {
        Ok(())
    }

    /// Called for the data when the super block is shut down, after the last inode is gone. Walks
    /// under RCU may still look at the data: they are to be freed after a grace period.
    fn put_super(data: KBox<Self::Data>);
}

/// A super block of `T` that is complete, or whose data at least are set.
#[repr(transparent)]
pub struct SuperBlock<T: FileSystem>(Opaque<bindings::super_block>, PhantomData<T>);

// SAFETY: The data are `Send + Sync`; the C parts follow their own rules.
unsafe impl<T: FileSystem> Sync for SuperBlock<T> {}

impl<T: FileSystem> SuperBlock<T> {
    /// Notes a failure to write data to the disk: each open file is told of it by its next
    /// syncfs(2) (`errseq_set()`).
    pub fn set_wb_err(&self, error: Error) {
        // SAFETY: `self` is alive; `errseq_t` is accessed atomically.
        unsafe { bindings::errseq_set(&raw mut (*self.as_ptr()).s_wb_err, error.to_errno()) };
    }

    /// # Safety
    ///
    /// `ptr` must be a super block of `T` with its data set, alive for `'a`.
    pub(super) unsafe fn from_raw<'a>(ptr: *mut bindings::super_block) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::super_block {
        self.0.get()
    }

    /// `T`'s data.
    pub fn data(&self) -> &T::Data {
        // SAFETY: Set by `NewSuperBlock::set_data` before anything else of this type can be
        // reached, cleared after the last inode and dentry are gone.
        unsafe { &*(*self.as_ptr()).s_fs_info.cast() }
    }

    /// Whether the super block is read-only (`sb_rdonly()`).
    pub fn is_rdonly(&self) -> bool {
        // SAFETY: A racing read of one word, as C does.
        let flags = unsafe { (&raw const (*self.as_ptr()).s_flags).read_volatile() };
        flags & bindings::SB_RDONLY as usize != 0
    }

    /// The largest file size, in bytes.
    pub fn maxbytes(&self) -> Loff {
        // SAFETY: Set before the super block is published.
        unsafe { (*self.as_ptr()).s_maxbytes }
    }

    /// The device number of the super block, as `stat(2)` reports it.
    pub fn dev(&self) -> u32 {
        // SAFETY: Set before the super block is published.
        unsafe { (*self.as_ptr()).s_dev }
    }

    /// How many stacked file systems this one has in it, itself included.
    pub fn stack_depth(&self) -> i32 {
        // SAFETY: Set before the first inode is made.
        unsafe { (*self.as_ptr()).s_stack_depth }
    }

    /// The root directory.
    pub fn root(&self) -> &DEntry<T> {
        // SAFETY: Set before the super block is published; alive as long as it.
        unsafe { DEntry::from_raw((*self.as_ptr()).s_root) }
    }

    /// A new inode that is not hashed (`new_inode()`).
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new_inode(&self) -> Result<New<T>> {
        // SAFETY: The super block is alive, and its inodes are of `T`.
        let inode = unsafe { bindings::new_inode(self.as_ptr()) };
        let inode = NonNull::new(inode).ok_or(ENOMEM)?;
        // SAFETY: A new inode with one reference.
        Ok(unsafe { New::from_raw(inode, false) })
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
                Some(Identity::test::<T>),
                Some(Identity::set::<T>),
                (&raw const identity).cast_mut().cast(),
            )
        };
        let inode = NonNull::new(inode).ok_or(ENOMEM)?;
        // SAFETY: A referenced inode of this super block: new with I_NEW set, or complete. Of a
        // complete one the reference moves over; the types are transparent.
        unsafe {
            if bindings::inode_is_new(inode.as_ptr()) {
                Ok(Iget::New(New::from_raw(inode, true)))
            } else {
                Ok(Iget::Cached(kernel::sync::aref::ARef::from_raw(
                    inode.cast(),
                )))
            }
        }
    }
}

/// A super block in the making, in `fill_super`.
pub struct NewSuperBlock<'a, T: FileSystem> {
    sb: *mut bindings::super_block,
    _t: PhantomData<&'a T>,
}

impl<T: FileSystem> NewSuperBlock<'_, T> {
    /// Sets `T`'s data, after which inodes can be made. Sets `T`'s operations too.
    pub fn set_data(&mut self, data: KBox<T::Data>, handler: &'static xattr::Handlers<T>) {
        // SAFETY: Nobody else knows the super block. The data are freed by `put_super` or, when
        // `fill_super` fails, by `kill_sb`.
        unsafe {
            (*self.sb).s_fs_info = KBox::into_raw(data).cast();
            (*self.sb).s_op = &Table::<T>::OPS;
            (*self.sb).s_xattr = handler.as_ptr();
        }
    }

    /// The super block as far as it is: after [`set_data`](Self::set_data).
    pub fn ready(&self) -> Result<&SuperBlock<T>> {
        // SAFETY: Alive; the data are checked to be set.
        unsafe {
            if (*self.sb).s_fs_info.is_null() {
                return Err(EINVAL);
            }
            Ok(SuperBlock::from_raw(self.sb))
        }
    }

    /// Sets the dentry operations all dentries get (`set_default_d_op()`).
    pub fn set_default_d_op<D: super::dentry_ops::DentryOperations<T>>(
        &mut self,
        revalidate: bool,
    ) {
        let ops = super::dentry_ops::dentry_table::<T, D>(revalidate);
        // SAFETY: Nobody else knows the super block; the table is static.
        unsafe { bindings::set_default_d_op(self.sb, ops) };
    }

    /// The device number the super block will have.
    pub fn dev(&self) -> u32 {
        // SAFETY: Set when the super block was made.
        unsafe { (*self.sb).s_dev }
    }

    /// Sets the type number `statfs(2)` reports.
    pub fn set_magic(&mut self, magic: u32) {
        // SAFETY: Nobody else knows the super block (here and below).
        unsafe { (*self.sb).s_magic = magic as usize };
    }

    /// Sets the UUID (`super_set_uuid()`).
    pub fn set_uuid(&mut self, uuid: [u8; 16]) {
        // SAFETY: As above.
        unsafe {
            (*self.sb).s_uuid.b = uuid;
            (*self.sb).s_uuid_len = uuid.len() as u8;
        }
    }

    /// Sets the largest file size, in bytes.
    pub fn set_maxbytes(&mut self, max: Loff) {
        // SAFETY: As above.
        unsafe { (*self.sb).s_maxbytes = max };
    }

    /// Sets the depth of the stack and the granularity of times (nanoseconds).
    pub fn set_stacking(&mut self, depth: i32, time_gran: u32) {
        // SAFETY: As above.
        unsafe {
            (*self.sb).s_stack_depth = depth;
            (*self.sb).s_time_gran = time_gran;
        }
    }

    /// Sets the block size (`FIGETBSZ`), as a power of two.
    pub fn set_block_bits(&mut self, bits: u8) {
        // SAFETY: As above.
        unsafe {
            (*self.sb).s_blocksize_bits = bits;
            (*self.sb).s_blocksize = 1 << bits.min(30);
        }
    }

    /// Adds `SB_*` flags.
    pub fn add_flags(&mut self, flags: u32) {
        // SAFETY: As above.
        unsafe { (*self.sb).s_flags |= flags as usize };
    }

    /// Adds `SB_I_*` flags.
    pub fn add_iflags(&mut self, flags: u32) {
        // SAFETY: As above.
        unsafe { (*self.sb).s_iflags |= flags as usize };
    }

    /// Sets the root directory, the last step.
    pub fn set_root(&mut self, root: Root<T>) {
        // SAFETY: As above; the reference moves over.
        unsafe { (*self.sb).s_root = root.into_raw() };
    }
}

/// Facts of any super block, by way of one of its dentries.
pub struct SbInfo {
    /// Depth of stacking (`s_stack_depth`).
    pub stack_depth: i32,
    /// Granularity of times in nanoseconds.
    pub time_gran: u32,
    /// Whether `SB_NOSEC` is set.
    pub nosec: bool,
    /// Whether the super block is read-only.
    pub rdonly: bool,
    /// The largest file size, in bytes.
    pub maxbytes: Loff,
    /// The block size, as a power of two.
    pub block_bits: u8,
    /// The device number.
    pub dev: u32,
    /// The magic number of the type.
    pub magic: usize,
    /// The identity of the file system, if it has one (`s_uuid`).
    pub uuid: Option<[u8; 16]>,
}

pub use crate::bindings::OVERLAYFS_SUPER_MAGIC;

/// Magic numbers of types.
pub mod magic {
    pub use crate::bindings::{
        BTRFS_SUPER_MAGIC, EROFS_SUPER_MAGIC_V1, EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC,
        FUSE_SUPER_MAGIC, ISOFS_SUPER_MAGIC, NFS_SUPER_MAGIC, SQUASHFS_MAGIC, TMPFS_MAGIC,
        XFS_SUPER_MAGIC,
    };
}

impl SbInfo {
    /// Reads them.
    pub fn of(dentry: &super::dentry::Dentry) -> Self {
        let sb = dentry.sb_ptr();
        // SAFETY: The dentry keeps its super block alive; the fields are stable or read racily as
        // in C.
        unsafe {
            Self {
                stack_depth: (*sb).s_stack_depth,
                time_gran: (*sb).s_time_gran,
                nosec: (*sb).s_flags & bindings::SB_NOSEC as usize != 0,
                rdonly: (*sb).s_flags & bindings::SB_RDONLY as usize != 0,
                maxbytes: (*sb).s_maxbytes,
                block_bits: (*sb).s_blocksize_bits,
                dev: (*sb).s_dev,
                magic: (*sb).s_magic,
                uuid: Some((*sb).s_uuid.b).filter(|uuid| *uuid != [0; 16]),
            }
        }
    }
}

/// Reads the first `len` bytes of the device of a file system, in pieces of 512 bytes. Returns `false`
/// if there is no device, or it cannot be read.
pub fn read_device(
    dentry: &super::dentry::Dentry,
    len: usize,
    mut each: impl FnMut(&[u8]),
) -> bool {
    let sb = dentry.sb_ptr();
    // SAFETY: The dentry keeps the super block alive; the device stays as long as it.
    if unsafe { (*sb).s_bdev.is_null() } {
        return false;
    }
    let mut done = 0usize;
    for block in 0.. {
        if done >= len {
            break;
        }
        // SAFETY: As above; the block size is set since the super block was filled.
        let Some(buffer) = NonNull::new(unsafe { bindings::sb_bread(sb, block) }) else {
            return false;
        };
        // SAFETY: A buffer that was read has its data mapped until it is released.
        let (data, size) = unsafe {
            let buffer = buffer.as_ptr();
            ((*buffer).b_data.cast::<u8>(), (*buffer).b_size)
        };
        let mut piece = [0u8; 512];
        for at in (0..size)
            .step_by(piece.len())
            .take_while(|at| done + at < len)
        {
            let n = piece.len().min(size - at);
            // SAFETY: Within the data. They are copied, for others may write to the device.
            unsafe { core::ptr::copy_nonoverlapping(data.add(at), piece.as_mut_ptr(), n) };
            each(piece.get(..n).unwrap_or_default());
        }
        done = done.saturating_add(size);
        // SAFETY: The reference `sb_bread()` gave.
        unsafe { bindings::brelse(buffer.as_ptr()) };
    }
    true
}

/// Writes a whole file system to stable storage (`sync_filesystem()`), with `s_umount` held shared
/// as it demands.
pub fn sync_filesystem(dentry: &super::dentry::Dentry) -> Result {
    // SAFETY: The dentry keeps the super block alive; `s_umount` of a stacked file system's lower
    // super block is taken inside the stacked one's, as in overlayfs.
    to_result(unsafe { bindings::sync_filesystem_locked(dentry.sb_ptr()) })
}

/// Up to where somebody has seen the write-back errors of a super block (`errseq_t`).
///
/// Of two who look at once both may be told of the same error.
pub struct SeenErrors(Atomic<u32>);

impl SeenErrors {
    /// Those that anybody has seen (`errseq_sample()`).
    pub fn sample(dentry: &super::dentry::Dentry) -> Self {
        // SAFETY: The dentry keeps the super block alive; `errseq_t` is accessed atomically.
        Self(Atomic::new(unsafe {
            bindings::errseq_sample(&raw mut (*dentry.sb_ptr()).s_wb_err)
        }))
    }

    /// An error that was not seen, if there is one; it stays so (`errseq_check()`).
    pub fn check(&self, dentry: &super::dentry::Dentry) -> Result {
        // SAFETY: As in `sample()`.
        to_result(unsafe {
            bindings::errseq_check(&raw mut (*dentry.sb_ptr()).s_wb_err, self.0.load(Relaxed))
        })
    }

    /// The same, and sees it (`errseq_check_and_advance()`).
    pub fn check_and_advance(&self, dentry: &super::dentry::Dentry) -> Result {
        let mut seen = self.0.load(Relaxed);
        // SAFETY: As in `sample()`; `seen` is ours.
        let result = to_result(unsafe {
            bindings::errseq_check_and_advance(&raw mut (*dentry.sb_ptr()).s_wb_err, &mut seen)
        });
        self.0.store(seen, Relaxed);
        result
    }
}

struct Table<T>(PhantomData<T>);

impl<T: FileSystem> Table<T> {
    const OPS: bindings::super_operations = bindings::super_operations {
        alloc_inode: Some(WithData::<T>::alloc_inode),
        destroy_inode: Some(WithData::<T>::destroy_inode),
        free_inode: Some(WithData::<T>::free_inode),
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

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn put_super(sb: *mut bindings::super_block) {
        // SAFETY: Called once, at shutdown, after all inodes of the super block are gone.
        unsafe { take_data::<T>(sb) };
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn sync_fs(
        sb: *mut bindings::super_block,
        wait: kernel::ffi::c_int,
    ) -> kernel::ffi::c_int {
        // SAFETY: Called for complete super blocks of `T` only: this table is installed by
        // `set_data` alone.
        let sb = unsafe { SuperBlock::<T>::from_raw(sb) };
        from_result(|| T::sync_fs(sb, wait != 0).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn show_stats(
        m: *mut bindings::seq_file,
        root: *mut bindings::dentry,
    ) -> kernel::ffi::c_int {
        // SAFETY: As above.
        let (m, root) = unsafe { (SeqFile::from_raw(m), DEntry::<T>::from_raw(root)) };
        from_result(|| T::show_stats(m, root).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn nr_cached_objects(
        sb: *mut bindings::super_block,
        _sc: *mut bindings::shrink_control,
    ) -> kernel::ffi::c_long {
        // SAFETY: The shrinker of a super block asks only once it is complete (`SB_BORN`), and is
        // gone before it is shut down (`deactivate_locked_super()`).
        let sb = unsafe { SuperBlock::<T>::from_raw(sb) };
        T::cached_objects(sb.data()).try_into().unwrap_or(0)
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn free_cached_objects(
        sb: *mut bindings::super_block,
        sc: *mut bindings::shrink_control,
    ) -> kernel::ffi::c_long {
        // SAFETY: As above; `super_cache_scan()` passes how much to scan.
        let (sb, count) = unsafe { (SuperBlock::<T>::from_raw(sb), (*sc).nr_to_scan) };
        let freed = T::free_cached_objects(sb.data(), count);
        freed.try_into().unwrap_or(0)
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn statfs(
        dentry: *mut bindings::dentry,
        buf: *mut kernel::bindings::kstatfs,
    ) -> kernel::ffi::c_int {
        // SAFETY: As above; `buf` is the caller's alone.
        let (dentry, buf) =
            unsafe { (DEntry::<T>::from_raw(dentry), Statfs::from_raw(buf.cast())) };
        from_result(|| T::statfs(dentry, buf).map(|()| 0))
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn show_options(
        m: *mut bindings::seq_file,
        root: *mut bindings::dentry,
    ) -> kernel::ffi::c_int {
        // SAFETY: As above; the seq_file is in use by this call alone.
        let (m, root) = unsafe { (SeqFile::from_raw(m), DEntry::<T>::from_raw(root)) };
        from_result(|| T::show_options(m, root).map(|()| 0))
    }
}

/// # Safety
///
/// Nothing may reach the data any more.
unsafe fn take_data<T: FileSystem>(sb: *mut bindings::super_block) {
    // SAFETY: By the function's contract; the pointer came from `set_data`.
    unsafe {
        let data = (*sb).s_fs_info;
        if !data.is_null() {
            // Walks under RCU may still look at the data: the pointer stays until they are gone.
            T::put_super(KBox::from_raw(data.cast()));
            (*sb).s_fs_info = core::ptr::null_mut();
        }
    }
}

/// # Safety
///
/// To be called by the kernel alone, as the C method of that name.
pub(super) unsafe extern "C" fn kill_sb<T: FileSystem>(sb: *mut bindings::super_block) {
    // SAFETY: Called once for each super block of `T`. `put_super` runs only if there is a root;
    // otherwise the data of a failed `fill_super` are taken here.
    unsafe {
        bindings::kill_anon_super(sb);
        take_data::<T>(sb);
    }
}

/// C side of `fill_super`: called by `get_tree_nodev()`.
///
/// # Safety
///
/// To be called by the kernel alone, as the C method of that name.
pub(super) unsafe extern "C" fn fill_super<T: FileSystem>(
    sb: *mut bindings::super_block,
    fc: *mut bindings::fs_context,
) -> kernel::ffi::c_int {
    // SAFETY: `get_tree_nodev()` passes a new super block and the context of this mount.
    let (raw, fc) = (fc, unsafe { super::fs_context::FsContext::from_raw(fc) });
    let mut new = NewSuperBlock {
        sb,
        _t: PhantomData,
    };
    // SAFETY: Contexts of `T` carry its data.
    let context = unsafe { super::fs_context::FsContext::data::<T>(raw) };
    from_result(|| {
        <T::Context as super::fs_context::Context<T>>::fill_super(context, &mut new, fc)?;
        Ok(0)
    })
}

/// `->get_tree()` for one more mount of the super block of a holder, or for a new one if it has gone. As
/// `get_tree_bdev()` does for a device: a read-only super block is not mounted read-write, nor the other
/// way round.
///
/// # Safety
///
/// `fc` must be the context of a mount of `T` that is being made, and this task's.
pub(super) unsafe fn get_tree_of<T: FileSystem>(
    fc: *mut bindings::fs_context,
    holder: &Holder,
) -> kernel::ffi::c_int {
    // SAFETY: `fc` is this task's; the key is for the two callbacks below alone. A super block that
    // `sget_fc()` returns has `s_umount` held and one active reference, which
    // `deactivate_locked_super()` gives up, or `fc->root` keeps. One without a root is new.
    unsafe {
        (*fc).sget_key = holder.dev as usize as *mut kernel::ffi::c_void;
        let sb = bindings::sget_fc(fc, Some(has_dev), Some(bindings::set_anon_super_fc));
        let sb = match kernel::error::from_err_ptr(sb) {
            Ok(sb) => sb,
            Err(e) => return e.to_errno(),
        };
        let error = if (*sb).s_root.is_null() {
            let error = fill_super::<T>(sb, fc);
            if error == 0 {
                (*sb).s_flags |= bindings::SB_ACTIVE as usize;
            }
            error
        } else if holder.is_gone() {
            // A claim is given up before the device number is: this may be another one, that has it now.
            bindings::deactivate_locked_super(sb);
            return bindings::get_tree_nodev(fc, Some(fill_super::<T>));
        } else if ((*fc).sb_flags as usize ^ (*sb).s_flags) & bindings::SB_RDONLY as usize != 0 {
            EBUSY.to_errno()
        } else {
            0
        };
        if error != 0 {
            bindings::deactivate_locked_super(sb);
            return error;
        }
        (*fc).root = bindings::dget((*sb).s_root);
    }
    0
}

/// Whether a super block has the device number that the context's key is. Under `sb_lock`: it may be
/// at any stage of its life, so nothing else of it is looked at.
///
/// # Safety
///
/// To be called by `sget_fc()` alone.
unsafe extern "C" fn has_dev(
    sb: *mut bindings::super_block,
    fc: *mut bindings::fs_context,
) -> kernel::ffi::c_int {
    // SAFETY: Both are valid for the call; the number was set when the super block was made.
    unsafe { ((*sb).s_dev as usize == (*fc).sget_key as usize).into() }
}
