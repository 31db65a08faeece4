// SPDX-License-Identifier: GPL-2.0-only
//! Calls relative to directories, restricted lookups, file handles, and the position of a process in the tree.

use std::ffi::OsStr;
use std::os::fd::RawFd;
use std::path::PathBuf;

use super::{Result, check, cstring, mount};
use crate::errno::Errno;

/// openat2(2); a new file gets mode 0644.
pub fn openat2(dir: RawFd, path: impl AsRef<OsStr>, flags: i32, resolve: u64) -> Result<RawFd> {
    let path = cstring(path);
    let makes = flags & libc::O_CREAT != 0 || flags & libc::O_TMPFILE == libc::O_TMPFILE;
    // struct open_how: flags, mode, resolve.
    let how = [
        (flags | libc::O_CLOEXEC) as u64,
        if makes { 0o644 } else { 0 },
        resolve,
    ];
    raw!(
        SYS_openat2,
        dir,
        path.as_ptr(),
        how.as_ptr(),
        size_of_val(&how)
    )
    .map(|fd| fd as RawFd)
}

/// mkdirat(2) with mode 0755.
pub fn mkdirat(dir: RawFd, path: impl AsRef<OsStr>) -> Result<()> {
    let path = cstring(path);
    call!(mkdirat(dir, path.as_ptr(), 0o755)).map(drop)
}

/// unlinkat(2), with AT_REMOVEDIR for directories.
pub fn unlinkat(dir: RawFd, path: impl AsRef<OsStr>, flags: i32) -> Result<()> {
    let path = cstring(path);
    call!(unlinkat(dir, path.as_ptr(), flags)).map(drop)
}

/// renameat(2).
pub fn renameat(
    from: RawFd,
    old: impl AsRef<OsStr>,
    to: RawFd,
    new: impl AsRef<OsStr>,
) -> Result<()> {
    let (old, new) = (cstring(old), cstring(new));
    call!(renameat(from, old.as_ptr(), to, new.as_ptr())).map(drop)
}

/// symlinkat(2).
pub fn symlinkat(target: impl AsRef<OsStr>, dir: RawFd, path: impl AsRef<OsStr>) -> Result<()> {
    let (target, path) = (cstring(target), cstring(path));
    call!(symlinkat(target.as_ptr(), dir, path.as_ptr())).map(drop)
}

/// fchownat(2) of the object of the descriptor, by AT_EMPTY_PATH.
pub fn chown_descriptor(fd: RawFd, uid: u32, gid: u32) -> Result<()> {
    call!(fchownat(fd, c"".as_ptr(), uid, gid, libc::AT_EMPTY_PATH)).map(drop)
}

/// readlinkat(2) of a symbolic link opened with O_PATH.
pub fn readlink_descriptor(fd: RawFd) -> Result<Vec<u8>> {
    let mut buffer = vec![0u8; 4096];
    let count = call!(readlinkat(
        fd,
        c"".as_ptr(),
        buffer.as_mut_ptr().cast(),
        buffer.len()
    ))?;
    buffer.truncate(count as usize);
    Ok(buffer)
}

/// getcwd(2): an error where glibc would search for a name.
pub fn getcwd() -> Result<Vec<u8>> {
    let mut buffer = vec![0u8; 8192];
    let length = raw!(SYS_getcwd, buffer.as_mut_ptr(), buffer.len())?;
    // The length counts the NUL.
    buffer.truncate(length as usize - 1);
    Ok(buffer)
}

/// chroot(2).
pub fn chroot(path: impl AsRef<OsStr>) -> Result<()> {
    let path = cstring(path);
    call!(chroot(path.as_ptr())).map(drop)
}

/// Gives this process a private mount namespace.
pub fn unshare_mounts() -> Result<()> {
    call!(unshare(libc::CLONE_NEWNS))?;
    mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE, b"")
}

/// mount(2) with MS_BIND.
pub fn mount_bind(from: impl AsRef<OsStr>, on: impl AsRef<OsStr>) -> Result<()> {
    let (from, on) = (cstring(from), cstring(on));
    call!(mount(
        from.as_ptr(),
        on.as_ptr(),
        c"".as_ptr(),
        libc::MS_BIND,
        std::ptr::null()
    ))
    .map(drop)
}

/// A file handle: its type and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    kind: i32,
    bytes: Vec<u8>,
}

/// name_to_handle_at(2) in the current directory.
pub fn name_to_handle(path: impl AsRef<OsStr>, flags: i32) -> Result<Handle> {
    // struct file_handle: bytes 4, type 4, then up to MAX_HANDLE_SZ bytes; aligned to 4.
    const MOST: usize = 128;
    let path = cstring(path);
    let mut buffer = [0u32; 2 + MOST / 4];
    buffer[0] = MOST as u32;
    let mut mount_id = 0;
    call!(name_to_handle_at(
        libc::AT_FDCWD,
        path.as_ptr(),
        buffer.as_mut_ptr().cast(),
        &raw mut mount_id,
        flags
    ))?;
    let bytes: Vec<u8> = buffer[2..].iter().flat_map(|w| w.to_ne_bytes()).collect();
    Ok(Handle {
        kind: buffer[1] as i32,
        bytes: bytes[..buffer[0] as usize].to_vec(),
    })
}

/// name_to_handle_at(2) with room for `size` bytes: the result, the reported size, and whether no byte beyond was
/// written.
pub fn name_to_handle_sized(
    path: impl AsRef<OsStr>,
    size: u32,
    flags: i32,
) -> (Result<()>, u32, bool) {
    const GUARD: u8 = 0xa5;
    let path = cstring(path);
    // struct file_handle: bytes 4, type 4, then the handle.
    let mut buffer = vec![u32::from_ne_bytes([GUARD; 4]); 2 + size as usize / 4 + 64];
    buffer[0] = size;
    let mut mount_id = 0;
    let result = call!(name_to_handle_at(
        libc::AT_FDCWD,
        path.as_ptr(),
        buffer.as_mut_ptr().cast(),
        &raw mut mount_id,
        flags
    ))
    .map(drop);
    let bytes: Vec<u8> = buffer[2..].iter().flat_map(|w| w.to_ne_bytes()).collect();
    let kept = bytes[size as usize..].iter().all(|byte| *byte == GUARD);
    (result, buffer[0], kept)
}

/// open_by_handle_at(2); `mount` is any descriptor of the mount.
pub fn open_by_handle(mount: RawFd, handle: &Handle, flags: i32) -> Result<RawFd> {
    let mut buffer = vec![handle.bytes.len() as u32, handle.kind as u32];
    let words = handle.bytes.chunks(4).map(|chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_ne_bytes(word)
    });
    buffer.extend(words);
    call!(open_by_handle_at(
        mount,
        buffer.as_mut_ptr().cast(),
        flags | libc::O_CLOEXEC
    ))
    .map(|fd| fd as RawFd)
}

/// The path the kernel gives an open file, from /proc.
pub fn descriptor_path(fd: RawFd) -> Result<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{fd}")).map_err(Errno::from)
}
