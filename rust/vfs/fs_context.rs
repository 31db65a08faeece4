// SPDX-License-Identifier: GPL-2.0-only

//! Contexts of mounts and remounts, and their parameters.
//!
//! C: `struct fs_context`, `struct fs_parameter`; `Documentation/filesystems/mount_api.rst`.

use super::{
    file_system::FileSystem,
    inode_lock::Holder,
    path::Path,
    printk,
    super_block::{self, NewSuperBlock, SuperBlock},
    types::cstr,
};
use crate::bindings;
use core::{ffi::CStr, marker::PhantomData};
use kernel::{error::from_result, fmt, prelude::*, sync::Arc, types::Opaque};

/// The file system's side of a mount or remount in the making.
pub trait Context<T: FileSystem>: Sized + Send {
    /// A fresh context.
    fn new(fc: &FsContext) -> Result<KBox<Self>>;

    /// Takes one parameter. [`Parsed::Unknown`] leaves it to the VFS, which knows `source` and
    /// refuses the rest.
    fn parse_param(&mut self, fc: &FsContext, param: &Parameter<'_>) -> Result<Parsed>;

    /// Splits the option string of mount(2). Returns the length of the first option in `data` (up
    /// to its separator), so that a file system can have its own escapes.
    fn first_option(data: &[u8]) -> usize {
        data.iter().position(|&b| b == b',').unwrap_or(data.len())
    }

    /// Who claims what a mounted file system writes to, of which this mount is to be one more; `None`:
    /// it is a new one. Should that file system go meanwhile, it is a new one, too.
    ///
    /// # Errors
    ///
    /// The mount ends with them.
    fn joins(&mut self, _fc: &FsContext) -> Result<Option<Arc<Holder>>> {
        Ok(None)
    }

    /// Fills the super block of a new mount.
    fn fill_super(&mut self, sb: &mut NewSuperBlock<'_, T>, fc: &FsContext) -> Result;

    /// Carries out a remount.
    fn reconfigure(&mut self, sb: &SuperBlock<T>, fc: &FsContext) -> Result;
}

/// What became of a parameter.
pub enum Parsed {
    /// Taken.
    Done,
    /// Not one of ours.
    Unknown,
}

/// One parameter, `key` or `key=value`.
pub struct Parameter<'a> {
    /// The key.
    pub key: &'a CStr,
    /// The value.
    pub value: Value<'a>,
}

/// The value of a parameter.
pub enum Value<'a> {
    /// None (`FSCONFIG_SET_FLAG`, or no `=` in mount(2)'s string).
    Flag,
    /// A string, at most 255 bytes from fsconfig(2), a page in all from mount(2).
    String(&'a CStr),
    /// An open file (`FSCONFIG_SET_FD`), `O_PATH` or not: its path.
    File(Path),
    /// Something else: a blob, a name relative to a directory.
    Other,
}

/// A `struct fs_context` on loan. It is used by one task at a time (`uapi_mutex`, or nobody else
/// knows it).
#[repr(transparent)]
pub struct FsContext(Opaque<bindings::fs_context>);

impl FsContext {
    /// # Safety
    ///
    /// `fc` must be valid for `'a`.
    pub(super) unsafe fn from_raw<'a>(fc: *mut bindings::fs_context) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*fc.cast() }
    }

