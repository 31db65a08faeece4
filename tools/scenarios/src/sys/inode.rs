// SPDX-License-Identifier: GPL-2.0-only
//! The less usual forms of the calls on attributes: relative to descriptors, with flags, and ioctls.

use std::ffi::OsStr;
use std::os::fd::RawFd;

use super::{Result, Time, check, cstring};

/// Stands for the current directory in the calls with a directory descriptor.
pub const HERE: RawFd = libc::AT_FDCWD;

/// fchmodat2(2).
pub fn fchmodat2(dir: RawFd, path: impl AsRef<OsStr>, mode: u32, flags: i32) -> Result<()> {
    // The same on all processors; the crate does not have it for each.
    const SYS_FCHMODAT2: libc::c_long = 452;
    let path = cstring(path);
    call!(syscall(SYS_FCHMODAT2, dir, path.as_ptr(), mode, flags)).map(drop)
}

/// fchownat(2).
pub fn fchownat(dir: RawFd, path: impl AsRef<OsStr>, uid: u32, gid: u32, flags: i32) -> Result<()> {
    let path = cstring(path);
    call!(fchownat(dir, path.as_ptr(), uid, gid, flags)).map(drop)
}

/// utimensat(2): access and modification time.
pub fn utimensat(
    dir: RawFd,
    path: impl AsRef<OsStr>,
    (atime, mtime): (Time, Time),
    flags: i32,
) -> Result<()> {
    let path = cstring(path);
    let times = [atime, mtime].map(|(tv_sec, tv_nsec)| libc::timespec { tv_sec, tv_nsec });
    call!(utimensat(dir, path.as_ptr(), times.as_ptr(), flags)).map(drop)
}

/// statx(2).
pub fn statx(dir: RawFd, path: impl AsRef<OsStr>, flags: i32, mask: u32) -> Result<libc::statx> {
    let path = cstring(path);
    let mut stat = std::mem::MaybeUninit::zeroed();
    call!(statx(dir, path.as_ptr(), flags, mask, stat.as_mut_ptr()))?;
    // SAFETY: zeroed is a valid statx, and the kernel has filled it in.
    Ok(unsafe { stat.assume_init() })
}

/// fstatat(2) relative to a descriptor.
pub fn fstatat(dir: RawFd, path: impl AsRef<OsStr>, flags: i32) -> Result<libc::stat> {
    let path = cstring(path);
    let mut stat = std::mem::MaybeUninit::zeroed();
    call!(fstatat(dir, path.as_ptr(), stat.as_mut_ptr(), flags))?;
    // SAFETY: zeroed is a valid stat, and the kernel has filled it in.
    Ok(unsafe { stat.assume_init() })
}

/// fstatfs(2).
pub fn fstatfs(fd: RawFd) -> Result<libc::statfs> {
    let mut stat = std::mem::MaybeUninit::zeroed();
    call!(fstatfs(fd, stat.as_mut_ptr()))?;
    // SAFETY: zeroed is a valid statfs, and the kernel has filled it in.
    Ok(unsafe { stat.assume_init() })
}

/// fgetxattr(2) with a buffer that holds the largest value.
pub fn fgetxattr(fd: RawFd, name: &str) -> Result<Vec<u8>> {
    let name = cstring(name);
    let mut buffer = vec![0u8; 65536];
    let count = call!(fgetxattr(
        fd,
        name.as_ptr(),
        buffer.as_mut_ptr().cast(),
        buffer.len()
    ))?;
    buffer.truncate(count as usize);
    Ok(buffer)
}

/// flistxattr(2): how many bytes the names take.
pub fn flistxattr(fd: RawFd) -> Result<i64> {
    let mut buffer = vec![0u8; 65536];
    call!(flistxattr(fd, buffer.as_mut_ptr().cast(), buffer.len()))
}

/// fremovexattr(2).
pub fn fremovexattr(fd: RawFd, name: &str) -> Result<()> {
    let name = cstring(name);
    call!(fremovexattr(fd, name.as_ptr())).map(drop)
}

