// SPDX-License-Identifier: GPL-2.0-only
//! Disturbances of a file system: freezing, shutting down, quotas, swapping.

use std::ffi::OsStr;
use std::os::fd::RawFd;

use super::{Result, check, cstring};

/// ioctl FIFREEZE.
pub fn freeze(fd: RawFd) -> Result<()> {
    const FIFREEZE: libc::c_ulong = 0xC004_5877;
    call!(ioctl(fd, FIFREEZE, 0)).map(drop)
}

/// ioctl FITHAW.
pub fn thaw(fd: RawFd) -> Result<()> {
    const FITHAW: libc::c_ulong = 0xC004_5878;
    call!(ioctl(fd, FITHAW, 0)).map(drop)
}

/// ioctl FS_IOC_SHUTDOWN of ext4 and xfs: from now on the file system returns errors, as if its disk were gone. Data
/// that are not on the disk yet do not get there.
pub fn shutdown(fd: RawFd) -> Result<()> {
    const FS_IOC_SHUTDOWN: libc::c_ulong = 0x8004_587D;
    const NOLOGFLUSH: u32 = 2;
    let flags = NOLOGFLUSH;
    call!(ioctl(fd, FS_IOC_SHUTDOWN, &raw const flags)).map(drop)
}

/// ioctl FS_IOC_FSSETXATTR: puts a directory, and new objects in it, into a project.
pub fn set_project(fd: RawFd, project: u32) -> Result<()> {
    const FS_IOC_FSGETXATTR: libc::c_ulong = 0x801C_581F;
    const FS_IOC_FSSETXATTR: libc::c_ulong = 0x401C_5820;
    const FS_XFLAG_PROJINHERIT: u32 = 0x200;
    // struct fsxattr: flags, extent size, extents, project, CoW extent size, 8 bytes of nothing.
    let mut attributes = [0u32; 7];
    call!(ioctl(fd, FS_IOC_FSGETXATTR, attributes.as_mut_ptr()))?;
    attributes[0] |= FS_XFLAG_PROJINHERIT;
    attributes[3] = project;
    call!(ioctl(fd, FS_IOC_FSSETXATTR, attributes.as_ptr())).map(drop)
}

/// Who a quota is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaOf {
    /// A user.
    User = 0,
    /// A project.
    Project = 2,
}

/// Sets hard limits by quotactl_fd(2): of KiB and of inodes, 0 being none.
pub fn set_quota(fd: RawFd, of: QuotaOf, id: u32, kib: u64, inodes: u64) -> Result<()> {
    const Q_SETQUOTA: u32 = 0x0080_0008;
    const QIF_LIMITS: u64 = 5;
    // struct if_dqblk: hard and soft limit and use of blocks, the same of inodes, two times, what is valid.
    let limits = [kib, kib, 0, inodes, inodes, 0, 0, 0, QIF_LIMITS];
    let command = (Q_SETQUOTA << 8) | of as u32;
    raw!(SYS_quotactl_fd, fd, command, id, limits.as_ptr()).map(drop)
}

/// The usage of a user or project with a quota.
#[derive(Clone, Copy, Debug)]
pub struct QuotaUsed {
    /// Bytes in blocks.
    pub bytes: u64,
    /// Inodes.
    pub inodes: u64,
}

/// The usage, by quotactl_fd(2).
pub fn quota_used(fd: RawFd, of: QuotaOf, id: u32) -> Result<QuotaUsed> {
    const Q_GETQUOTA: u32 = 0x0080_0007;
    let mut answer = [0u64; 9];
    let command = (Q_GETQUOTA << 8) | of as u32;
    raw!(SYS_quotactl_fd, fd, command, id, answer.as_mut_ptr())?;
    Ok(QuotaUsed {
        bytes: answer[2],
        inodes: answer[5],
    })
}

/// swapon(2).
pub fn swapon(path: impl AsRef<OsStr>) -> Result<()> {
    let path = cstring(path);
    call!(swapon(path.as_ptr(), 0)).map(drop)
}
