// SPDX-License-Identifier: GPL-2.0-only
//! What can be done to a tree, as data; written out, each operation is a line of the steps of a scenario.

use std::fmt;

use crate::run::flags_word;
use crate::sys::Time;

/// How many descriptors a process keeps at hand.
pub const SLOTS: usize = 6;

/// How many processes take turns.
pub const ACTORS: usize = 3;

/// Who may act: user and group.  All but root are without capabilities, and two share a group.
pub const USERS: [(u32, u32); 4] = [(0, 0), (1000, 500), (1001, 500), (1002, 1002)];

/// One of the descriptors at hand.
pub type Slot = usize;

/// Bytes to be written: [`crate::random::pattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// Which bytes.
    pub tag: u8,
    /// How many.
    pub length: usize,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the names are those of the calls and of their arguments"
)]
pub enum Op {
    Open {
        slot: Slot,
        path: String,
        flags: i32,
        mode: u32,
    },
    Close {
        slot: Slot,
    },
    Read {
        slot: Slot,
        length: usize,
    },
    Pread {
        slot: Slot,
        length: usize,
        at: i64,
    },
    Write {
        slot: Slot,
        data: Data,
    },
    Pwrite {
        slot: Slot,
        data: Data,
        at: i64,
    },
    Seek {
        slot: Slot,
        at: i64,
        whence: i32,
    },
    SeekData {
        slot: Slot,
        at: i64,
    },
    SetAppend {
        slot: Slot,
        on: bool,
    },
    Truncate {
        path: String,
        size: i64,
    },
    Ftruncate {
        slot: Slot,
        size: i64,
    },
    Fallocate {
        slot: Slot,
        mode: i32,
        at: i64,
        length: i64,
    },
    CopyRange {
        from: Slot,
        at: i64,
        to: Slot,
        to_at: i64,
        length: usize,
    },
    Sendfile {
        to: Slot,
        from: Slot,
        length: usize,
    },
    Splice {
        from: Slot,
        to: Slot,
        length: usize,
    },
    Fsync {
        slot: Slot,
    },
    Fdatasync {
        slot: Slot,
    },
    /// Maps, reads, unmaps.
    MapRead {
        slot: Slot,
        length: usize,
        shared: bool,
    },
    /// Maps, writes, syncs, unmaps.
    MapWrite {
        slot: Slot,
        data: Data,
        at: usize,
    },
    /// Maps for the operations that follow.
    MapKeep {
        slot: Slot,
        length: usize,
    },
    MapStore {
        data: Data,
        at: usize,
    },
    MapLook,
    MapDrop,
    SetXattr {
        path: String,
        name: &'static str,
        value: &'static [u8],
        flags: i32,
    },
    FsetXattr {
        slot: Slot,
        name: &'static str,
        value: &'static [u8],
    },
    GetXattr {
        path: String,
        name: &'static str,
    },
    ListXattr {
        path: String,
    },
    RemoveXattr {
        path: String,
        name: &'static str,
    },
    SetAcl {
        path: String,
        text: &'static str,
    },
    SetDefaultAcl {
        path: String,
        text: &'static str,
    },
    GetAcl {
        path: String,
    },
    Chmod {
        path: String,
        mode: u32,
    },
    Fchmod {
        slot: Slot,
        mode: u32,
    },
    Chown {
        path: String,
        uid: u32,
        gid: u32,
    },
    Fchown {
        slot: Slot,
        uid: u32,
        gid: u32,
    },
    Utimens {
        path: String,
        time: Time,
    },
    Futimens {
        slot: Slot,
        time: Time,
    },
    Link {
        old: String,
        new: String,
    },
    LinkFd {
        slot: Slot,
        new: String,
    },
    Symlink {
        target: String,
        path: String,
    },
    Readlink {
        path: String,
    },
    Mkfifo {
        path: String,
        mode: u32,
    },
    Mknod {
        path: String,
        kind: u32,
        mode: u32,
        major: u32,
        minor: u32,
    },
    Mkdir {
        path: String,
        mode: u32,
    },
    Rmdir {
        path: String,
    },
    Unlink {
        path: String,
    },
    Rename {
        old: String,
        new: String,
        flags: u32,
    },
    /// rm -r.
    RemoveTree {
        path: String,
    },
    Ls {
        path: String,
    },
    LsFd {
        slot: Slot,
    },
    /// A listing in small pieces, and from its middle once more.
    LsPieces {
        path: String,
        size: usize,
    },
    Stat {
        path: String,
    },
    Fstat {
        slot: Slot,
    },
    Access {
        path: String,
        mode: i32,
    },
    /// Something while the object carries flags of chattr(1), which are taken away again.
    Protected {
        path: String,
        flags: u32,
        then: Box<Op>,
    },
    Flock {
        slot: Slot,
        operation: i32,
    },
    PosixLock {
        slot: Slot,
        kind: i32,
        start: i64,
        length: i64,
    },
    OfdLock {
        slot: Slot,
        kind: i32,
        start: i64,
        length: i64,
    },
    GetLock {
        slot: Slot,
        kind: i32,
        start: i64,
        length: i64,
    },
    Umask {
        mask: u32,
    },
    /// Nothing stays in memory that need not.
    DropCaches,
    /// Everything is closed, and the union is mounted again.
    Remount,
    /// The same, and the upper layer becomes the topmost lower layer, below a new upper layer.
    Rotate,
}