/// setxattr(2), which follows links.
pub fn setxattr_follow(path: impl AsRef<OsStr>, name: &str, value: &[u8]) -> Result<()> {
    let (path, name) = (cstring(path), cstring(name));
    call!(setxattr(
        path.as_ptr(),
        name.as_ptr(),
        value.as_ptr().cast(),
        value.len(),
        0
    ))
    .map(drop)
}

/// getxattr(2), which follows links: the length of the value.
pub fn getxattr_follow(path: impl AsRef<OsStr>, name: &str) -> Result<i64> {
    let (path, name) = (cstring(path), cstring(name));
    call!(getxattr(
        path.as_ptr(),
        name.as_ptr(),
        std::ptr::null_mut(),
        0
    ))
}

/// removexattr(2), which follows links.
pub fn removexattr_follow(path: impl AsRef<OsStr>, name: &str) -> Result<()> {
    let (path, name) = (cstring(path), cstring(name));
    call!(removexattr(path.as_ptr(), name.as_ptr())).map(drop)
}

/// struct xattr_args.
#[repr(C, align(8))]
struct XattrArgs {
    value: u64,
    size: u32,
    flags: u32,
}

/// setxattrat(2) of Linux 6.13.
pub fn setxattrat(
    dir: RawFd,
    path: &str,
    at_flags: i32,
    name: &str,
    value: &[u8],
    flags: u32,
) -> Result<()> {
    const SYS_SETXATTRAT: libc::c_long = 463;
    let (path, name) = (cstring(path), cstring(name));
    let args = XattrArgs {
        value: value.as_ptr() as u64,
        size: value.len() as u32,
        flags,
    };
    call!(syscall(
        SYS_SETXATTRAT,
        dir,
        path.as_ptr(),
        at_flags,
        name.as_ptr(),
        &raw const args,
        size_of::<XattrArgs>()
    ))
    .map(drop)
}

/// getxattrat(2) with a buffer of `size` bytes: how many it takes.
pub fn getxattrat(dir: RawFd, path: &str, at_flags: i32, name: &str, size: usize) -> Result<i64> {
    const SYS_GETXATTRAT: libc::c_long = 464;
    let (path, name) = (cstring(path), cstring(name));
    let mut buffer = vec![0u8; size];
    let mut args = XattrArgs {
        value: buffer.as_mut_ptr() as u64,
        size: size as u32,
        flags: 0,
    };
    call!(syscall(
        SYS_GETXATTRAT,
        dir,
        path.as_ptr(),
        at_flags,
        name.as_ptr(),
        &raw mut args,
        size_of::<XattrArgs>()
    ))
}

/// listxattrat(2): how many bytes the names take.
pub fn listxattrat(dir: RawFd, path: &str, at_flags: i32) -> Result<i64> {
    const SYS_LISTXATTRAT: libc::c_long = 465;
    let path = cstring(path);
    let mut buffer = vec![0u8; 65536];
    call!(syscall(
        SYS_LISTXATTRAT,
        dir,
        path.as_ptr(),
        at_flags,
        buffer.as_mut_ptr(),
        buffer.len()
    ))
}

/// removexattrat(2).
pub fn removexattrat(dir: RawFd, path: &str, at_flags: i32, name: &str) -> Result<()> {
    const SYS_REMOVEXATTRAT: libc::c_long = 466;
    let (path, name) = (cstring(path), cstring(name));
    call!(syscall(
        SYS_REMOVEXATTRAT,
        dir,
        path.as_ptr(),
        at_flags,
        name.as_ptr()
    ))
    .map(drop)
}

/// struct file_attr and the front of struct fsxattr in one: the attributes of chattr(1) and xfs_io(8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileAttr {
    /// FS_XFLAG_*.
    pub xflags: u64,
    /// Preferred size of an extent.
    pub extent_size: u32,
    /// Project the quota is counted for.
    pub project: u32,
}

