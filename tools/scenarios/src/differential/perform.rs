// SPDX-License-Identifier: GPL-2.0-only
//! Doing one operation on one of the two trees.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::op::{Op, SLOTS, Slot, Step, USERS};
use crate::random::pattern;
use crate::run::{Fd, Kept, Run};
use crate::sys;
use crate::walk;

/// One of the two trees, as one process sees it: its root, and what it has open there.
pub struct Side {
    root: PathBuf,
    at_root: RawFd,
    fd: [Fd; SLOTS],
    /// Their types, as bits of a mode.
    kind: [u32; SLOTS],
    /// Everything that is open; more than there are slots when an open was not followed by a close.
    open: Vec<RawFd>,
    kept: Option<Kept>,
    /// The type of the file system that takes the changes (`f_type`).
    top: i64,
}

/// A file system whose ways matter.
const EXT4: i64 = 0xef53;
const BTRFS: i64 = 0x9123_683e;

impl Side {
    /// The tree at `root`, with nothing open, whose changes go to the file system that `top` is on.
    pub fn new(root: &Path, top: &Path) -> Result<Self, String> {
        let mut side = Self {
            root: root.to_owned(),
            at_root: -1,
            fd: [Fd::NONE; SLOTS],
            kind: [0; SLOTS],
            open: Vec::new(),
            kept: None,
            top: sys::statfs(top).map_or(0, |stat| stat.f_type),
        };
        side.enter_anew()?;
        Ok(side)
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes it the current directory.
    pub fn enter(&self) {
        sys::fchdir(self.at_root).expect("the root is open");
    }

    /// Opens the root, which another mount may have taken the place of.
    pub fn enter_anew(&mut self) -> Result<(), String> {
        self.at_root = sys::open(&self.root, libc::O_PATH | libc::O_DIRECTORY, 0)
            .map_err(|error| format!("opening {}: {error}", self.root.display()))?;
        Ok(())
    }

    /// Closes everything, the root as well; leaves the tree.
    pub fn leave(&mut self) {
        Run::new(&mut std::io::sink()).map_drop(&mut self.kept);
        for fd in self.open.drain(..) {
            // Closed already by an operation, most likely.
            let _ = sys::close(fd);
        }
        self.fd = [Fd::NONE; SLOTS];
        self.kind = [0; SLOTS];
        let _ = sys::close(self.at_root);
        self.at_root = -1;
    }

    /// Whether a descriptor is open.
    pub fn is_open(&self, slot: Slot) -> bool {
        sys::fstat(self.fd[slot].raw()).is_ok()
    }

    /// Does it; gives what it answered.
    pub fn perform(&mut self, step: &Step) -> Vec<u8> {
        self.enter();
        let mut out = Vec::new();
        let mut run = Run::new(&mut out);
        match USERS[step.user] {
            (0, _) => self.call(&mut run, &step.op),
            (uid, gid) => run.as_user(uid, gid, |run| self.call(run, &step.op)),
        }
        out
    }

    /// Does it; gives what it answered, and what is to be seen of the objects concerned afterwards.
    pub fn perform_and_look(&mut self, step: &Step) -> Vec<u8> {
        let mut out = self.perform(step);
        let mut run = Run::new(&mut out);
        for path in step.op.paths() {
            run.lstat(path);
            // What happens to a name shows in the times of its directory.
            run.lstat(
                path.trim_end_matches('/')
                    .rsplit_once('/')
                    .map_or(".", |(dir, _)| dir),
            );
        }
        for slot in step.op.slots() {
            if !is_removed_dir(self.fd[slot]) {
                run.fstat(self.fd[slot]);
            }
        }
        out
    }

    fn call(&mut self, r: &mut Run, op: &Op) {
        let fd = |slot: &usize| self.fd[*slot];
        match op {
            Op::Open {
                slot,
                path,
                flags,
                mode,
            } => {
                let fd = r.open_mode(path, *flags, *mode);
                if fd.raw() >= 0 {
                    self.open.push(fd.raw());
                }
                self.kind[*slot] = sys::fstat(fd.raw()).map_or(0, |stat| walk::kind(&stat));
                self.fd[*slot] = fd;
            }
            Op::Close { slot } => {
                self.open.retain(|open| *open != fd(slot).raw());
                r.close(fd(slot));
                self.fd[*slot] = Fd::NONE;
            }
            Op::Pread { slot, length, at } => drop(r.pread(fd(slot), *length, *at)),
            // What passes through a pipe of a lower layer does not change its times; see union.rst.
            Op::Write { slot, .. } if self.kind[*slot] == libc::S_IFIFO => {}
            Op::Sendfile { to, .. } | Op::Splice { to, .. } if self.kind[*to] == libc::S_IFIFO => {}
            // Positions in a directory are up to the file system, and so is where it ends.
            Op::Seek { slot, .. } | Op::SeekData { slot, .. }
                if self.kind[*slot] == libc::S_IFDIR => {}
            // Behind the last entry of an ext4 directory reading is an overflow.
            Op::Read { slot, .. } if self.kind[*slot] == libc::S_IFDIR => {}
            Op::Sendfile { from, .. } | Op::Splice { from, .. }
                if self.kind[*from] == libc::S_IFDIR => {}
            // What is on its way is the memory that is written to.
            Op::Sendfile { to, from, .. } | Op::Splice { from, to, .. }
                if is_one_file(fd(from), fd(to)) => {}
            Op::Read { slot, length } => drop(r.read(fd(slot), *length)),
            Op::Write { slot, data } => r.write(fd(slot), pattern(data.tag, data.length)),
            Op::Pwrite { slot, data, at } => {
                r.pwrite(fd(slot), pattern(data.tag, data.length), *at);
            }
            Op::Seek { slot, at, whence } => drop(r.lseek(fd(slot), *at, *whence)),
            Op::SeekData { slot, at } => r.seek_data(fd(slot), *at),
            Op::SetAppend { slot, on } => drop(r.set_append(fd(slot), *on)),
            Op::Ftruncate { slot, size } => drop(r.ftruncate(fd(slot), *size)),
            Op::Fallocate {
                slot,
                mode,
                at,
                length,
            } if self.has_own_ways(fd(slot), *mode, at + length) => {}
            Op::Fallocate {
                slot,
                mode,
                at,
                length,
            } => {
                r.fallocate(fd(slot), *mode, *at, *length);
            }
            Op::CopyRange {
                from,
                at,
                to,
                to_at,
                length,
            } => {
                r.copy_file_range(fd(from), *at, fd(to), *to_at, *length);
            }
            Op::Sendfile { to, from, length } => r.sendfile(fd(to), fd(from), *length),
            Op::Splice { from, to, length } => r.splice(fd(from), fd(to), *length),
            Op::Fsync { slot } => r.fsync(fd(slot)),
            Op::Fdatasync { slot } => r.fdatasync(fd(slot)),
            Op::MapRead {
                slot,
                length,
                shared,
            } => r.map_read(fd(slot), *length, *shared),
            Op::MapWrite { slot, data, at } => {
                r.map_write(fd(slot), pattern(data.tag, data.length), *at);
            }
            Op::MapKeep { slot, length } => {
                let kept = r.map_keep(fd(slot), *length);
                r.map_drop(&mut self.kept);
                self.kept = kept;
            }
            Op::MapStore { data, at } => {
                r.map_store(&self.kept, pattern(data.tag, data.length), *at);
            }
            Op::MapLook => r.map_look(&self.kept),
            Op::MapDrop => r.map_drop(&mut self.kept),
            Op::FsetXattr { slot, name, value } => drop(r.fsetxattr(fd(slot), name, value)),
            Op::Fchmod { slot, mode } => drop(r.fchmod(fd(slot), *mode)),
            Op::Fchown { slot, uid, gid } => drop(r.fchown(fd(slot), *uid, *gid)),
            Op::Futimens { slot, time } => drop(r.futimens(fd(slot), *time)),
            Op::LinkFd { slot, new } => drop(r.link_fd(fd(slot), new)),
            Op::LsFd { slot } => r.again(fd(slot)),
            // Its whiteouts were removed before it was.
            Op::Fstat { slot } if is_removed_dir(fd(slot)) => {}
            Op::Fstat { slot } => r.fstat(fd(slot)),
            Op::Flock { slot, operation } => drop(r.flock(fd(slot), *operation)),
            Op::PosixLock {
                slot,
                kind,
                start,
                length,
            } => {
                r.posix_lock(fd(slot), *kind, *start, *length);
            }
            Op::OfdLock {
                slot,
                kind,
                start,
                length,
            } => {
                r.ofd_lock(fd(slot), *kind, *start, *length);
            }
            Op::GetLock {
                slot,
                kind,
                start,
                length,
            } => {
                r.get_lock(fd(slot), *kind, *start, *length);
            }
            Op::Umask { mask } => {
                sys::umask(*mask);
            }
            op => by_name(r, op),
        }
    }
}

impl Side {
    /// Whether the file system, whatever is above it, does with this fallocate(2) what does not follow from the file.
    fn has_own_ways(&self, fd: Fd, mode: i32, end: i64) -> bool {
        const PUNCH_HOLE: i32 = 0x2;
        const ZERO_RANGE: i32 = 0x10;
        let Ok(stat) = sys::fstat(fd.raw()) else {
            return false;
        };
        match self.top {
            // Of a block that the end of the file is in, ext4 zeroes the disk, and keeps what is in memory (7.2).
            EXT4 => mode & ZERO_RANGE != 0 && end > stat.st_size,
            // Set-id bits go if there was something to punch out, which depends on where it has been written to.
            BTRFS => mode & PUNCH_HOLE != 0 && stat.st_mode & 0o6000 != 0,
            _ => false,
        }
    }
}

/// Whether the result of [`Side::perform`] is no error: the first line counts, except the one with
/// the caller.
pub fn succeeded(answer: &[u8]) -> bool {
    let mut lines = answer.split(|byte| *byte == b'\n');
    let call = lines.find(|line| !line.starts_with(b"--"));
    call.is_some_and(|line| !contains(line, b" = E"))
}

/// Whether `part` is somewhere in `text`.
pub fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Those that need no descriptor.
fn by_name(r: &mut Run, op: &Op) {
    match op {
        Op::SetXattr {
            path,
            name,
            value,
            flags,
        } => {
            r.setxattr_flags(path, name, value, *flags);
        }
        Op::GetXattr { path, name } => r.getxattr(path, name),
        Op::ListXattr { path } => r.listxattr(path),
        Op::RemoveXattr { path, name } => drop(r.removexattr(path, name)),
        Op::SetAcl { path, text } => drop(r.set_acl(path, text)),
        Op::SetDefaultAcl { path, text } => drop(r.set_default_acl(path, text)),
        Op::GetAcl { path } => r.get_acl(path),
        // Whether it is a change to give a file the size that it has depends on what it is made of.
        Op::Truncate { path, size } if sys::stat(path, 0).is_ok_and(|s| s.st_size == *size) => {}
        Op::Truncate { path, size } => drop(r.truncate(path, *size)),
        Op::Chmod { path, mode } => drop(r.chmod(path, *mode)),
        Op::Chown { path, uid, gid } => drop(r.chown(path, *uid, *gid)),
        Op::Utimens { path, time } => drop(r.utimens(path, *time)),
        Op::Link { old, new } => drop(r.link(old, new)),
        Op::Symlink { target, path } => drop(r.symlink(target, path)),
        Op::Readlink { path } => r.readlink(path),
        Op::Mkfifo { path, mode } => drop(r.mkfifo(path, *mode)),
        Op::Mknod {
            path,
            kind,
            mode,
            major,
            minor,
        } => {
            r.mknod(path, *kind, *mode, *major, *minor);
        }
        Op::Mkdir { path, mode } => drop(r.mkdir_mode(path, *mode)),
        Op::Rmdir { path } => drop(r.rmdir(path)),
        Op::Unlink { path } => drop(r.unlink(path)),
        Op::Rename { old, new, flags } => drop(r.rename2(old, new, *flags)),
        Op::RemoveTree { path } => r.remove_tree(path, Vec::pop),
        Op::Ls { path } => r.ls(path),
        Op::LsPieces { path, size } => r.ls_pieces(path, *size),
        Op::Stat { path } => r.stat(path),
        Op::Access { path, mode } => drop(r.access(path, *mode)),
        // What xfs keeps for special files means nothing.
        Op::Protected { path, .. } if is_special(path) => {}
        Op::Protected { path, flags, then } => r.protected(path, *flags, |r| by_name(r, then)),
        other => unreachable!("{other} is done elsewhere"),
    }
}

fn is_one_file(one: Fd, other: Fd) -> bool {
    let identity = |fd: Fd| sys::fstat(fd.raw()).map(|stat| (stat.st_dev, stat.st_ino));
    identity(one).is_ok() && identity(one) == identity(other)
}

fn is_removed_dir(fd: Fd) -> bool {
    sys::fstat(fd.raw()).is_ok_and(|stat| walk::kind(&stat) == libc::S_IFDIR && stat.st_nlink == 0)
}

fn is_special(path: &str) -> bool {
    let kind = sys::stat(path, 0).map_or(libc::S_IFREG, |stat| walk::kind(&stat));
    !matches!(kind, libc::S_IFREG | libc::S_IFDIR)
}
