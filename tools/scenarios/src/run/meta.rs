// SPDX-License-Identifier: GPL-2.0-only
//! Steps on attributes: stat, mode, owner, times, extended attributes, ACLs, flags.

use super::*;
use crate::acl;
use crate::walk::{describe, show};

impl Run<'_> {
    /// stat(2), of the fields that every file system must agree on.
    pub fn stat(&mut self, path: &str) {
        let result = sys::stat(path, 0).map(|stat| describe(&stat));
        self.call(format_args!("stat({path:?})"), result);
    }

    /// lstat(2).
    pub fn lstat(&mut self, path: &str) {
        let result = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW).map(|stat| describe(&stat));
        self.call(format_args!("lstat({path:?})"), result);
    }

    /// fstat(2).
    pub fn fstat(&mut self, fd: Fd) {
        let result = sys::fstat(fd.raw).map(|stat| describe(&stat));
        self.call(format_args!("fstat({fd})"), result);
    }

    /// Number of device and inode, without record: they differ from one file system to the next.
    pub fn identity(&mut self, path: &str) -> (u64, u64) {
        sys::stat(path, libc::AT_SYMLINK_NOFOLLOW).map_or((0, 0), |stat| (stat.st_dev, stat.st_ino))
    }

    /// As [`Run::identity`], of an open file.
    pub fn fd_identity(&mut self, fd: Fd) -> (u64, u64) {
        sys::fstat(fd.raw).map_or((0, 0), |stat| (stat.st_dev, stat.st_ino))
    }

    /// chmod(2).
    pub fn chmod(&mut self, path: &str, mode: u32) -> bool {
        let result = sys::chmod(path, mode);
        self.done(format_args!("chmod({path:?}, {mode:04o})"), result)
    }

    /// fchmod(2).
    pub fn fchmod(&mut self, fd: Fd, mode: u32) -> bool {
        let result = sys::fchmod(fd.raw, mode);
        self.done(format_args!("fchmod({fd}, {mode:04o})"), result)
    }

    /// lchown(2).
    pub fn chown(&mut self, path: &str, uid: u32, gid: u32) -> bool {
        let result = sys::lchown(path, uid, gid);
        self.done(format_args!("lchown({path:?}, {uid}, {gid})"), result)
    }

    /// fchown(2).
    pub fn fchown(&mut self, fd: Fd, uid: u32, gid: u32) -> bool {
        let result = sys::fchown(fd.raw, uid, gid);
        self.done(format_args!("fchown({fd}, {uid}, {gid})"), result)
    }

    /// utimensat(2) without following links: both times the same.
    pub fn utimens(&mut self, path: &str, time: sys::Time) -> bool {
        let result = sys::utimens(path, time, time, libc::AT_SYMLINK_NOFOLLOW);
        self.done(format_args!("utimens({path:?}, {time:?})"), result)
    }

    /// futimens(3): both times the same.
    pub fn futimens(&mut self, fd: Fd, time: sys::Time) -> bool {
        let result = sys::futimens(fd.raw, time, time);
        self.done(format_args!("futimens({fd}, {time:?})"), result)
    }

    /// access(2) for the effective user.
    pub fn access(&mut self, path: &str, mode: i32) -> bool {
        let result = sys::access(path, mode);
        self.done(format_args!("access({path:?}, {mode})"), result)
    }

    /// lsetxattr(2).
    pub fn setxattr(&mut self, path: &str, name: &str, value: impl AsRef<[u8]>) -> bool {
        self.setxattr_flags(path, name, value, 0)
    }

    /// lsetxattr(2) with XATTR_CREATE or XATTR_REPLACE.
    pub fn setxattr_flags(
        &mut self,
        path: &str,
        name: &str,
        value: impl AsRef<[u8]>,
        flags: i32,
    ) -> bool {
        let value = value.as_ref();
        let result = sys::setxattr(path, name, value, flags);
        let call = format!("setxattr({path:?}, {name}, {}, {flags})", show(value));
        self.done(call, result)
    }

    /// fsetxattr(2).
    pub fn fsetxattr(&mut self, fd: Fd, name: &str, value: impl AsRef<[u8]>) -> bool {
        let value = value.as_ref();
        let result = sys::fsetxattr(fd.raw, name, value, 0);
        self.done(
            format_args!("fsetxattr({fd}, {name}, {})", show(value)),
            result,
        )
    }

    /// lgetxattr(2).
    pub fn getxattr(&mut self, path: &str, name: &str) {
        let result = sys::getxattr(path, name).map(|value| show(&value));
        self.call(format_args!("getxattr({path:?}, {name})"), result);
    }

    /// llistxattr(2), sorted.
    pub fn listxattr(&mut self, path: &str) {
        let result = sys::listxattr(path).map(|mut names| {
            // xfs lists its ACLs a second time under these names.
            names.retain(|name| !name.starts_with("trusted.SGI_"));
            format!("{names:?}")
        });
        self.call(format_args!("listxattr({path:?})"), result);
    }

    /// lremovexattr(2).
    pub fn removexattr(&mut self, path: &str, name: &str) -> bool {
        let result = sys::removexattr(path, name);
        self.done(format_args!("removexattr({path:?}, {name})"), result)
    }

    /// Sets the access ACL written as in [`acl::encode`].
    pub fn set_acl(&mut self, path: &str, text: &str) -> bool {
        let result = sys::setxattr(path, acl::ACCESS, &acl::encode(text), 0);
        self.done(format_args!("set_acl({path:?}, {text})"), result)
    }

    /// Sets the default ACL of a directory.
    pub fn set_default_acl(&mut self, path: &str, text: &str) -> bool {
        let result = sys::setxattr(path, acl::DEFAULT, &acl::encode(text), 0);
        self.done(format_args!("set_default_acl({path:?}, {text})"), result)
    }

    /// Both ACLs.
    pub fn get_acl(&mut self, path: &str) {
        for name in [acl::ACCESS, acl::DEFAULT] {
            let result = sys::getxattr(path, name).map(|value| acl::decode(&value));
            self.call(format_args!("getxattr({path:?}, {name})"), result);
        }
    }

    /// ioctl FS_IOC_GETFLAGS, of the flags in `mask`.
    pub fn get_flags(&mut self, fd: Fd, mask: u32) {
        let result = sys::get_flags(fd.raw).map(|flags| format!("{:#x}", flags & mask));
        self.call(format_args!("GETFLAGS({fd})"), result);
    }

    /// ioctl FS_IOC_SETFLAGS: the present flags with those of `mask` replaced.
    pub fn set_flags(&mut self, fd: Fd, flags: u32, mask: u32) {
        let result =
            sys::get_flags(fd.raw).and_then(|now| sys::set_flags(fd.raw, (now & !mask) | flags));
        self.done(format_args!("SETFLAGS({fd}, {flags:#x})"), result);
    }

    /// statfs(2), except the values that depend on the file system and its contents.
    pub fn statfs(&mut self, path: &str) {
        let result = sys::statfs(path).map(|stat| {
            format!(
                "namelen={} sane={}",
                stat.f_namelen,
                stat.f_bsize > 0 && stat.f_bfree <= stat.f_blocks
            )
        });
        self.call(format_args!("statfs({path:?})"), result);
    }
}
