// SPDX-License-Identifier: GPL-2.0-only

//! Credentials.
//!
//! C: `include/linux/cred.h`, `Documentation/security/credentials.rst`.

use crate::bindings;
use crate::vfs::{
    dentry::{ChildDentry, OwnDentry},
    file_system::FileSystem,
    inode::Inode,
};
use core::ptr::NonNull;
use kernel::{cred::Credential, error::to_result, prelude::*, sync::aref::ARef};

/// New credentials that are not shared yet (`prepare_creds()`).
pub struct NewCred(NonNull<bindings::cred>);

impl NewCred {
    /// A copy of the credentials in force.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn prepare() -> Result<Self> {
        // SAFETY: No preconditions.
        let cred = unsafe { bindings::prepare_creds() };
        Ok(Self(NonNull::new(cred).ok_or(ENOMEM)?))
    }

    /// Removes the right to exceed quotas and to use reserved blocks (`CAP_SYS_RESOURCE`).
    pub fn drop_sys_resource(&mut self) {
        self.lower(bindings::CAP_SYS_RESOURCE);
    }

    /// Removes the right to keep set-id bits when data changes (`CAP_FSETID`).
    pub fn drop_fsetid(&mut self) {
        self.lower(bindings::CAP_FSETID);
    }

    /// Puts the task into the group of `inode` and no other one, or into none.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn set_only_group(&mut self, of: Option<&Inode>) -> Result {
        // SAFETY: No preconditions.
        let none = NonNull::new(unsafe { bindings::groups_alloc(0) }).ok_or(ENOMEM)?;
        // SAFETY: Nobody else knows the credentials; `set_groups()` takes a reference of its own, and ours to
        // the groups is given back. The inode's id is read as C reads it.
        unsafe {
            (*self.0.as_ptr()).fsgid = match of {
                Some(inode) => (*inode.as_ptr()).i_gid,
                None => bindings::kgid_t { val: u32::MAX },
            };
            bindings::set_groups(self.0.as_ptr(), none.as_ptr());
            bindings::put_group_info(none.as_ptr());
        }
        Ok(())
    }

    fn lower(&mut self, capability: u32) {
        // SAFETY: Nobody else knows the credentials.
        unsafe {
            bindings::cred_lower_cap(self.0.as_ptr(), capability as kernel::ffi::c_int);
        }
    }

    /// Gives objects made under these credentials the owner and group of `inode`.
    pub fn set_fs_owner(&mut self, inode: &Inode) {
        // SAFETY: Nobody else knows the credentials; the inode's ids are read as C reads them.
        unsafe {
            (*self.0.as_ptr()).fsuid = (*inode.as_ptr()).i_uid;
            (*self.0.as_ptr()).fsgid = (*inode.as_ptr()).i_gid;
        }
    }

    /// Lets the security modules label what is made at `dentry` as if the task with the
    /// credentials `caller` made it (`security_dentry_create_files_as()`).
    pub fn create_files_as<T: FileSystem>(
        &mut self,
        dentry: &ChildDentry<'_, T>,
        mode: u16,
        caller: &Credential,
    ) -> Result {
        // SAFETY: The name of such a dentry is stable.
        to_result(unsafe {
            bindings::security_create_files_as(
                dentry.as_ptr(),
                kernel::ffi::c_int::from(mode),
                caller.as_ptr(),
                self.0.as_ptr(),
            )
        })
    }

    /// Credentials the security modules want for copying `source`, what our file system shows, up, if they want others than
    /// those in force (`security_inode_copy_up()`).
    pub fn for_copy_up<T: FileSystem>(source: &OwnDentry<T>) -> Result<Option<Self>> {
        let mut new = core::ptr::null_mut();
        // SAFETY: The dentry is alive; `new` receives credentials that are ours.
        let ret = unsafe { bindings::security_copy_up(source.as_ptr(), &mut new) };
        if ret < 0 {
            return Err(Error::from_errno(ret));
        }
        Ok(NonNull::new(new).map(Self))
    }

    /// Completes the credentials: from now on they are shared and constant.
    pub fn finish(self) -> ARef<Credential> {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: One reference is owned and moves over; `Credential` is transparent.
        unsafe { ARef::from_raw(this.0.cast()) }
    }
}

impl Drop for NewCred {
    fn drop(&mut self) {
        // SAFETY: One reference is owned.
        unsafe { bindings::put_cred(self.0.as_ptr()) };
    }
}

/// Does `act` with other credentials in force for this task, and gives it those that were before
/// (`override_creds()`, `revert_creds()`).
///
/// A call rather than a guard: one that is forgotten, or dropped before an inner one, would leave
/// the task with credentials that nobody holds.
pub fn override_creds<R>(cred: &Credential, act: impl FnOnce(&Credential) -> R) -> R {
    // SAFETY: `cred` outlives the call, as the swap of pointers demands.
    let old = unsafe { bindings::override_creds(cred.as_ptr()) };
    // SAFETY: They are the task's, or those of an outer call: both outlive this one.
    let result = act(unsafe { Credential::from_ptr(old) });
    // SAFETY: What this task has put in force meanwhile was reverted by the calls that did.
    unsafe { bindings::revert_creds(old) };
    result
}

/// The facts that determine the rights of credentials, as numbers: equal facts mean equal rights.
///
/// # Errors
///
/// `ENOMEM`.
pub fn facts(cred: &Credential, to: &mut KVec<u64>) -> Result {
    // SAFETY: Credentials that are in use are constant, and hold all they point to.
    let (ids, groups) = unsafe {
        let cred = cred.as_ptr();
        let mut secid = 0;
        bindings::security_cred_getsecid(cred, &mut secid);
        let groups = (*cred).group_info;
        (
            [
                (*cred).fsuid.val.into(),
                (*cred).fsgid.val.into(),
                (*cred).cap_effective.val,
                (*cred).user_ns.addr() as u64,
                secid.into(),
            ],
            (*groups)
                .gid
                .as_slice(usize::try_from((*groups).ngroups).unwrap_or(0)),
        )
    };
    to.extend_from_slice(&ids, GFP_KERNEL)?;
    for group in groups {
        to.push(group.val.into(), GFP_KERNEL)?;
    }
    Ok(())
}