/// file_getattr(2) of Linux 6.17, with a structure said to have `size` bytes.
pub fn file_getattr(dir: RawFd, path: &str, size: usize, at_flags: u32) -> Result<FileAttr> {
    const SYS_FILE_GETATTR: libc::c_long = 468;
    let path = cstring(path);
    let mut words = vec![0u32; size.max(24).div_ceil(4)];
    call!(syscall(
        SYS_FILE_GETATTR,
        dir,
        path.as_ptr(),
        words.as_mut_ptr(),
        size,
        at_flags
    ))?;
    Ok(FileAttr {
        xflags: u64::from(words[0]) | u64::from(words[1]) << 32,
        extent_size: words[2],
        project: words[4],
    })
}

/// file_setattr(2) of Linux 6.17.
pub fn file_setattr(
    dir: RawFd,
    path: &str,
    attr: FileAttr,
    size: usize,
    at_flags: u32,
) -> Result<()> {
    const SYS_FILE_SETATTR: libc::c_long = 469;
    let path = cstring(path);
    let mut words = vec![0u32; size.max(24).div_ceil(4)];
    words[0] = attr.xflags as u32;
    words[1] = (attr.xflags >> 32) as u32;
    words[2] = attr.extent_size;
    words[4] = attr.project;
    call!(syscall(
        SYS_FILE_SETATTR,
        dir,
        path.as_ptr(),
        words.as_ptr(),
        size,
        at_flags
    ))
    .map(drop)
}

/// ioctl FS_IOC_FSGETXATTR.
pub fn fsgetxattr(fd: RawFd) -> Result<FileAttr> {
    const FS_IOC_FSGETXATTR: libc::c_ulong = 0x801c_581f;
    let mut words = [0u32; 7];
    call!(ioctl(fd, FS_IOC_FSGETXATTR, words.as_mut_ptr()))?;
    Ok(FileAttr {
        xflags: words[0].into(),
        extent_size: words[1],
        project: words[3],
    })
}

/// ioctl FS_IOC_FSSETXATTR.
pub fn fssetxattr(fd: RawFd, attr: FileAttr) -> Result<()> {
    const FS_IOC_FSSETXATTR: libc::c_ulong = 0x401c_5820;
    let mut words = [0u32; 7];
    words[0] = attr.xflags as u32;
    words[1] = attr.extent_size;
    words[3] = attr.project;
    call!(ioctl(fd, FS_IOC_FSSETXATTR, words.as_ptr())).map(drop)
}

/// ioctl(2) with a zeroed argument of 4 KiB, enough for every request in use: the first word afterwards.
pub fn ioctl_zeroed(fd: RawFd, request: u64) -> Result<u32> {
    let mut argument = vec![0u32; 1024];
    call!(ioctl(fd, request as libc::Ioctl, argument.as_mut_ptr()))?;
    Ok(argument[0])
}

/// ioctl(2) with these bytes for an argument.
pub fn ioctl_bytes(fd: RawFd, request: u64, argument: &mut [u8]) -> Result<()> {
    call!(ioctl(fd, request as libc::Ioctl, argument.as_mut_ptr())).map(drop)
}

/// ioctl(2) with an argument in memory that is not there.
pub fn ioctl_nowhere(fd: RawFd, request: u64) -> Result<()> {
    // The first page is never mapped; an argument that is a descriptor is a bad one.
    const NOWHERE: usize = 0xff8;
    call!(ioctl(fd, request as libc::Ioctl, NOWHERE)).map(drop)
}

/// quotactl_fd(2) for a user's quota, with a zeroed structure.
pub fn quotactl_fd(fd: RawFd, command: u32, id: u32) -> Result<()> {
    const SYS_QUOTACTL_FD: libc::c_long = 443;
    let mut argument = [0u64; 64];
    call!(syscall(
        SYS_QUOTACTL_FD,
        fd,
        command << 8,
        id,
        argument.as_mut_ptr()
    ))
    .map(drop)
}

