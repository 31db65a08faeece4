// SPDX-License-Identifier: GPL-2.0-only
//! Operations on a tree, as data; each is written as a line of the steps of a scenario.

use std::fmt;

use super::held::Held;
use crate::random::pattern;
use crate::run::{Run, flags_word};
use crate::sys::{self, Time};
use crate::union;
use crate::walk;

/// How many descriptors a process keeps at hand.
pub const SLOTS: usize = 6;

/// How many processes take turns.
pub const ACTORS: usize = 3;

/// The callers: user and group. All but root are without capabilities, and two share a group.
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

/// The value of an argument: of a descriptor, of bytes, or as it stands in the operation.
macro_rules! value {
    ($held:ident fd $slot:ident) => {
        $held.fd(*$slot)
    };
    ($held:ident data $data:ident) => {
        $data.bytes()
    };
    ($held:ident text $text:ident) => {
        $text
    };
    ($held:ident bytes $bytes:ident) => {
        $bytes
    };
    ($held:ident $kind:ident $value:ident) => {
        *$value
    };
}

/// An argument as it stands in a source file.
macro_rules! written {
    (fd $slot:ident) => {
        format!("fd[{}]", $slot)
    };
    (text $text:ident) => {
        format!("{:?}", $text)
    };
    (bytes $bytes:ident) => {
        format!("b\"{}\"", $bytes.escape_ascii())
    };
    (octal $value:ident) => {
        format!("0o{:o}", $value)
    };
    (hex $value:ident) => {
        format!("{:#x}", $value)
    };
    (time $time:ident) => {
        format!("{:?}", $time)
    };
    ($kind:ident $value:ident) => {
        $value.to_string()
    };
}

/// Does an operation: a call of [`Run`] with its arguments, or some code.
macro_rules! perform {
    ($held:ident, $run:ident, ($call:ident($($kind:ident $argument:ident),*))) => {{
        let _ = $run.$call($(value!($held $kind $argument)),*);
    }};
    ($held:ident, $run:ident, ($text:literal $(, $shown:ident = $value:expr)*; |$h:pat_param, $r:pat_param| $code:expr)) => {{
        let ($h, $r) = ($held, $run);
        $code
    }};
}

/// Writes out an operation.
macro_rules! write_out {
    ($f:ident, ($call:ident($($kind:ident $argument:ident),*))) => {
        write!($f, "r.{}({})", stringify!($call), [$(written!($kind $argument)),*].join(", "))
    };
    ($f:ident, ($text:literal $(, $shown:ident = $value:expr)*; $($code:tt)*)) => {
        write!($f, $text $(, $shown = $value)*)
    };
}

/// Makes [`Op`] of a table of its variants: the fields, the paths and the descriptors among them, and the call, with
/// the kinds of its arguments (see `value` and `written`). What is more than a call has its text and its code.
macro_rules! operations {
    ($(
        $(#[$doc:meta])*
        $name:ident $({ $($field:ident: $type:ty),* })? [$($path:ident),*] [$($slot:ident),*] => $call:tt;
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

            /// Does it, and reports the result.
            pub fn perform(&self, held: &mut Held, run: &mut Run) {
                if self.has_no_one_result(held) {
                    return;
                }
                match self {
                    $(Self::$name $({ $($field),* })? => perform!(held, run, $call),)*
                }
            }
        }

        #[allow(unused_variables, reason = "not every field is written out as it is")]
        impl fmt::Display for Op {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name $({ $($field),* })? => write_out!(f, $call),)*
                }
            }
        }
    };
}