/// One operation, and who does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Number of the process.
    pub actor: usize,
    /// As whom: an index into [`USERS`].
    pub user: usize,
    /// What.
    pub op: Op,
}

impl Op {
    /// Whether it concerns the mount, and so all processes.
    pub fn is_of_mount(&self) -> bool {
        matches!(self, Self::DropCaches | Self::Remount | Self::Rotate)
    }

    /// The names it is about.
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Self::Link { old, new } | Self::Rename { old, new, .. } => vec![old, new],
            Self::LinkFd { new, .. } => vec![new],
            Self::Protected { path, then, .. } => {
                let mut paths = then.paths();
                paths.push(path);
                paths
            }
            Self::Open { path, .. }
            | Self::Truncate { path, .. }
            | Self::SetXattr { path, .. }
            | Self::GetXattr { path, .. }
            | Self::ListXattr { path }
            | Self::RemoveXattr { path, .. }
            | Self::SetAcl { path, .. }
            | Self::SetDefaultAcl { path, .. }
            | Self::GetAcl { path }
            | Self::Chmod { path, .. }
            | Self::Chown { path, .. }
            | Self::Utimens { path, .. }
            | Self::Symlink { path, .. }
            | Self::Readlink { path }
            | Self::Mkfifo { path, .. }
            | Self::Mknod { path, .. }
            | Self::Mkdir { path, .. }
            | Self::Rmdir { path }
            | Self::Unlink { path }
            | Self::RemoveTree { path }
            | Self::Ls { path }
            | Self::LsPieces { path, .. }
            | Self::Stat { path }
            | Self::Access { path, .. } => vec![path],
            _ => Vec::new(),
        }
    }

    /// The descriptors it uses.
    pub fn slots(&self) -> Vec<Slot> {
        match self {
            Self::CopyRange { from, to, .. }
            | Self::Sendfile { to, from, .. }
            | Self::Splice { from, to, .. } => vec![*from, *to],
            Self::Open { slot, .. }
            | Self::Read { slot, .. }
            | Self::Pread { slot, .. }
            | Self::Write { slot, .. }
            | Self::Pwrite { slot, .. }
            | Self::Seek { slot, .. }
            | Self::SeekData { slot, .. }
            | Self::SetAppend { slot, .. }
            | Self::Ftruncate { slot, .. }
            | Self::Fallocate { slot, .. }
            | Self::Fsync { slot }
            | Self::Fdatasync { slot }
            | Self::MapRead { slot, .. }
            | Self::MapWrite { slot, .. }
            | Self::MapKeep { slot, .. }
            | Self::FsetXattr { slot, .. }
            | Self::Fchmod { slot, .. }
            | Self::Fchown { slot, .. }
            | Self::Futimens { slot, .. }
            | Self::LinkFd { slot, .. }
            | Self::LsFd { slot }
            | Self::Fstat { slot }
            | Self::Flock { slot, .. }
            | Self::PosixLock { slot, .. }
            | Self::OfdLock { slot, .. }
            | Self::GetLock { slot, .. } => vec![*slot],
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "random::pattern({}, {})", self.tag, self.length)
    }
}

