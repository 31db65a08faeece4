// SPDX-License-Identifier: GPL-2.0-only
//! The operations of workloads.

use std::fmt;

/// One operation of a workload. Lengths and offsets are in cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A new file with contents.
    Create { path: String, cells: usize },
    /// A new file with contents that gets its name last: `O_TMPFILE` and linkat(2).
    CreateUnnamed { path: String, cells: usize },
    /// Cells of a file are written, perhaps beyond its end.
    Write {
        path: String,
        at: usize,
        cells: usize,
        by: By,
        sync: Sync,
    },
    /// A file is opened with `O_TRUNC` and written.
    Rewrite { path: String, cells: usize },
    /// truncate(2).
    Truncate { path: String, cells: usize },
    /// A hole is punched into a file, below its end.
    Punch {
        path: String,
        at: usize,
        cells: usize,
    },
    /// chmod(2).
    Chmod { path: String, mode: u32 },
    /// setxattr(2).
    SetXattr { path: String, value: String },
    /// mkdir(2).
    Mkdir { path: String },
    /// symlink(2).
    Symlink { path: String, target: String },
    /// link(2).
    Link { old: String, new: String },
    /// rename(2).
    Rename { old: String, new: String },
    /// renameat2(2) with `RENAME_EXCHANGE`.
    Exchange { old: String, new: String },
    /// unlink(2).
    Unlink { path: String },
    /// rmdir(2).
    Rmdir { path: String },
    /// fsync(2) or fdatasync(2) of a file or directory that is opened for it.
    Sync { path: String, sync: Sync },
    /// syncfs(2).
    SyncAll,
    /// sync(2).
    SyncWorld,
    /// The union becomes read-only, and writable again.
    Remount,
    /// All data of a file are brought to the upper layer.
    Settle { path: String },
    /// A transaction of a database ([`super::database`]).
    Transact,
}

impl Op {
    /// Whether everything is on the disk when it has ended.
    pub fn syncs_all(&self) -> bool {
        matches!(self, Self::SyncAll | Self::SyncWorld | Self::Remount)
    }
}

/// How cells are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By pwrite(2).
    Call,
    /// By write(2) with `O_APPEND`; these begin at its end.
    Append,
    /// By pwrite(2) with `O_DIRECT`; these are whole blocks.
    Direct,
    /// By splice(2) from a pipe.
    Splice,
    /// By copy_file_range(2) from a file without a name.
    Copy,
    /// By stores into a mapping of the file, all of them below its end; fdatasync is msync(2) then.
    Stores,
}

/// Cells of a block, the unit of `O_DIRECT`.
pub const BLOCK: usize = 64;

/// How a file is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Not at all.
    No,
    /// By fsync(2).
    Full,
    /// By fdatasync(2).
    Data,
    /// By `O_SYNC`, as long as the file is open.
    Open,
    /// By `O_DSYNC`.
    OpenData,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