    /// The file system's side of a context.
    ///
    /// # Safety
    ///
    /// `fc` must be a context of `T`, valid for `'a`, and no other reference to its data may live.
    pub(super) unsafe fn data<'a, T: FileSystem>(
        fc: *mut bindings::fs_context,
    ) -> &'a mut T::Context {
        // SAFETY: Set by `init_fs_context::<T>`.
        unsafe { &mut *(*fc).fs_private.cast() }
    }

    /// Whether the mount is asked to be read-only.
    pub fn wants_rdonly(&self) -> bool {
        // SAFETY: Alive, used by this task.
        unsafe { (*self.0.get()).sb_flags & bindings::SB_RDONLY != 0 }
    }

    /// Whether every write, or every change of a directory, is asked to be waited for
    /// (`SB_SYNCHRONOUS`, `SB_DIRSYNC`).
    pub fn wants_sync(&self) -> bool {
        const SYNC: u32 = bindings::SB_SYNCHRONOUS | bindings::SB_DIRSYNC;
        // SAFETY: As above.
        unsafe { (*self.0.get()).sb_flags & SYNC != 0 }
    }

    /// Whether the call comes from mount(2) rather than from fsconfig(2).
    pub fn is_oldapi(&self) -> bool {
        // SAFETY: As above.
        unsafe { bindings::fs_context_is_oldapi(self.0.get()) }
    }

    /// Whether this is a remount.
    pub fn is_reconfigure(&self) -> bool {
        // SAFETY: As above.
        unsafe { bindings::fs_context_is_reconfigure(self.0.get()) }
    }

    /// Whether the caller is in the user namespace the context was made for. The descriptor of a
    /// context may have been passed on.
    pub fn is_in_creators_userns(&self) -> bool {
        // SAFETY: As above.
        unsafe { core::ptr::eq((*self.0.get()).user_ns, bindings::current_user_ns()) }
    }

    fn is_of_initial_userns(&self) -> bool {
        // SAFETY: As above; the initial user namespace is a static of the kernel.
        unsafe { core::ptr::eq((*self.0.get()).user_ns, &raw const bindings::init_user_ns) }
    }

    /// Says what is wrong: in the context's log, which mount(8) prints, and in the kernel log. There,
    /// who mounts in a user namespace, as any user can, does not fill it.
    pub fn error(&self, args: fmt::Arguments<'_>) {
        if self.is_of_initial_userns() || printk::ratelimited() {
            pr_err!("{}\n", args);
        }
        self.log(b'e', args);
    }

    /// The same, of something that is done nevertheless.
    pub fn warn(&self, args: fmt::Arguments<'_>) {
        if self.is_of_initial_userns() || printk::ratelimited() {
            pr_warn!("{}\n", args);
        }
        self.log(b'w', args);
    }

    fn log(&self, level: u8, args: fmt::Arguments<'_>) {
        // SAFETY: As above; so is the type, and its name. `%pA` takes a pointer to
        // `fmt::Arguments`, which lives for the call.
        unsafe {
            let log = (*self.0.get()).log.log;
            if !log.is_null() {
                bindings::logfc(
                    log,
                    (*(*self.0.get()).fs_type).name,
                    level,
                    c"%pA".as_char_ptr(),
                    core::ptr::from_ref(&args).cast::<kernel::ffi::c_void>(),
                );
            }
        }
    }
}

struct Table<T>(PhantomData<T>);

