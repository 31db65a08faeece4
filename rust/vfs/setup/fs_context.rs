// SPDX-License-Identifier: GPL-2.0-only

//! Contexts of mounts and remounts, and their parameters.
//!
//! C: `struct fs_context`, `struct fs_parameter`; `Documentation/filesystems/mount_api.rst`.

use crate::bindings;
use crate::vfs::{
    callback::{callbacks, lent},
    dentry::Root,
    inode_lock::Holder,
    new_super::NewSuperBlock,
    path::Path,
    printk,
    super_block::SuperBlock,
    super_ops::SuperOperations,
    types::cstr,
};
use core::{ffi::CStr, marker::PhantomData};
use kernel::{
    error::from_err_ptr,
    ffi::{c_char, c_int, c_void},
    fmt,
    prelude::*,
    sync::Arc,
    types::Opaque,
};

/// The file system's side of a mount or remount in the making.
pub trait Context<T: SuperOperations>: Sized + Send {
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

    /// The claim of the mounted file system of which this is another mount; `None` for a new file
    /// system. If the mounted one disappears meanwhile, a new one is made.
    ///
    /// # Errors
    ///
    /// The mount ends with them.
    fn joins(&mut self, _fc: &FsContext) -> Result<Option<Arc<Holder>>> {
        Ok(None)
    }

    /// Fills the super block of a new mount, and returns its root.
    fn fill_super(&mut self, sb: NewSuperBlock<'_, T>, fc: &FsContext) -> Result<Root<T>>;

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

impl Parameter<'_> {
    /// # Safety
    ///
    /// `param` must be valid for the lifetime of the value, during which it does not change.
    unsafe fn from_raw(param: *mut bindings::fs_parameter) -> Self {
        // SAFETY: By the function's contract; the union member read is the one the type says.
        unsafe {
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
            Self {
                key: cstr((*param).key),
                value,
            }
        }
    }
}

/// A `struct fs_context` on loan. It is used by one task at a time (`uapi_mutex`, or nobody else
/// knows it).
#[repr(transparent)]
pub struct FsContext(Opaque<bindings::fs_context>);

impl FsContext {
    /// # Safety
    ///
    /// `fc` must be valid for `'a`.
    pub(in crate::vfs) unsafe fn from_raw<'a>(fc: *mut bindings::fs_context) -> &'a Self {
        // SAFETY: By the function's contract; the type is transparent.
        unsafe { &*fc.cast() }
    }

    /// The file system's side of a context.
    ///
    /// # Safety
    ///
    /// `fc` must be a context with a `C`, valid for `'a`, and no other reference to that may live.
    unsafe fn data<'a, C>(fc: *mut bindings::fs_context) -> &'a mut C {
        // SAFETY: Set by `init_fs_context` of the same `C`.
        unsafe { &mut *(*fc).fs_private.cast() }
    }

    fn raw(&self) -> &bindings::fs_context {
        // SAFETY: Alive, and this task's: nobody changes it meanwhile.
        unsafe { &*self.0.get() }
    }

    /// Whether the mount is asked to be read-only.
    pub fn wants_rdonly(&self) -> bool {
        self.raw().sb_flags & bindings::SB_RDONLY != 0
    }

    /// Whether a super block will be read-only after a change of its options: fsconfig(2) may say nothing of
    /// that (`sb_flags_mask`, as in `reconfigure_super()`).
    pub fn leaves_rdonly(&self, is_rdonly: bool) -> bool {
        match self.raw().sb_flags_mask & bindings::SB_RDONLY {
            0 => is_rdonly,
            _ => self.wants_rdonly(),
        }
    }

    /// Whether every write, or every change of a directory, is asked to be waited for
    /// (`SB_SYNCHRONOUS`, `SB_DIRSYNC`).
    pub fn wants_sync(&self) -> bool {
        self.raw().sb_flags & (bindings::SB_SYNCHRONOUS | bindings::SB_DIRSYNC) != 0
    }

    /// Whether the call comes from mount(2) rather than from fsconfig(2).
    pub fn is_oldapi(&self) -> bool {
        // SAFETY: Alive; the helper reads a bit field.
        unsafe { bindings::fs_context_is_oldapi(self.0.get()) }
    }

    /// Whether this is a remount.
    pub fn is_reconfigure(&self) -> bool {
        // SAFETY: Alive; the helper reads a bit field.
        unsafe { bindings::fs_context_is_reconfigure(self.0.get()) }
    }

