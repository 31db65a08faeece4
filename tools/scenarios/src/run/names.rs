// SPDX-License-Identifier: GPL-2.0-only
//! Steps on names: directories, links, renames, special files, sockets.

use std::path::Path;

use super::*;
use crate::walk::{self, kind_word, show};

impl Run<'_> {
    /// mkdir(2) with mode 0755.
    pub fn mkdir(&mut self, path: &str) -> bool {
        self.mkdir_mode(path, 0o755)
    }

    /// mkdir(2).
    pub fn mkdir_mode(&mut self, path: &str, mode: u32) -> bool {
        let result = sys::mkdir(path, mode);
        self.done(format_args!("mkdir({path:?}, {mode:04o})"), result)
    }

    /// rmdir(2).
    pub fn rmdir(&mut self, path: &str) -> bool {
        self.done(format_args!("rmdir({path:?})"), sys::rmdir(path))
    }

    /// unlink(2).
    pub fn unlink(&mut self, path: &str) -> bool {
        self.done(format_args!("unlink({path:?})"), sys::unlink(path))
    }

    /// rename(2).
    pub fn rename(&mut self, old: &str, new: &str) -> bool {
        self.rename2(old, new, 0)
    }

    /// renameat2(2).
    pub fn rename2(&mut self, old: &str, new: &str, flags: u32) -> bool {
        let word = match flags {
            0 => "",
            RENAME_NOREPLACE => ", NOREPLACE",
            RENAME_EXCHANGE => ", EXCHANGE",
            RENAME_WHITEOUT => ", WHITEOUT",
            _ => ", ?",
        };
        let result = match sys::rename(old, new, flags) {
            // POSIX lets file systems choose the error for a directory that is not empty.
            Err(Errno(libc::EEXIST)) if flags == 0 => Err(Errno(libc::ENOTEMPTY)),
            result => result,
        };
        self.done(format_args!("rename({old:?}, {new:?}{word})"), result)
    }

    /// link(2).
    pub fn link(&mut self, old: &str, new: &str) -> bool {
        let result = sys::link(old, new, 0);
        self.names_will_part();
        self.done(format_args!("link({old:?}, {new:?})"), result)
    }

    /// Ends the turning of upper layers into lower ones: the names of a lower file become separate files when one of
    /// them is copied up.
    pub(super) fn names_will_part(&mut self) {
        if self.makes_lower {
            self.hold();
        }
    }

    /// linkat(2) that gives a file opened with O_TMPFILE its first name.
    pub fn link_fd(&mut self, fd: Fd, new: &str) -> bool {
        let old = format!("/proc/self/fd/{}", fd.raw);
        let result = sys::link(old, new, AT_SYMLINK_FOLLOW);
        self.done(format_args!("link({fd}, {new:?})"), result)
    }

    /// symlink(2).
    pub fn symlink(&mut self, target: &str, path: &str) -> bool {
        let result = sys::symlink(target, path);
        self.done(format_args!("symlink({target:?}, {path:?})"), result)
    }

    /// readlink(2).
    pub fn readlink(&mut self, path: &str) {
        let result = sys::readlink(path).map(|target| show(&target));
        self.call(format_args!("readlink({path:?})"), result);
    }

    /// mknod(2) of a named pipe.
    pub fn mkfifo(&mut self, path: &str, mode: u32) -> bool {
        let result = sys::mknod(path, libc::S_IFIFO | mode, 0);
        self.done(format_args!("mkfifo({path:?}, {mode:04o})"), result)
    }

    /// mknod(2); `kind` is one of the S_IF constants.
    pub fn mknod(&mut self, path: &str, kind: u32, mode: u32, major: u32, minor: u32) -> bool {
        let word = kind_word(kind);
        let call = format!("mknod({path:?}, {word}, {mode:04o}, {major}:{minor})");
        let result = sys::mknod(path, kind | mode, sys::makedev(major, minor));
        self.done(call, result)
    }

    /// chdir(2).
    pub fn chdir(&mut self, path: &str) -> bool {
        self.done(format_args!("chdir({path:?})"), sys::chdir(path))
    }

    /// Lists a directory: names with their d_type, sorted; each name must come once.
    pub fn ls(&mut self, path: &str) {
        let result = walk::list(Path::new(path)).map(|entries| {
            let names = entries.iter().map(|entry| {
                let name = entry.name.escape_ascii();
                format!("{name}:{}", kind_word(u32::from(entry.kind) << 12))
            });
            format!("[{}]", names.collect::<Vec<_>>().join(" "))
        });
        self.call(format_args!("ls({path:?})"), result);
    }

    /// The names of a directory, not recorded.
    pub fn names(&mut self, path: &str) -> Vec<String> {
        let entries = walk::list(Path::new(path)).unwrap_or_default();
        entries
            .iter()
            .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
            .collect()
    }

    /// bind(2) and listen(2) on a new UNIX socket.
    pub fn bind(&mut self, path: &str) -> Fd {
        self.new_fd(format_args!("bind({path:?})"), sys::bind_unix(path))
    }

    /// connect(2) to a UNIX socket.
    pub fn connect(&mut self, path: &str) -> Fd {
        self.new_fd(format_args!("connect({path:?})"), sys::connect_unix(path))
    }
}
