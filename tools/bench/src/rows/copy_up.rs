// SPDX-License-Identifier: GPL-2.0-only
//! The first change of a file that a lower layer has.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};

use anyhow::{Context, Result, bail};
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};

use super::tree::{self, DIR};
use super::{Changes, NO_COPY_UP, Row};
use crate::stage::{Stage, Took, forget_contents, names, timed};

pub const CHMOD_LOWER: Row = Row {
    name: "chmod_lower",
    about: "change the mode of files of 4 KiB of a lower layer",
    per: "file",
    entries: 300,
    tree: tree::DIRECTORY_4K,
    time: |stage| {
        let (root, names) = (stage.root()?, files(stage));
        timed(names.len(), || {
            for name in &names {
                rustix::fs::chmodat(&root, name, Mode::from(0o640), AtFlags::empty())
                    .with_context(|| format!("chmod of {name:?}"))?;
            }
            Ok(())
        })
    },
    verify: |stage| {
        for number in 0..stage.entries {
            let path = stage.path(DIR).join(format!("f{number}"));
            let found = fs::metadata(&path)?;
            if found.permissions().mode() & 0o7777 != 0o640 || found.len() != 4096 {
                bail!("{} is not as it should be: {found:?}", path.display());
            }
        }
        Ok(())
    },
    changes: Changes::All,
    warm_up: true,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

pub const CHOWN_TREE: Row = Row {
    name: "chown_tree",
    about: "change the owner of 10,000 files of 4 KiB of a lower layer",
    entries: 10_000,
    time: |stage| {
        let (root, names) = (stage.root()?, files(stage));
        timed(names.len(), || {
            for name in &names {
                let (user, group) = (Uid::from_raw(1000), Gid::from_raw(1000));
                rustix::fs::chownat(&root, name, Some(user), Some(group), AtFlags::empty())
                    .with_context(|| format!("chown of {name:?}"))?;
            }
            Ok(())
        })
    },
    verify: |stage| {
        for number in 0..stage.entries {
            let path = stage.path(DIR).join(format!("f{number}"));
            let found = fs::metadata(&path)?;
            if (found.uid(), found.gid(), found.len()) != (1000, 1000, 4096) {
                bail!("{} is not as it should be: {found:?}", path.display());
            }
        }
        Ok(())
    },
    ..CHMOD_LOWER
};

pub const OPEN_RW_NOWRITE: Row = Row {
    name: "open_rw_nowrite",
    about: "open files of 4 KiB of a lower layer for writing, each once, and write nothing",
    entries: 200,
    time: |stage| {
        let (root, names) = (stage.root()?, files(stage));
        timed(names.len(), || {
            for name in &names {
                rustix::fs::openat(&root, name, OFlags::RDWR, Mode::empty())
                    .with_context(|| format!("opening {name:?}"))?;
            }
            Ok(())
        })
    },
    verify: |_| Ok(()),
    changes: Changes::Nothing,
    ..CHMOD_LOWER
};

pub const OPEN_RW_AGAIN: Row = Row {
    name: "open_rw_again",
    about: "the same of files that were opened so before",
    ready: |stage| (OPEN_RW_NOWRITE.time)(stage).map(drop),
    ..OPEN_RW_NOWRITE
};

pub const WRITE_100B_32M: Row = Row {
    name: "write_100b_32m",
    about: "write 100 bytes into a file of 32 MiB of a lower layer",
    per: "write",
    entries: 32,
    tree: tree::LARGE_FILE,
    ready: |stage| {
        // The first partial file of an upper layer makes a guard for all.
        let other = fs::File::options()
            .write(true)
            .open(stage.path(tree::OTHER))?;
        other.write_all_at(&[b'!'; 100], 1000)?;
        forget_contents()
    },
    time: write_100b,
    verify: |stage| {
        let file = fs::File::open(stage.path("file"))?;
        let mut found = [0; 102];
        file.read_exact_at(&mut found, middle(stage) - 1)?;
        let around = found[0] != 0 && found[101] != 0;
        if found[1..101] != [b'!'; 100] || !around || file.metadata()?.len() != size(stage) {
            bail!("the file does not hold what was written, or not what was there before");
        }
        Ok(())
    },
    // Always in the same place of the plain file.
    changes: Changes::Nothing,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

pub const WRITE_100B_1G: Row = Row {
    name: "write_100b_1g",
    about: "write 100 bytes into a file of 1 GiB of a lower layer",
    entries: 1024,
    long: true,
    ..WRITE_100B_32M
};

fn files(stage: &Stage) -> Vec<std::ffi::CString> {
    names(&format!("{DIR}/f"), 0..stage.entries)
}

fn size(stage: &Stage) -> u64 {
    (stage.entries as u64) << 20
}

/// Inside a block, somewhere in the middle of the file.
fn middle(stage: &Stage) -> u64 {
    size(stage) / 2 + 1000
}

fn write_100b(stage: &Stage) -> Result<Took> {
    timed(1, || {
        let file = fs::File::options().write(true).open(stage.path("file"))?;
        Ok(file.write_all_at(&[b'!'; 100], middle(stage))?)
    })
}
