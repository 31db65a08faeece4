// SPDX-License-Identifier: GPL-2.0-only
//! Steps on open(2) and its flags, on relative paths, and on the targets of names.

use std::path::{Path, PathBuf};

use super::*;
use crate::walk::{describe, show};

/// The access modes of open(2); the last, both bits, permits neither reading nor writing.
const ACCESS: [i32; 4] = [O_RDONLY, O_WRONLY, O_RDWR, libc::O_ACCMODE];

/// Flags whose combinations have a meaning of their own: every set of them is tried.
const COMBINED: [i32; 5] = [O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW];

/// Flags that are tried in these sets only.
const SINGLE: [i32; 14] = [
    O_APPEND,
    O_APPEND | O_TRUNC,
    O_APPEND | O_CREAT,
    libc::O_NONBLOCK,
    libc::O_SYNC,
    libc::O_DSYNC,
    libc::O_NOATIME,
    libc::O_NOCTTY,
    O_PATH,
    O_PATH | O_NOFOLLOW,
    O_PATH | O_DIRECTORY,
    O_PATH | O_CREAT | O_TRUNC,
    O_TMPFILE,
    O_TMPFILE | O_EXCL,
];

/// Every combination of flags worth trying, for a table of open(2).
pub fn flag_sets() -> Vec<i32> {
    let sets = (0..1 << COMBINED.len()).map(|set: i32| {
        let chosen = COMBINED.iter().enumerate();
        chosen
            .filter(|(bit, _)| set & 1 << bit != 0)
            .fold(0, |flags, (_, flag)| flags | flag)
    });
    let sets: Vec<i32> = sets.chain(SINGLE).collect();
    ACCESS
        .iter()
        .flat_map(|access| sets.iter().map(move |set| access | set))
        .collect()
}

/// Whether open(2) with these flags truncates an existing regular file.
pub fn truncates(flags: i32) -> bool {
    let refused = flags & O_DIRECTORY != 0 || flags & (O_CREAT | O_EXCL) == O_CREAT | O_EXCL;
    flags & (O_TRUNC | O_PATH) == O_TRUNC && !refused
}

/// The words for all flags of open(2).
fn words(flags: i32) -> String {
    let mut words = flags_word(flags);
    if flags & libc::O_ACCMODE == libc::O_ACCMODE {
        words = words.replacen("O_RDONLY", "O_ACCMODE", 1);
    }
    // O_SYNC contains O_DSYNC.
    let sync = flags & libc::O_SYNC == libc::O_SYNC;
    for (is, word) in [
        (sync, "O_SYNC"),
        (flags & libc::O_DSYNC != 0 && !sync, "O_DSYNC"),
        (flags & libc::O_NONBLOCK != 0, "O_NONBLOCK"),
        (flags & libc::O_NOATIME != 0, "O_NOATIME"),
        (flags & libc::O_NOCTTY != 0, "O_NOCTTY"),
    ] {
        if is {
            words = format!("{words}|{word}");
        }
    }
    words
}

/// The flags F_GETFL returns, except those that the library or the architecture adds.
fn status_words(fd: i32) -> String {
    match sys::fcntl(fd, libc::F_GETFL, 0) {
        Ok(flags) => words(flags & !0o100_000),
        Err(error) => error.to_string(),
    }
}