impl<T: FileSystem> Table<T> {
    const OPS: bindings::fs_context_operations = bindings::fs_context_operations {
        free: Some(Self::free),
        parse_param: Some(Self::parse_param),
        parse_monolithic: Some(Self::parse_monolithic),
        get_tree: Some(Self::get_tree),
        reconfigure: Some(Self::reconfigure),
        dup: None,
    };

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn free(fc: *mut bindings::fs_context) {
        // SAFETY: Called once, for contexts of `T`; the pointer came from `init_fs_context`.
        unsafe {
            let data = (*fc).fs_private;
            (*fc).fs_private = core::ptr::null_mut();
            if !data.is_null() {
                drop(KBox::<T::Context>::from_raw(data.cast()));
            }
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn parse_param(
        fc: *mut bindings::fs_context,
        param: *mut bindings::fs_parameter,
    ) -> kernel::ffi::c_int {
        let raw = fc;
        // SAFETY: Both are valid for the call; the union member read is the one `type_` says.
        let (fc, param) = unsafe {
            let value = match bindings::fs_parameter_type(param) {
                bindings::fs_value_type_fs_value_is_flag => Value::Flag,
                bindings::fs_value_type_fs_value_is_string => {
                    Value::String(cstr(bindings::fs_parameter_string(param)))
                }
                bindings::fs_value_type_fs_value_is_file => Value::File(Path::from_borrowed(
                    bindings::file_path(bindings::fs_parameter_file(param)),
                )),
                _ => Value::Other,
            };
            (
                FsContext::from_raw(fc),
                Parameter {
                    key: cstr((*param).key),
                    value,
                },
            )
        };
        // SAFETY: The context is of `T`; its data are borrowed in this call only.
        let data = unsafe { FsContext::data::<T>(raw) };
        match data.parse_param(fc, &param) {
            Ok(Parsed::Done) => 0,
            // Not an errno userspace sees: it tells the VFS to go on.
            Ok(Parsed::Unknown) => -(bindings::ENOPARAM as kernel::ffi::c_int),
            Err(e) => e.to_errno(),
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn parse_monolithic(
        fc: *mut bindings::fs_context,
        data: *mut kernel::ffi::c_void,
    ) -> kernel::ffi::c_int {
        // SAFETY: `data` is NULL or mount(2)'s NUL-terminated string, which the function may
        // write to; it hands LSM options to the LSMs.
        unsafe { bindings::vfs_parse_monolithic_sep(fc, data, Some(Self::next_option)) }
    }

    /// Cuts the first option off `*rest`, as `strsep()` would.
    ///
    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn next_option(
        rest: *mut *mut kernel::ffi::c_char,
    ) -> *mut kernel::ffi::c_char {
        // SAFETY: `*rest` is NULL or a NUL-terminated string that may be written to.
        unsafe {
            let begin = *rest;
            if begin.is_null() {
                return begin;
            }
            let text = cstr(begin).to_bytes();
            let len = T::Context::first_option(text).min(text.len());
            *rest = if len < text.len() {
                begin.add(len).write(0);
                begin.add(len + 1)
            } else {
                core::ptr::null_mut()
            };
            begin
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn get_tree(fc: *mut bindings::fs_context) -> kernel::ffi::c_int {
        // SAFETY: `fc` is valid, and this task's; the function calls back with a super block of this
        // type.
        unsafe { (*fc).sb_flags &= !T::OTHERS_FLAGS };
        // SAFETY: As above; the context is of `T`, and its data are borrowed for this call only.
        let joins = unsafe { FsContext::data::<T>(fc).joins(FsContext::from_raw(fc)) };
        match joins {
            // SAFETY: As above.
            Ok(None) => unsafe { bindings::get_tree_nodev(fc, Some(super_block::fill_super::<T>)) },
            // SAFETY: As above.
            Ok(Some(holder)) => unsafe { super_block::get_tree_of::<T>(fc, &holder) },
            Err(e) => e.to_errno(),
        }
    }

    /// # Safety
    ///
    /// To be called by the kernel alone, as the C method of that name.
    unsafe extern "C" fn reconfigure(fc: *mut bindings::fs_context) -> kernel::ffi::c_int {
        let raw = fc;
        // SAFETY: `fc` is valid, and this task's. `fc->root` is a dentry of the mounted super block of
        // `T`, which is complete.
        let (fc, sb) = unsafe {
            (*fc).sb_flags &= !T::OTHERS_FLAGS;
            (*fc).sb_flags_mask &= !T::OTHERS_FLAGS;
            let root = (*fc).root;
            (
                FsContext::from_raw(fc),
                SuperBlock::<T>::from_raw((*root).d_sb),
            )
        };
        // SAFETY: The context is of `T`; its data are borrowed in this call only.
        let data = unsafe { FsContext::data::<T>(raw) };
        from_result(|| data.reconfigure(sb, fc).map(|()| 0))
    }
}

/// # Safety
///
/// To be called by the kernel alone, as the C method of that name.
pub(super) unsafe extern "C" fn init_fs_context<T: FileSystem>(
    fc: *mut kernel::bindings::fs_context,
) -> kernel::ffi::c_int {
    let fc: *mut bindings::fs_context = fc.cast();
    from_result(|| {
        // SAFETY: `fc` is new and this task's alone.
        let data = T::Context::new(unsafe { FsContext::from_raw(fc) })?;
        // SAFETY: As above; `free` takes the data back.
        unsafe {
            (*fc).fs_private = KBox::into_raw(data).cast();
            (*fc).ops = &Table::<T>::OPS;
        }
        Ok(0)
    })
}
