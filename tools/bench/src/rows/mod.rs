// SPDX-License-Identifier: GPL-2.0-only
//! The rows: for each, its tree, the timed operation, and the file systems that take part.

mod build;
mod copy_up;
mod data;
mod database;
mod dirs;
mod mount;
mod names;
mod packages;
mod partial;
mod paths;
mod programs;
mod sqlite;
pub mod tree;

use anyhow::{Context, Result};

use crate::stage::{Stage, Took};
use crate::subject::Subject;
use tree::Tree;

/// The effect of a row on its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// None that matters.
    Nothing,
    /// Names in the directory.
    Names,
    /// More.
    All,
}

/// One row.
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// A line of description.
    pub about: &'static str,
    /// The name of one operation.
    pub per: &'static str,
    /// How many lower layers there are.
    pub layers: usize,
    /// The size of the directory, or of the file in MiB.
    pub entries: usize,
    /// The contents of the lower layers.
    pub tree: Tree,
    /// Preparations through the mount before the clock starts.
    pub ready: fn(&Stage) -> Result<()>,
    /// What is timed.
    pub time: fn(&Stage) -> Result<Took>,
    /// Checks that it did its work.
    pub verify: fn(&Stage) -> Result<()>,
    /// The changes in the plain tree afterwards.
    pub changes: Changes,
    /// Whether the first run differs: programs are read from the disk, RAM disks allocate their blocks.
    pub warm_up: bool,
    /// The minimum number of repetitions, however long they take.
    pub at_least: usize,
    /// Whether it takes so long that a quick run leaves it out.
    pub long: bool,
    /// Whether it is repeated for counting.
    pub counted: bool,
    /// Whether memory for the inodes it finds is reported.
    pub caches: bool,
    /// Whether the size of the union's fallthru sets is reported.
    pub sets: bool,
    /// The file systems that take no part, and the reasons.
    pub without: &'static [(Subject, &'static str)],
}

impl Row {
    /// The common properties of most rows.
    const DEFAULT: Self = Self {
        name: "",
        about: "",
        per: "call",
        layers: 1,
        entries: 100,
        tree: tree::DIRECTORY,
        ready: |_| Ok(()),
        time: |_| unreachable!("a row times something"),
        verify: |_| Ok(()),
        changes: Changes::Nothing,
        warm_up: false,
        at_least: 1,
        long: false,
        counted: true,
        caches: false,
        sets: false,
        without: &[],
    };

    /// Why a subject takes no part.
    pub fn left_out(&self, subject: Subject) -> Option<&'static str> {
        let mut found = self.without.iter();
        found.find(|(who, _)| *who == subject).map(|(_, why)| *why)
    }
}

/// mergerfs has no copy-up: a file of a read-only branch cannot be changed.
const NO_COPY_UP: &[(Subject, &str)] = &[(
    Subject::Mergerfs,
    "it has no copy-up: what a read-only branch holds cannot be changed",
)];

/// All rows, in the order of the table.
pub const ALL: &[Row] = &[
    paths::STAT,
    paths::ENOENT,
    paths::OPEN_READ_CLOSE,
    data::PREAD_4K,
    data::PWRITE_4K,
    data::DIRECT_WRITE_4JOB,
    dirs::READDIR_FIRST,
    dirs::READDIR_REPEAT,
    dirs::READDIR_2JOB,
    paths::COLD_STAT_1,
    paths::COLD_STAT_100,
    paths::ENOENT_100,
    names::CREATE_MERGED,
    names::RM_LOWER,
    names::CREATE_OVER_DELETED,
    copy_up::CHMOD_LOWER,
    copy_up::CHOWN_TREE,
    copy_up::OPEN_RW_NOWRITE,
    copy_up::OPEN_RW_AGAIN,
    copy_up::WRITE_100B_32M,
    copy_up::WRITE_100B_1G,
    partial::PARTIAL_PREAD_4K,
    partial::PARTIAL_DIRECT_WRITE_4JOB,
    partial::PARTIAL_READ_1G,
    names::MV_LOWER_DIR,
    programs::UNTAR,
    programs::GIT_CHECKOUT,
    packages::DPKG_INSTALL,
    packages::DPKG_UPGRADE,
    database::PGBENCH_LOWER,
    sqlite::SQLITE_LOWER,
    build::PODMAN_BUILD,
    mount::MOUNT_100,
];

/// The row of this name.
pub fn named(name: &str) -> Result<&'static Row> {
    ALL.iter()
        .find(|row| row.name == name)
        .with_context(|| format!("there is no row {name:?}; see union-bench list"))
}