impl Run<'_> {
    /// Opens, reads type and status flags, closes: one line.
    pub fn opens(&mut self, path: &str, flags: i32) -> bool {
        self.opens_at(None, path, flags)
    }

    fn opens_at(&mut self, dir: Option<Fd>, path: &str, flags: i32) -> bool {
        let from = dir.map_or(libc::AT_FDCWD, Fd::raw);
        let result = sys::open_at(from, path, flags, 0o644).and_then(|fd| {
            let line = sys::fstat(fd).map(|stat| describe(&stat));
            let status = status_words(fd);
            sys::close(fd)?;
            Ok(format!("{} [{status}]", line?))
        });
        let at = dir.map_or(String::new(), |dir| format!("{dir}, "));
        let call = format!("open({at}{path:?}, {})", words(flags));
        self.call(call, result).is_some()
    }

    /// openat2(2), in the current directory or from a descriptor, with RESOLVE flags.
    pub fn open_how(&mut self, dir: Option<Fd>, path: &str, flags: i32, resolve: u64) -> Fd {
        let from = dir.map_or(libc::AT_FDCWD, Fd::raw);
        let at = dir.map_or(String::new(), |dir| format!("{dir}, "));
        let mut how = String::new();
        for (bit, word) in [
            (libc::RESOLVE_NO_XDEV, " NO_XDEV"),
            (libc::RESOLVE_NO_MAGICLINKS, " NO_MAGICLINKS"),
            (libc::RESOLVE_NO_SYMLINKS, " NO_SYMLINKS"),
            (libc::RESOLVE_BENEATH, " BENEATH"),
            (libc::RESOLVE_IN_ROOT, " IN_ROOT"),
            (RESOLVE_CACHED, " CACHED"),
        ] {
            if resolve & bit != 0 {
                how += word;
            }
        }
        let call = format!("openat2({at}{path:?}, {},{how})", words(flags));
        self.new_fd(call, sys::openat2(from, path, flags, resolve))
    }

    /// Opens the file of a descriptor again, by its name in /proc.
    pub fn reopen(&mut self, fd: Fd, flags: i32) -> Fd {
        let result = sys::open(fd.proc_path(), flags, 0o644);
        self.new_fd(format!("reopen({fd}, {})", words(flags)), result)
    }

    /// fstatat(2), without following a link at the end.
    pub fn stat_at(&mut self, dir: Fd, path: &str) {
        let result = sys::fstatat(dir.raw, path, libc::AT_SYMLINK_NOFOLLOW);
        let call = format!("fstatat({dir}, {path:?})");
        self.call(call, result.map(|stat| describe(&stat)));
    }

    /// mkdirat(2).
    pub fn mkdir_at(&mut self, dir: Fd, path: &str) -> bool {
        let result = sys::mkdirat(dir.raw, path);
        self.done(format_args!("mkdirat({dir}, {path:?})"), result)
    }

    /// unlinkat(2) of anything but a directory.
    pub fn unlink_at(&mut self, dir: Fd, path: &str) -> bool {
        let result = sys::unlinkat(dir.raw, path, 0);
        self.done(format_args!("unlinkat({dir}, {path:?})"), result)
    }

    /// unlinkat(2) of a directory.
    pub fn rmdir_at(&mut self, dir: Fd, path: &str) -> bool {
        let result = sys::unlinkat(dir.raw, path, libc::AT_REMOVEDIR);
        self.done(format_args!("rmdirat({dir}, {path:?})"), result)
    }

    /// renameat(2).
    pub fn rename_at(&mut self, from: Fd, old: &str, to: Fd, new: &str) -> bool {
        let result = sys::renameat(from.raw, old, to.raw, new);
        let call = format!("renameat({from}, {old:?}, {to}, {new:?})");
        self.done(call, result)
    }

    /// symlinkat(2).
    pub fn symlink_at(&mut self, target: &str, dir: Fd, path: &str) -> bool {
        let result = sys::symlinkat(target, dir.raw, path);
        self.done(
            format_args!("symlinkat({target:?}, {dir}, {path:?})"),
            result,
        )
    }

    /// fchdir(2).
    pub fn fchdir(&mut self, fd: Fd) -> bool {
        self.done(format_args!("fchdir({fd})"), sys::fchdir(fd.raw))
    }

    /// getcwd(2), as seen from `root`.
    pub fn getcwd(&mut self, root: &Path) {
        let result = sys::getcwd().map(|path| below(root, &path));
        self.call("getcwd()", result);
    }

    /// The name that /proc gives an open file, as seen from `root`.
    pub fn fd_name(&mut self, fd: Fd, root: &Path) {
        let result = sys::descriptor_path(fd.raw)
            .map(|path| below(root, path.as_os_str().as_encoded_bytes()));
        self.call(format_args!("name of {fd}"), result);
    }

    /// The directory the run began in, for [`Run::getcwd`] and [`Run::fd_name`]; get it before leaving that directory.
    pub fn root(&mut self) -> PathBuf {
        std::env::current_dir().expect("a run begins in the root of its tree")
    }

    /// chroot(2), with the current directory as it is.
    pub fn chroot(&mut self, path: &str) -> bool {
        self.done(format_args!("chroot({path:?})"), sys::chroot(path))
    }

    /// Runs `steps` in a child process with mounts of its own, which end with it.
    pub fn with_own_mounts(&mut self, steps: impl FnOnce(&mut Self)) {
        self.in_child(|r| {
            sys::unshare_mounts().expect("root may have mounts of his own");
            steps(r);
        });
    }

    /// mount(2) with MS_BIND.
    pub fn mount_bind(&mut self, from: &str, on: &str) -> bool {
        let result = sys::mount_bind(from, on);
        self.done(format_args!("mount --bind {from} {on}"), result)
    }

    /// mount(2) with MS_REMOUNT and MS_BIND: changes the flags of one mount.
    pub fn mount_flags(&mut self, on: &str, flags: u64) -> bool {
        let result = sys::mount("", on, "", libc::MS_REMOUNT | libc::MS_BIND | flags, b"");
        self.done(format_args!("mount flags of {on}: {flags:#x}"), result)
    }

    /// mount(2) of an empty tmpfs.
    pub fn mount_tmpfs(&mut self, on: &str) -> bool {
        let result = sys::mount("tmpfs", on, "tmpfs", 0, b"mode=755");
        self.done(format_args!("mount tmpfs {on}"), result)
    }

    /// umount2(2).
    pub fn umount(&mut self, path: &str) -> bool {
        self.done(format_args!("umount {path}"), sys::umount(path, 0))
    }
}

impl Fd {
    /// The name of this descriptor in /proc, which leads to the open file.
    pub fn proc_path(self) -> String {
        format!("/proc/self/fd/{}", self.raw)
    }
}

/// Finds only cached names; libc has it on some systems only.
pub const RESOLVE_CACHED: u64 = 0x20;

/// A path as seen from `root`, which has another name on the plain file system than in the union.
fn below(root: &Path, path: &[u8]) -> String {
    let root = root.as_os_str().as_encoded_bytes();
    match path.strip_prefix(root) {
        Some(rest) => format!("root{}", rest.escape_ascii()),
        None => show(path),
    }
}
