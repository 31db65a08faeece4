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

/// Makes [`Op`] of a table of its variants: the fields, the paths and the descriptors among them, and how it is written
/// out, with whatever else the text names.
macro_rules! operations {
    ($(
        $(#[$doc:meta])*
        $name:ident $({ $($field:ident: $type:ty),* })? [$($path:ident),*] [$($slot:ident),*]
            => $text:literal $(, $shown:ident = $value:expr)*;
    )*) => {
        /// One operation.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(
            missing_docs,
            reason = "the names are those of the calls and of their arguments"
        )]
        pub enum Op {
            $($(#[$doc])* $name $({ $($field: $type),* })?,)*
        }

        #[allow(unused_variables, reason = "most fields are neither")]
        impl Op {
            /// The names it is about.
            #[allow(unreachable_patterns, reason = "one has more than its own")]
            pub fn paths(&self) -> Vec<&str> {
                match self {
                    Self::Protected { path, then, .. } => [then.paths(), vec![path.as_str()]].concat(),
                    $(Self::$name $({ $($field),* })? => vec![$($path.as_str()),*],)*
                }
            }

            /// The descriptors it uses.
            pub fn slots(&self) -> Vec<Slot> {
                match self {
                    $(Self::$name $({ $($field),* })? => vec![$(*$slot),*],)*
                }
            }
        }

        #[allow(unused_variables, reason = "not every field is written out as it is")]
        impl fmt::Display for Op {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name $({ $($field),* })? => write!(f, $text $(, $shown = $value)*),)*
                }
            }
        }
    };
}