/// Gives this process a mount namespace of its own and mounts the current directory onto itself with `flags`
/// (`MS_NOATIME` and the like), and enters the mount.
pub fn bind_here(flags: u64) -> Result<()> {
    call!(unshare(libc::CLONE_NEWNS))?;
    super::mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE, b"")?;
    let here = std::env::current_dir().expect("the current directory has a name");
    super::mount(".", ".", "", libc::MS_BIND, b"")?;
    super::chdir(&here)?;
    super::mount(
        "none",
        &here,
        "",
        libc::MS_REMOUNT | libc::MS_BIND | flags,
        b"",
    )
}

/// statvfs(3): the flags of the mount.
pub fn mount_flags(path: impl AsRef<OsStr>) -> Result<u64> {
    let path = cstring(path);
    let mut stat = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    call!(statvfs(path.as_ptr(), stat.as_mut_ptr()))?;
    // SAFETY: zeroed is a valid statvfs, and the kernel has filled it in.
    Ok(unsafe { stat.assume_init() }.f_flag)
}

/// ioctl FS_IOC_SETFSLABEL. btrfs commits all changes with it, but writes no data (btrfs_ioctl_set_fslabel()).
pub fn set_label(fd: RawFd, label: &str) -> Result<()> {
    // _IOW(0x94, 50, char[256]).
    const FS_IOC_SETFSLABEL: u64 = 0x4100_9432;
    let mut argument = label.as_bytes().to_vec();
    argument.resize(256, 0);
    ioctl_bytes(fd, FS_IOC_SETFSLABEL, &mut argument)
}

/// ioctl BTRFS_IOC_SUBVOL_CREATE: makes a subvolume in the directory of a descriptor.
pub fn btrfs_subvolume(dir: RawFd, name: &str) -> Result<()> {
    // _IOW(0x94, 14, struct btrfs_ioctl_vol_args): a descriptor that is not used, and a name.
    const BTRFS_IOC_SUBVOL_CREATE: libc::c_ulong = 0x5000_940e;
    const NAME: usize = 4087;
    let mut args = vec![0u8; 8 + NAME + 1];
    let name = name.as_bytes();
    args[8..8 + NAME.min(name.len())].copy_from_slice(&name[..NAME.min(name.len())]);
    // SAFETY: The buffer has the size of the structure.
    call!(ioctl(dir, BTRFS_IOC_SUBVOL_CREATE, args.as_ptr())).map(drop)
}

/// ioctl FS_IOC_ENABLE_VERITY: from now on the file cannot be written to, and has a digest by SHA-256. It must not be
/// open for writing.
pub fn enable_verity(fd: RawFd) -> Result<()> {
    const FS_IOC_ENABLE_VERITY: libc::c_ulong = 0x4080_6685;
    const SHA256: u32 = 1;
    // struct fsverity_enable_arg: version, algorithm, block size, size of the salt; then salt, signature and what is
    // reserved, all absent.
    let mut argument = [0u32; 32];
    argument[..3].copy_from_slice(&[1, SHA256, 4096]);
    call!(ioctl(fd, FS_IOC_ENABLE_VERITY, argument.as_ptr())).map(drop)
}

/// ioctl FS_IOC_MEASURE_VERITY: the number of the algorithm, and the digest.
pub fn measure_verity(fd: RawFd) -> Result<(u16, Vec<u8>)> {
    const FS_IOC_MEASURE_VERITY: libc::c_ulong = 0xc004_6686;
    const MOST: usize = 64;
    // struct fsverity_digest: algorithm, size of the digest or of the room for it, the digest.
    let mut digest = [0u8; 4 + MOST];
    digest[2] = MOST as u8;
    call!(ioctl(fd, FS_IOC_MEASURE_VERITY, digest.as_mut_ptr()))?;
    let size = usize::from(digest[2]);
    Ok((
        u16::from_ne_bytes([digest[0], digest[1]]),
        digest[4..4 + size].to_vec(),
    ))
}