    /// Whether the caller is in the user namespace the context was made for. The descriptor of a
    /// context may have been passed on.
    pub fn is_in_creators_userns(&self) -> bool {
        // SAFETY: Looks at the current task.
        core::ptr::eq(self.raw().user_ns, unsafe { bindings::current_user_ns() })
    }

    fn is_of_initial_userns(&self) -> bool {
        core::ptr::eq(self.raw().user_ns, &raw const bindings::init_user_ns)
    }

    /// Reports an error in the context's log, which mount(8) prints, and in the kernel log. In the
    /// latter, messages of mounts in a user namespace are rate-limited, because any user can cause
    /// them.
    pub fn error(&self, args: fmt::Arguments<'_>) {
        if self.is_of_initial_userns() || printk::ratelimited() {
            pr_err!("{}\n", args);
        }
        self.log(b'e', args);
    }

    /// The same for a warning.
    pub fn warn(&self, args: fmt::Arguments<'_>) {
        if self.is_of_initial_userns() || printk::ratelimited() {
            pr_warn!("{}\n", args);
        }
        self.log(b'w', args);
    }

    fn log(&self, level: u8, args: fmt::Arguments<'_>) {
        // SAFETY: The log, the type and its name live as long as the context. `%pA` takes a pointer
        // to `fmt::Arguments`, which lives for the call.
        unsafe {
            let log = self.raw().log.log;
            if !log.is_null() {
                bindings::logfc(
                    log,
                    (*self.raw().fs_type).name,
                    level,
                    c"%pA".as_char_ptr(),
                    core::ptr::from_ref(&args).cast::<kernel::ffi::c_void>(),
                );
            }
        }
    }
}

pub(in crate::vfs) struct ContextTable<T, C>(PhantomData<(T, C)>);

impl<T: SuperOperations, C: Context<T>> ContextTable<T, C> {
    const OPS: bindings::fs_context_operations = bindings::fs_context_operations {
        free: Some(Self::free),
        parse_param: Some(Self::parse_param),
        parse_monolithic: Some(Self::parse_monolithic),
        get_tree: Some(Self::get_tree),
        reconfigure: Some(Self::reconfigure),
        dup: None,
    };