/// Bytes as they stand in a source file.
fn literal(bytes: &[u8]) -> String {
    format!("b\"{}\"", bytes.escape_ascii())
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open {
                slot,
                path,
                flags,
                mode,
            } => {
                let flags = flags_word(*flags);
                write!(f, "fd[{slot}] = r.open_mode({path:?}, {flags}, 0o{mode:o})")
            }
            Self::Close { slot } => write!(f, "r.close(fd[{slot}])"),
            Self::Read { slot, length } => write!(f, "r.read(fd[{slot}], {length})"),
            Self::Pread { slot, length, at } => write!(f, "r.pread(fd[{slot}], {length}, {at})"),
            Self::Write { slot, data } => write!(f, "r.write(fd[{slot}], {data})"),
            Self::Pwrite { slot, data, at } => write!(f, "r.pwrite(fd[{slot}], {data}, {at})"),
            Self::Seek { slot, at, whence } => write!(f, "r.lseek(fd[{slot}], {at}, {whence})"),
            Self::SeekData { slot, at } => write!(f, "r.seek_data(fd[{slot}], {at})"),
            Self::SetAppend { slot, on } => write!(f, "r.set_append(fd[{slot}], {on})"),
            Self::Truncate { path, size } => write!(f, "r.truncate({path:?}, {size})"),
            Self::Ftruncate { slot, size } => write!(f, "r.ftruncate(fd[{slot}], {size})"),
            Self::Fallocate {
                slot,
                mode,
                at,
                length,
            } => {
                write!(f, "r.fallocate(fd[{slot}], {mode:#x}, {at}, {length})")
            }
            Self::CopyRange {
                from,
                at,
                to,
                to_at,
                length,
            } => {
                write!(
                    f,
                    "r.copy_file_range(fd[{from}], {at}, fd[{to}], {to_at}, {length})"
                )
            }
            Self::Sendfile { to, from, length } => {
                write!(f, "r.sendfile(fd[{to}], fd[{from}], {length})")
            }
            Self::Splice { from, to, length } => {
                write!(f, "r.splice(fd[{from}], fd[{to}], {length})")
            }
            Self::Fsync { slot } => write!(f, "r.fsync(fd[{slot}])"),
            Self::Fdatasync { slot } => write!(f, "r.fdatasync(fd[{slot}])"),
            Self::MapRead {
                slot,
                length,
                shared,
            } => {
                write!(f, "r.map_read(fd[{slot}], {length}, {shared})")
            }
            Self::MapWrite { slot, data, at } => {
                write!(f, "r.map_write(fd[{slot}], {data}, {at})")
            }
            Self::MapKeep { slot, length } => write!(f, "kept = r.map_keep(fd[{slot}], {length})"),
            Self::MapStore { data, at } => write!(f, "r.map_store(&kept, {data}, {at})"),
            Self::MapLook => write!(f, "r.map_look(&kept)"),
            Self::MapDrop => write!(f, "r.map_drop(&mut kept)"),
            Self::SetXattr {
                path,
                name,
                value,
                flags,
            } => {
                let value = literal(value);
                write!(f, "r.setxattr_flags({path:?}, {name:?}, {value}, {flags})")
            }
            Self::FsetXattr { slot, name, value } => {
                write!(f, "r.fsetxattr(fd[{slot}], {name:?}, {})", literal(value))
            }
            Self::GetXattr { path, name } => write!(f, "r.getxattr({path:?}, {name:?})"),
            Self::ListXattr { path } => write!(f, "r.listxattr({path:?})"),
            Self::RemoveXattr { path, name } => write!(f, "r.removexattr({path:?}, {name:?})"),
            Self::SetAcl { path, text } => write!(f, "r.set_acl({path:?}, {text:?})"),
            Self::SetDefaultAcl { path, text } => {
                write!(f, "r.set_default_acl({path:?}, {text:?})")
            }
            Self::GetAcl { path } => write!(f, "r.get_acl({path:?})"),
            Self::Chmod { path, mode } => write!(f, "r.chmod({path:?}, 0o{mode:o})"),
            Self::Fchmod { slot, mode } => write!(f, "r.fchmod(fd[{slot}], 0o{mode:o})"),
            Self::Chown { path, uid, gid } => write!(f, "r.chown({path:?}, {uid}, {gid})"),
            Self::Fchown { slot, uid, gid } => write!(f, "r.fchown(fd[{slot}], {uid}, {gid})"),
            Self::Utimens { path, time } => write!(f, "r.utimens({path:?}, {time:?})"),
            Self::Futimens { slot, time } => write!(f, "r.futimens(fd[{slot}], {time:?})"),
            Self::Link { old, new } => write!(f, "r.link({old:?}, {new:?})"),
            Self::LinkFd { slot, new } => write!(f, "r.link_fd(fd[{slot}], {new:?})"),
            Self::Symlink { target, path } => write!(f, "r.symlink({target:?}, {path:?})"),
            Self::Readlink { path } => write!(f, "r.readlink({path:?})"),
            Self::Mkfifo { path, mode } => write!(f, "r.mkfifo({path:?}, 0o{mode:o})"),
            Self::Mknod {
                path,
                kind,
                mode,
                major,
                minor,
            } => {
                write!(
                    f,
                    "r.mknod({path:?}, 0o{kind:o}, 0o{mode:o}, {major}, {minor})"
                )
            }
            Self::Mkdir { path, mode } => write!(f, "r.mkdir_mode({path:?}, 0o{mode:o})"),
            Self::Rmdir { path } => write!(f, "r.rmdir({path:?})"),
            Self::Unlink { path } => write!(f, "r.unlink({path:?})"),
            Self::Rename { old, new, flags } => write!(f, "r.rename2({old:?}, {new:?}, {flags})"),
            Self::RemoveTree { path } => write!(f, "r.remove_tree({path:?}, Vec::pop)"),
            Self::Ls { path } => write!(f, "r.ls({path:?})"),
            Self::LsFd { slot } => write!(f, "r.again(fd[{slot}])"),
            Self::LsPieces { path, size } => write!(f, "r.ls_pieces({path:?}, {size})"),
            Self::Stat { path } => write!(f, "r.stat({path:?})"),
            Self::Fstat { slot } => write!(f, "r.fstat(fd[{slot}])"),
            Self::Access { path, mode } => write!(f, "r.access({path:?}, {mode})"),
            Self::Protected { path, flags, then } => {
                write!(f, "r.protected({path:?}, {flags:#x}, |r| {{ {then}; }})")
            }
            Self::Flock { slot, operation } => write!(f, "r.flock(fd[{slot}], {operation})"),
            Self::PosixLock {
                slot,
                kind,
                start,
                length,
            } => {
                write!(f, "r.posix_lock(fd[{slot}], {kind}, {start}, {length})")
            }
            Self::OfdLock {
                slot,
                kind,
                start,
                length,
            } => {
                write!(f, "r.ofd_lock(fd[{slot}], {kind}, {start}, {length})")
            }
            Self::GetLock {
                slot,
                kind,
                start,
                length,
            } => {
                write!(f, "r.get_lock(fd[{slot}], {kind}, {start}, {length})")
            }
            Self::Umask { mask } => write!(f, "sys::umask(0o{mask:o})"),
            Self::DropCaches => f.write_str("// the caches are dropped"),
            Self::Remount => f.write_str("// everything is closed, the union is mounted again"),
            Self::Rotate => {
                f.write_str("// everything is closed, the upper layer becomes a lower layer")
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = &self.op;
        if op.is_of_mount() {
            return write!(f, "{op}");
        }
        match USERS[self.user] {
            (0, _) => write!(f, "{op};")?,
            (uid, gid) => write!(f, "r.as_user({uid}, {gid}, |r| {{ {op}; }});")?,
        }
        match self.actor {
            0 => Ok(()),
            other => write!(f, " // process {other}"),
        }
    }
}