operations! {
    Open { slot: Slot, path: String, flags: i32, mode: u32 } [path] [slot]
        => ("fd[{slot}] = r.open_mode({path:?}, {words}, 0o{mode:o})", words = flags_word(*flags);
        |held, r| held.put(*slot, r.open_mode(path, *flags, *mode)));
    Close { slot: Slot } [] [] => ("r.close(fd[{slot}])"; |held, r| held.close(*slot, r));
    Read { slot: Slot, length: usize } [] [slot] => (read(fd slot, number length));
    Pread { slot: Slot, length: usize, at: i64 } [] [slot] => (pread(fd slot, number length, number at));
    Write { slot: Slot, data: Data } [] [slot] => (write(fd slot, data data));
    Pwrite { slot: Slot, data: Data, at: i64 } [] [slot] => (pwrite(fd slot, data data, number at));
    Seek { slot: Slot, at: i64, whence: i32 } [] [slot] => (lseek(fd slot, number at, number whence));
    SeekData { slot: Slot, at: i64 } [] [slot] => (seek_data(fd slot, number at));
    SetAppend { slot: Slot, on: bool } [] [slot] => (set_append(fd slot, number on));
    Truncate { path: String, size: i64 } [path] [] => (truncate(text path, number size));
    Ftruncate { slot: Slot, size: i64 } [] [slot] => (ftruncate(fd slot, number size));
    Fallocate { slot: Slot, mode: i32, at: i64, length: i64 } [] [slot]
        => (fallocate(fd slot, hex mode, number at, number length));
    CopyRange { from: Slot, at: i64, to: Slot, to_at: i64, length: usize } [] [from, to]
        => (copy_file_range(fd from, number at, fd to, number to_at, number length));
    Sendfile { to: Slot, from: Slot, length: usize } [] [from, to] => (sendfile(fd to, fd from, number length));
    Splice { from: Slot, to: Slot, length: usize } [] [from, to] => (splice(fd from, fd to, number length));
    Fsync { slot: Slot } [] [slot] => (fsync(fd slot));
    Fdatasync { slot: Slot } [] [slot] => (fdatasync(fd slot));
    /// What of the file is in a lower layer is copied up. Only a union can: its answer is no part of the comparison.
    Settle { slot: Slot } [] [slot] => ("let _ = union::settle(fd[{slot}].raw())"; |held, _| {
        let _ = union::settle(held.fd(*slot).raw());
    });
    /// Maps, reads, unmaps.
    MapRead { slot: Slot, length: usize, shared: bool } [] [slot] => (map_read(fd slot, number length, number shared));
    /// Maps, writes, syncs, unmaps.
    MapWrite { slot: Slot, data: Data, at: usize } [] [slot] => (map_write(fd slot, data data, number at));
    /// Maps for the operations that follow.
    MapKeep { slot: Slot, length: usize } [] [slot] => ("kept = r.map_keep(fd[{slot}], {length})"; |held, r| {
        let kept = r.map_keep(held.fd(*slot), *length);
        r.map_drop(&mut held.kept);
        held.kept = kept;
    });
    MapStore { data: Data, at: usize } [] []
        => ("r.map_store(&kept, {data}, {at})"; |held, r| r.map_store(&held.kept, data.bytes(), *at));
    MapLook [] [] => ("r.map_look(&kept)"; |held, r| r.map_look(&held.kept));
    MapDrop [] [] => ("r.map_drop(&mut kept)"; |held, r| r.map_drop(&mut held.kept));
    SetXattr { path: String, name: &'static str, value: &'static [u8], flags: i32 } [path] []
        => (setxattr_flags(text path, text name, bytes value, number flags));
    FsetXattr { slot: Slot, name: &'static str, value: &'static [u8] } [] [slot]
        => (fsetxattr(fd slot, text name, bytes value));
    GetXattr { path: String, name: &'static str } [path] [] => (getxattr(text path, text name));
    ListXattr { path: String } [path] [] => (listxattr(text path));
    RemoveXattr { path: String, name: &'static str } [path] [] => (removexattr(text path, text name));
    SetAcl { path: String, text: &'static str } [path] [] => (set_acl(text path, text text));
    SetDefaultAcl { path: String, text: &'static str } [path] [] => (set_default_acl(text path, text text));
    GetAcl { path: String } [path] [] => (get_acl(text path));
    Chmod { path: String, mode: u32 } [path] [] => (chmod(text path, octal mode));
    Fchmod { slot: Slot, mode: u32 } [] [slot] => (fchmod(fd slot, octal mode));
    Chown { path: String, uid: u32, gid: u32 } [path] [] => (chown(text path, number uid, number gid));
    Fchown { slot: Slot, uid: u32, gid: u32 } [] [slot] => (fchown(fd slot, number uid, number gid));
    Utimens { path: String, time: Time } [path] [] => (utimens(text path, time time));
    Futimens { slot: Slot, time: Time } [] [slot] => (futimens(fd slot, time time));
    Link { old: String, new: String } [old, new] [] => (link(text old, text new));
    LinkFd { slot: Slot, new: String } [new] [slot] => (link_fd(fd slot, text new));
    Symlink { target: String, path: String } [path] [] => (symlink(text target, text path));
    Readlink { path: String } [path] [] => (readlink(text path));
    Mkfifo { path: String, mode: u32 } [path] [] => (mkfifo(text path, octal mode));
    Mknod { path: String, kind: u32, mode: u32, major: u32, minor: u32 } [path] []
        => (mknod(text path, octal kind, octal mode, number major, number minor));
    Mkdir { path: String, mode: u32 } [path] [] => (mkdir_mode(text path, octal mode));
    Rmdir { path: String } [path] [] => (rmdir(text path));
    Unlink { path: String } [path] [] => (unlink(text path));
    Rename { old: String, new: String, flags: u32 } [old, new] [] => (rename2(text old, text new, number flags));
    /// rm -r.
    RemoveTree { path: String } [path] []
        => ("r.remove_tree({path:?}, Vec::pop)"; |_, r| r.remove_tree(path, Vec::pop));
    Ls { path: String } [path] [] => (ls(text path));
    LsFd { slot: Slot } [] [slot] => (again(fd slot));
    /// A listing in small pieces, and from its middle once more.
    LsPieces { path: String, size: usize } [path] [] => (ls_pieces(text path, number size));
    Stat { path: String } [path] [] => (stat(text path));
    Fstat { slot: Slot } [] [slot] => (fstat(fd slot));
    Access { path: String, mode: i32 } [path] [] => (access(text path, number mode));
    /// Something while the object carries flags of chattr(1), which are taken away again.
    Protected { path: String, flags: u32, then: Box<Op> } [path] []
        => ("r.protected({path:?}, {flags:#x}, |r| {{ {then}; }})";
        |held, r| r.protected(path, *flags, |r| then.perform(held, r)));
    Flock { slot: Slot, operation: i32 } [] [slot] => (flock(fd slot, number operation));
    PosixLock { slot: Slot, kind: i32, start: i64, length: i64 } [] [slot]
        => (posix_lock(fd slot, number kind, number start, number length));
    OfdLock { slot: Slot, kind: i32, start: i64, length: i64 } [] [slot]
        => (ofd_lock(fd slot, number kind, number start, number length));
    GetLock { slot: Slot, kind: i32, start: i64, length: i64 } [] [slot]
        => (get_lock(fd slot, number kind, number start, number length));
    Umask { mask: u32 } [] [] => ("sys::umask(0o{mask:o})"; |_, _| { sys::umask(*mask); });
    /// Whatever need not stay in memory is dropped.
    DropCaches [] [] => ("// the caches are dropped"; |_, _| of_mount());
    /// Everything is closed, and the union is mounted again.
    Remount [] []
        => ("// everything is closed, the union is mounted again"; |_, _| of_mount());
    /// The same, and the upper layer becomes the topmost lower layer, below a new upper layer.
    Rotate [] []
        => ("// everything is closed, the upper layer becomes a lower layer"; |_, _| of_mount());
}

impl Op {
    /// Whether it concerns the mount, and so all processes.
    pub fn is_of_mount(&self) -> bool {
        matches!(self, Self::DropCaches | Self::Remount | Self::Rotate)
    }

    /// Whether its result depends on the file systems, so that both trees may differ.
    fn has_no_one_result(&self, held: &Held) -> bool {
        match self {
            // Data that passes through a pipe of a lower layer does not change its times; see union.rst.
            Self::Write { slot, .. } => held.is(*slot, libc::S_IFIFO),
            Self::Sendfile { from, to, .. } | Self::Splice { from, to, .. } => {
                held.is(*to, libc::S_IFIFO)
                    || held.is(*from, libc::S_IFDIR)
                    // The data under way is the memory that is written to.
                    || held.are_one_file(*from, *to)
            }
            // Positions in a directory, and its end, are up to the file system. Behind the last entry of an ext4
            // directory reading is an overflow.
            Self::Seek { slot, .. } | Self::SeekData { slot, .. } | Self::Read { slot, .. } => {
                held.is(*slot, libc::S_IFDIR)
            }
            Self::Fallocate {
                slot,
                mode,
                at,
                length,
            } => held.allocates_otherwise(*slot, *mode, at + length),
            // Its whiteouts were removed before it was.
            Self::Fstat { slot } => held.is_removed_dir(*slot),
            // Whether giving a file the size that it has is a change depends on how it is stored.
            Self::Truncate { path, size } => {
                sys::stat(path, 0).is_ok_and(|stat| stat.st_size == *size)
            }
            // The flags that xfs keeps for special files have no meaning.
            Self::Protected { path, .. } => is_special(path),
            _ => false,
        }
    }
}

/// Stands for the code of operations that concern the mount: no single process does them.
fn of_mount() {
    unreachable!("it is done for all processes at once");
}

fn is_special(path: &str) -> bool {
    let kind = sys::stat(path, 0).map_or(libc::S_IFREG, |stat| walk::kind(&stat));
    !matches!(kind, libc::S_IFREG | libc::S_IFDIR)
}

impl Data {
    /// The bytes.
    fn bytes(self) -> Vec<u8> {
        pattern(self.tag, self.length)
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "random::pattern({}, {})", self.tag, self.length)
    }
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