    callbacks! {
        pub(in crate::vfs) fn init_fs_context(fc: *mut kernel::bindings::fs_context) -> c_int {
            let fc: *mut bindings::fs_context = fc.cast();
            // SAFETY: `fc` is new and this task's alone.
            C::new(unsafe { FsContext::from_raw(fc) }).map(|data| {
                // SAFETY: As above; `free` takes the data back.
                unsafe {
                    (*fc).fs_private = KBox::into_raw(data).cast();
                    (*fc).ops = &Self::OPS;
                }
            })
        }

        fn free(fc: *mut bindings::fs_context) -> () {
            // SAFETY: Called once; the pointer came from `init_fs_context`.
            unsafe {
                let data = (*fc).fs_private;
                (*fc).fs_private = core::ptr::null_mut();
                if !data.is_null() {
                    drop(KBox::<C>::from_raw(data.cast()));
                }
            }
        }

        fn parse_param(
            fc: *mut bindings::fs_context,
            param: *mut bindings::fs_parameter => Parameter::from_raw,
        ) -> c_int {
            // SAFETY: The data are borrowed in this call only.
            let (fc, data) = unsafe { (FsContext::from_raw(fc), FsContext::data::<C>(fc)) };
            match data.parse_param(fc, &param) {
                Ok(Parsed::Done) => 0,
                // Not an errno userspace sees: it tells the VFS to go on.
                Ok(Parsed::Unknown) => -(bindings::ENOPARAM as c_int),
                Err(e) => e.to_errno(),
            }
        }

        fn parse_monolithic(fc: *mut bindings::fs_context, data: *mut c_void) -> c_int {
            // SAFETY: `data` is NULL or mount(2)'s NUL-terminated string, which the function may
            // write to; it hands LSM options to the LSMs.
            unsafe { bindings::vfs_parse_monolithic_sep(fc, data, Some(Self::next_option)) }
        }

        /// Cuts the first option off `*rest`, as `strsep()` would.
        fn next_option(rest: *mut *mut c_char => lent) -> *mut c_char {
            let begin = *rest;
            if begin.is_null() {
                return begin;
            }
            // SAFETY: A NUL-terminated string that may be written to.
            unsafe {
                let text = cstr(begin).to_bytes();
                let len = C::first_option(text).min(text.len());
                *rest = if len < text.len() {
                    begin.add(len).write(0);
                    begin.add(len + 1)
                } else {
                    core::ptr::null_mut()
                };
            }
            begin
        }

        fn get_tree(fc: *mut bindings::fs_context) -> c_int {
            // SAFETY: The data are borrowed for the inner call only. `fill_super` gets a super block
            // of this type.
            unsafe {
                (*fc).sb_flags &= !T::OTHERS_FLAGS;
                match FsContext::data::<C>(fc).joins(FsContext::from_raw(fc)) {
                    Ok(None) => bindings::get_tree_nodev(fc, Some(Self::fill_super)),
                    Ok(Some(holder)) => Self::get_tree_of(fc, &holder),
                    Err(e) => e.to_errno(),
                }
            }
        }

        /// What `get_tree_nodev()` calls for a new super block.
        fn fill_super(
            sb: *mut bindings::super_block,
            fc: *mut bindings::fs_context,
        ) -> c_int {
            // SAFETY: This is `fill_super`. The data are borrowed in this call only.
            let root = unsafe {
                let new = NewSuperBlock::from_raw(sb);
                FsContext::data::<C>(fc).fill_super(new, FsContext::from_raw(fc))
            };
            // One of another mount would not do.
            root.and_then(|root| root.into_raw_of(sb)).map(|root| {
                // SAFETY: Nobody else knows the super block; the reference moves over.
                unsafe { (*sb).s_root = root };
            })
        }

        /// Whether a super block has the device number that the context's key is, for `sget_fc()`.
        /// Under `sb_lock`: it may be at any stage of its life, so nothing else of it may be read.
        fn has_dev(sb: *mut bindings::super_block, fc: *mut bindings::fs_context) -> c_int {
            // SAFETY: The number was set when the super block was made.
            unsafe { c_int::from((*sb).s_dev as usize == (*fc).sget_key as usize) }
        }

        fn reconfigure(fc: *mut bindings::fs_context) -> c_int {
            // SAFETY: `fc->root` is a dentry of the mounted super block of `T`, which is complete. The
            // data are borrowed in this call only.
            unsafe {
                (*fc).sb_flags &= !T::OTHERS_FLAGS;
                (*fc).sb_flags_mask &= !T::OTHERS_FLAGS;
                let sb = SuperBlock::from_raw((*(*fc).root).d_sb);
                FsContext::data::<C>(fc).reconfigure(sb, FsContext::from_raw(fc))
            }
        }
    }

    /// `->get_tree()` for one more mount of the super block of a holder, or for a new one if it has gone. As
    /// `get_tree_bdev()` does for a device: a read-only super block is not mounted read-write, nor the other
    /// way round.
    ///
    /// # Safety
    ///
    /// `fc` must be the context of a mount of `T` that is being made, and this task's.
    unsafe fn get_tree_of(fc: *mut bindings::fs_context, holder: &Holder) -> c_int {
        // SAFETY: `fc` is this task's; the key is for the two callbacks below alone. A super block that
        // `sget_fc()` returns has `s_umount` held and one active reference, which
        // `deactivate_locked_super()` gives up, or `fc->root` keeps. One without a root is new.
        unsafe {
            (*fc).sget_key = holder.dev as usize as *mut c_void;
            let sb = bindings::sget_fc(fc, Some(Self::has_dev), Some(bindings::set_anon_super_fc));
            let sb = match from_err_ptr(sb) {
                Ok(sb) => sb,
                Err(e) => return e.to_errno(),
            };
            let error = if (*sb).s_root.is_null() {
                let error = Self::fill_super(sb, fc);
                if error == 0 {
                    (*sb).s_flags |= bindings::SB_ACTIVE as usize;
                }
                error
            } else if holder.is_gone() {
                // A claim is released before the device number: this may be another super block
                // that now has it.
                bindings::deactivate_locked_super(sb);
                return bindings::get_tree_nodev(fc, Some(Self::fill_super));
            } else if ((*fc).sb_flags as usize ^ (*sb).s_flags) & bindings::SB_RDONLY as usize != 0
            {
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
}
