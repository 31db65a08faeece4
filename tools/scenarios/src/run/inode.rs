// SPDX-License-Identifier: GPL-2.0-only
//! Steps on inodes of every type: the less usual forms of the calls on attributes, and the times that a call changes.

use super::*;
use crate::tree::Builder;
use crate::walk::show;

/// What [`every_kind`] makes in a directory.
pub const KINDS: [&str; 6] = ["file", "dir", "symlink", "fifo", "char", "block"];

/// Describes one object of every type that every layer can hold in the directory `dir`.
pub fn every_kind(b: &mut Builder, dir: &str) {
    b.file(&format!("{dir}/file"), "text");
    b.dir(&format!("{dir}/dir"));
    b.symlink(&format!("{dir}/symlink"), "file");
    b.fifo(&format!("{dir}/fifo"));
    b.char_device(&format!("{dir}/char"), 1, 3);
    b.block_device(&format!("{dir}/block"), 7, 200);
}

/// utimensat(2) takes it for the present time.
pub const NOW: sys::Time = (0, libc::UTIME_NOW);
/// utimensat(2) leaves the time alone.
pub const OMIT: sys::Time = (0, libc::UTIME_OMIT);

/// Longer than a tick, so that a change made after it has a later time than one made before.
pub fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(20));
}

/// The three times of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Times {
    read: (i64, i64),
    written: (i64, i64),
    changed: (i64, i64),
}

fn times_of(path: &str) -> Option<Times> {
    let stat = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW).ok()?;
    Some(Times {
        read: (stat.st_atime, stat.st_atime_nsec),
        written: (stat.st_mtime, stat.st_mtime_nsec),
        changed: (stat.st_ctime, stat.st_ctime_nsec),
    })
}

fn word(before: (i64, i64), after: (i64, i64)) -> &'static str {
    match after.cmp(&before) {
        std::cmp::Ordering::Less => "earlier",
        std::cmp::Ordering::Equal => "kept",
        std::cmp::Ordering::Greater => "later",
    }
}

impl Run<'_> {
    /// fchmodat2(2) in the current directory.
    pub fn fchmodat2(&mut self, path: &str, mode: u32, flags: i32) -> bool {
        let result = sys::fchmodat2(sys::HERE, path, mode, flags);
        self.done(
            format_args!("fchmodat2({path:?}, {mode:04o}, {flags:#x})"),
            result,
        )
    }

    /// chown(2), which follows links.
    pub fn chown_follow(&mut self, path: &str, uid: u32, gid: u32) -> bool {
        let result = sys::fchownat(sys::HERE, path, uid, gid, 0);
        self.done(
            format_args!("chown({path:?}, {}, {})", uid as i32, gid as i32),
            result,
        )
    }

    /// utimensat(2) in the current directory: access and modification time.
    pub fn utimensat(&mut self, path: &str, times: (sys::Time, sys::Time), flags: i32) -> bool {
        let say = |time: sys::Time| match time.1 {
            libc::UTIME_NOW => "now".to_owned(),
            libc::UTIME_OMIT => "omit".to_owned(),
            nanoseconds => format!("{}.{nanoseconds:09}", time.0),
        };
        let call = format!(
            "utimensat({path:?}, {} {}, {flags:#x})",
            say(times.0),
            say(times.1)
        );
        self.done(call, sys::utimensat(sys::HERE, path, times, flags))
    }

    /// Access and modification time, in full.
    pub fn times(&mut self, path: &str) {
        let result = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW).map(|stat| {
            format!(
                "{} {}",
                crate::walk::show_time(stat.st_atime, stat.st_atime_nsec),
                crate::walk::show_time(stat.st_mtime, stat.st_mtime_nsec)
            )
        });
        self.call(format_args!("times({path:?})"), result);
    }

    /// Runs `steps` and records the times of `paths` that they changed, in lines `times of PATH = ...` (access and
    /// modification) and `ctime of PATH = ...`.
    pub fn touched(&mut self, paths: &[&str], steps: impl FnOnce(&mut Self)) {
        let before: Vec<_> = paths.iter().map(|path| times_of(path)).collect();
        pause();
        steps(self);
        for (path, before) in paths.iter().zip(before) {
            match (before, times_of(path)) {
                (Some(before), Some(after)) => {
                    self.note(format_args!(
                        "times of {path} = read {}, written {}",
                        word(before.read, after.read),
                        word(before.written, after.written)
                    ));
                    let changed = word(before.changed, after.changed);
                    self.note(format_args!("ctime of {path} = {changed}"));
                }
                (before, after) => self.note(format_args!(
                    "times of {path} = there before: {}, after: {}",
                    before.is_some(),
                    after.is_some()
                )),
            }
        }
    }

    /// fgetxattr(2).
    pub fn fgetxattr(&mut self, fd: Fd, name: &str) {
        let result = sys::fgetxattr(fd.raw, name).map(|value| show(&value));
        self.call(format_args!("fgetxattr({fd}, {name})"), result);
    }

    /// flistxattr(2): the number of bytes.
    pub fn flistxattr(&mut self, fd: Fd) {
        self.call(format_args!("flistxattr({fd})"), sys::flistxattr(fd.raw));
    }

    /// fremovexattr(2).
    pub fn fremovexattr(&mut self, fd: Fd, name: &str) -> bool {
        let result = sys::fremovexattr(fd.raw, name);
        self.done(format_args!("fremovexattr({fd}, {name})"), result)
    }

    /// ioctl FS_IOC_FSGETXATTR, of the flags in `mask`.
    pub fn get_xflags(&mut self, fd: Fd, mask: u64) {
        let result = sys::fsgetxattr(fd.raw).map(|attr| format!("{:#x}", attr.xflags & mask));
        self.call(format_args!("FSGETXATTR({fd})"), result);
    }

    /// ioctl FS_IOC_FSSETXATTR: the present flags with those of `mask` replaced.
    pub fn set_xflags(&mut self, fd: Fd, flags: u64, mask: u64) {
        let result = sys::fsgetxattr(fd.raw).and_then(|now| {
            let xflags = (now.xflags & !mask) | flags;
            sys::fssetxattr(fd.raw, sys::FileAttr { xflags, ..now })
        });
        self.done(format_args!("FSSETXATTR({fd}, {flags:#x})"), result);
    }
}