operations! {
    Open { slot: Slot, path: String, flags: i32, mode: u32 } [path] [slot]
        => "fd[{slot}] = r.open_mode({path:?}, {words}, 0o{mode:o})", words = flags_word(*flags);
    Close { slot: Slot } [] [] => "r.close(fd[{slot}])";
    Read { slot: Slot, length: usize } [] [slot] => "r.read(fd[{slot}], {length})";
    Pread { slot: Slot, length: usize, at: i64 } [] [slot] => "r.pread(fd[{slot}], {length}, {at})";
    Write { slot: Slot, data: Data } [] [slot] => "r.write(fd[{slot}], {data})";
    Pwrite { slot: Slot, data: Data, at: i64 } [] [slot] => "r.pwrite(fd[{slot}], {data}, {at})";
    Seek { slot: Slot, at: i64, whence: i32 } [] [slot] => "r.lseek(fd[{slot}], {at}, {whence})";
    SeekData { slot: Slot, at: i64 } [] [slot] => "r.seek_data(fd[{slot}], {at})";
    SetAppend { slot: Slot, on: bool } [] [slot] => "r.set_append(fd[{slot}], {on})";
    Truncate { path: String, size: i64 } [path] [] => "r.truncate({path:?}, {size})";
    Ftruncate { slot: Slot, size: i64 } [] [slot] => "r.ftruncate(fd[{slot}], {size})";
    Fallocate { slot: Slot, mode: i32, at: i64, length: i64 } [] [slot]
        => "r.fallocate(fd[{slot}], {mode:#x}, {at}, {length})";
    CopyRange { from: Slot, at: i64, to: Slot, to_at: i64, length: usize } [] [from, to]
        => "r.copy_file_range(fd[{from}], {at}, fd[{to}], {to_at}, {length})";
    Sendfile { to: Slot, from: Slot, length: usize } [] [from, to] => "r.sendfile(fd[{to}], fd[{from}], {length})";
    Splice { from: Slot, to: Slot, length: usize } [] [from, to] => "r.splice(fd[{from}], fd[{to}], {length})";
    Fsync { slot: Slot } [] [slot] => "r.fsync(fd[{slot}])";
    Fdatasync { slot: Slot } [] [slot] => "r.fdatasync(fd[{slot}])";
    /// Maps, reads, unmaps.
    MapRead { slot: Slot, length: usize, shared: bool } [] [slot] => "r.map_read(fd[{slot}], {length}, {shared})";
    /// Maps, writes, syncs, unmaps.
    MapWrite { slot: Slot, data: Data, at: usize } [] [slot] => "r.map_write(fd[{slot}], {data}, {at})";
    /// Maps for the operations that follow.
    MapKeep { slot: Slot, length: usize } [] [slot] => "kept = r.map_keep(fd[{slot}], {length})";
    MapStore { data: Data, at: usize } [] [] => "r.map_store(&kept, {data}, {at})";
    MapLook [] [] => "r.map_look(&kept)";
    MapDrop [] [] => "r.map_drop(&mut kept)";
    SetXattr { path: String, name: &'static str, value: &'static [u8], flags: i32 } [path] []
        => "r.setxattr_flags({path:?}, {name:?}, {bytes}, {flags})", bytes = literal(value);
    FsetXattr { slot: Slot, name: &'static str, value: &'static [u8] } [] [slot]
        => "r.fsetxattr(fd[{slot}], {name:?}, {bytes})", bytes = literal(value);
    GetXattr { path: String, name: &'static str } [path] [] => "r.getxattr({path:?}, {name:?})";
    ListXattr { path: String } [path] [] => "r.listxattr({path:?})";
    RemoveXattr { path: String, name: &'static str } [path] [] => "r.removexattr({path:?}, {name:?})";
    SetAcl { path: String, text: &'static str } [path] [] => "r.set_acl({path:?}, {text:?})";
    SetDefaultAcl { path: String, text: &'static str } [path] [] => "r.set_default_acl({path:?}, {text:?})";
    GetAcl { path: String } [path] [] => "r.get_acl({path:?})";
    Chmod { path: String, mode: u32 } [path] [] => "r.chmod({path:?}, 0o{mode:o})";
    Fchmod { slot: Slot, mode: u32 } [] [slot] => "r.fchmod(fd[{slot}], 0o{mode:o})";
    Chown { path: String, uid: u32, gid: u32 } [path] [] => "r.chown({path:?}, {uid}, {gid})";
    Fchown { slot: Slot, uid: u32, gid: u32 } [] [slot] => "r.fchown(fd[{slot}], {uid}, {gid})";
    Utimens { path: String, time: Time } [path] [] => "r.utimens({path:?}, {time:?})";
    Futimens { slot: Slot, time: Time } [] [slot] => "r.futimens(fd[{slot}], {time:?})";
    Link { old: String, new: String } [old, new] [] => "r.link({old:?}, {new:?})";
    LinkFd { slot: Slot, new: String } [new] [slot] => "r.link_fd(fd[{slot}], {new:?})";
    Symlink { target: String, path: String } [path] [] => "r.symlink({target:?}, {path:?})";
    Readlink { path: String } [path] [] => "r.readlink({path:?})";
    Mkfifo { path: String, mode: u32 } [path] [] => "r.mkfifo({path:?}, 0o{mode:o})";
    Mknod { path: String, kind: u32, mode: u32, major: u32, minor: u32 } [path] []
        => "r.mknod({path:?}, 0o{kind:o}, 0o{mode:o}, {major}, {minor})";
    Mkdir { path: String, mode: u32 } [path] [] => "r.mkdir_mode({path:?}, 0o{mode:o})";
    Rmdir { path: String } [path] [] => "r.rmdir({path:?})";
    Unlink { path: String } [path] [] => "r.unlink({path:?})";
    Rename { old: String, new: String, flags: u32 } [old, new] [] => "r.rename2({old:?}, {new:?}, {flags})";
    /// rm -r.
    RemoveTree { path: String } [path] [] => "r.remove_tree({path:?}, Vec::pop)";
    Ls { path: String } [path] [] => "r.ls({path:?})";
    LsFd { slot: Slot } [] [slot] => "r.again(fd[{slot}])";
    /// A listing in small pieces, and from its middle once more.
    LsPieces { path: String, size: usize } [path] [] => "r.ls_pieces({path:?}, {size})";
    Stat { path: String } [path] [] => "r.stat({path:?})";
    Fstat { slot: Slot } [] [slot] => "r.fstat(fd[{slot}])";
    Access { path: String, mode: i32 } [path] [] => "r.access({path:?}, {mode})";
    /// Something while the object carries flags of chattr(1), which are taken away again.
    Protected { path: String, flags: u32, then: Box<Op> } [path] []
        => "r.protected({path:?}, {flags:#x}, |r| {{ {then}; }})";
    Flock { slot: Slot, operation: i32 } [] [slot] => "r.flock(fd[{slot}], {operation})";
    PosixLock { slot: Slot, kind: i32, start: i64, length: i64 } [] [slot]
        => "r.posix_lock(fd[{slot}], {kind}, {start}, {length})";
    OfdLock { slot: Slot, kind: i32, start: i64, length: i64 } [] [slot]
        => "r.ofd_lock(fd[{slot}], {kind}, {start}, {length})";
    GetLock { slot: Slot, kind: i32, start: i64, length: i64 } [] [slot]
        => "r.get_lock(fd[{slot}], {kind}, {start}, {length})";
    Umask { mask: u32 } [] [] => "sys::umask(0o{mask:o})";
    /// Nothing stays in memory that need not.
    DropCaches [] [] => "// the caches are dropped";
    /// Everything is closed, and the union is mounted again.
    Remount [] [] => "// everything is closed, the union is mounted again";
    /// The same, and the upper layer becomes the topmost lower layer, below a new upper layer.
    Rotate [] [] => "// everything is closed, the upper layer becomes a lower layer";
}

impl Op {
    /// Whether it concerns the mount, and so all processes.
    pub fn is_of_mount(&self) -> bool {
        matches!(self, Self::DropCaches | Self::Remount | Self::Rotate)
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
