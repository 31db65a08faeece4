// SPDX-License-Identifier: GPL-2.0-only
//! Mounting, by either interface, and kernel modules.

use std::ffi::{CString, OsStr};
use std::os::fd::RawFd;

use super::{Result, check, cstring, page_size};
use crate::errno::Errno;

/// mount(2).
pub fn mount(
    source: &str,
    target: impl AsRef<OsStr>,
    fstype: &str,
    flags: u64,
    data: &[u8],
) -> Result<()> {
    let (source, target, fstype) = (cstring(source), cstring(target), cstring(fstype));
    let data = CString::new(data).map_err(|_| Errno(libc::EINVAL))?;
    call!(mount(
        source.as_ptr(),
        target.as_ptr(),
        fstype.as_ptr(),
        flags,
        data.as_ptr().cast()
    ))
    .map(drop)
}

/// mount(2) with a page of data as it comes: the end of the string is the first NUL, or the end of the page.
pub fn mount_page(
    source: &str,
    target: impl AsRef<OsStr>,
    fstype: &str,
    data: &[u8],
) -> Result<()> {
    let length = page_size();
    let (source, target, fstype) = (cstring(source), cstring(target), cstring(fstype));
    let mut page = data[..data.len().min(length)].to_vec();
    page.resize(length, 0);
    call!(mount(
        source.as_ptr(),
        target.as_ptr(),
        fstype.as_ptr(),
        0,
        page.as_ptr().cast()
    ))
    .map(drop)
}

/// umount2(2).
pub fn umount(target: impl AsRef<OsStr>, flags: i32) -> Result<()> {
    let target = cstring(target);
    call!(umount2(target.as_ptr(), flags)).map(drop)
}

/// fsopen(2).
pub fn fsopen(fstype: &str) -> Result<RawFd> {
    let fstype = cstring(fstype);
    raw!(SYS_fsopen, fstype.as_ptr(), 1 /* FSOPEN_CLOEXEC */).map(|fd| fd as RawFd)
}

/// fspick(2) of a whole mount, for reconfiguring its super block.
pub fn fspick(path: impl AsRef<OsStr>) -> Result<RawFd> {
    let path = cstring(path);
    raw!(
        SYS_fspick,
        libc::AT_FDCWD,
        path.as_ptr(),
        1 /* FSPICK_CLOEXEC */
    )
    .map(|fd| fd as RawFd)
}

/// fsconfig(2) with any command.
pub fn fsconfig(
    context: RawFd,
    command: u32,
    key: Option<&str>,
    value: Option<&str>,
    aux: i32,
) -> Result<()> {
    let (key, value) = (key.map(cstring), value.map(cstring));
    let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |t| t.as_ptr());
    raw!(
        SYS_fsconfig,
        context,
        command,
        pointer(&key),
        pointer(&value),
        aux
    )
    .map(drop)
}

/// fsconfig(2) with FSCONFIG_CMD_RECONFIGURE.
pub fn fsconfig_reconfigure(context: RawFd) -> Result<()> {
    raw!(SYS_fsconfig, context, 7, 0usize, 0usize, 0).map(drop)
}

/// fsmount(2).
pub fn fsmount(context: RawFd, attributes: u32) -> Result<RawFd> {
    raw!(
        SYS_fsmount,
        context,
        1, /* FSMOUNT_CLOEXEC */
        attributes
    )
    .map(|fd| fd as RawFd)
}

/// move_mount(2) of a detached mount to `target`.
pub fn move_mount(mount: RawFd, target: impl AsRef<OsStr>) -> Result<()> {
    let target = cstring(target);
    raw!(
        SYS_move_mount,
        mount,
        c"".as_ptr(),
        libc::AT_FDCWD,
        target.as_ptr(),
        4 /* MOVE_MOUNT_F_EMPTY_PATH */
    )
    .map(drop)
}

/// finit_module(2).
pub fn finit_module(fd: RawFd) -> Result<()> {
    raw!(SYS_finit_module, fd, c"".as_ptr(), 0).map(drop)
}

/// delete_module(2).
pub fn delete_module(name: &str) -> Result<()> {
    let name = cstring(name);
    raw!(SYS_delete_module, name.as_ptr(), libc::O_NONBLOCK).map(drop)
}
