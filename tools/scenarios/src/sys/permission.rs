// SPDX-License-Identifier: GPL-2.0-only
//! Credentials beyond user and group, namespaces, and calls whose result depends on them.

use std::ffi::OsStr;
use std::os::fd::RawFd;

use super::{Result, check, cstring};

/// Replaces the effective capabilities by those of `wanted` that are permitted, a bit for each.
pub fn set_capabilities(wanted: u64) -> Result<()> {
    // struct __user_cap_header_struct: version 3, this thread.  struct __user_cap_data_struct, twice: effective,
    // permitted, inheritable, first the lower 32 bits of all three.
    let mut header = [0x2008_0522_u32, 0];
    let mut data = [0u32; 6];
    raw!(SYS_capget, header.as_mut_ptr(), data.as_mut_ptr())?;
    data[0] = wanted as u32 & data[1];
    data[3] = (wanted >> 32) as u32 & data[4];
    raw!(SYS_capset, header.as_mut_ptr(), data.as_ptr()).map(drop)
}

/// setfsuid(2), which does not report success.
pub fn set_fs_uid(uid: u32) {
    // SAFETY: no pointers.
    unsafe { libc::setfsuid(uid) };
}

/// setfsgid(2), which does not report success.
pub fn set_fs_gid(gid: u32) {
    // SAFETY: no pointers.
    unsafe { libc::setfsgid(gid) };
}

/// setresuid(2) and setresgid(2) of real, effective and saved ids, and no supplementary groups.
pub fn become_for_good(uid: u32, gid: u32) -> Result<()> {
    raw!(SYS_setgroups, 0, std::ptr::null::<u32>())?;
    raw!(SYS_setresgid, gid, gid, gid)?;
    raw!(SYS_setresuid, uid, uid, uid).map(drop)
}

/// setresuid(2) of the real user alone.
pub fn set_real_user(uid: u32) -> Result<()> {
    raw!(SYS_setresuid, uid, -1, -1).map(drop)
}

/// Forbids this process to make regular files anywhere, by Landlock.
pub fn landlock_no_new_files() -> Result<()> {
    // struct landlock_ruleset_attr: handled_access_fs, with LANDLOCK_ACCESS_FS_MAKE_REG alone.
    let handled = 1u64 << 8;
    let rules = raw!(
        SYS_landlock_create_ruleset,
        &raw const handled,
        size_of_val(&handled),
        0
    )? as RawFd;
    let confined = call!(prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        .and_then(|_| raw!(SYS_landlock_restrict_self, rules, 0));
    super::close(rules).and(confined.map(drop))
}

/// unshare(2).
pub fn unshare(what: i32) -> Result<()> {
    call!(unshare(what)).map(drop)
}

/// setns(2): enters the namespace of this kind behind a descriptor.
pub fn set_namespace(namespace: RawFd, kind: i32) -> Result<()> {
    call!(setns(namespace, kind)).map(drop)
}

/// access(2), which checks the real ids.
pub fn access_real(path: impl AsRef<OsStr>, mode: i32) -> Result<()> {
    let path = cstring(path);
    call!(access(path.as_ptr(), mode)).map(drop)
}

/// openat(2).
pub fn open_at(dir: RawFd, path: impl AsRef<OsStr>, flags: i32, mode: u32) -> Result<RawFd> {
    let path = cstring(path);
    call!(openat(dir, path.as_ptr(), flags | libc::O_CLOEXEC, mode)).map(|fd| fd as RawFd)
}

/// Mounts the directory `source` on `target` with its ids mapped as the user namespace `userns` says.
pub fn mount_id_mapped(
    source: impl AsRef<OsStr>,
    target: impl AsRef<OsStr>,
    userns: RawFd,
) -> Result<()> {
    const OPEN_TREE_CLONE: i32 = 1;
    const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;
    let source = cstring(source);
    let tree = raw!(
        SYS_open_tree,
        libc::AT_FDCWD,
        source.as_ptr(),
        OPEN_TREE_CLONE | libc::O_CLOEXEC
    )? as RawFd;
    // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
    let attributes = [MOUNT_ATTR_IDMAP, 0, 0, userns as u64];
    let result = raw!(
        SYS_mount_setattr,
        tree,
        c"".as_ptr(),
        libc::AT_EMPTY_PATH,
        attributes.as_ptr(),
        size_of_val(&attributes)
    );
    let result = result.and_then(|_| super::move_mount(tree, target));
    super::close(tree).and(result)
}
