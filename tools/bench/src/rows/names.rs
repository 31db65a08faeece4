// SPDX-License-Identifier: GPL-2.0-only
//! Making, removing and moving names.

use std::ffi::CString;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::tree::{DIR, spread};
use super::{Changes, NO_COPY_UP, Row};
use crate::stage::{Stage, Took, names, timed};

/// How many files fs_mark makes.
const CREATED: usize = 500;

pub const CREATE_MERGED: Row = Row {
    name: "create_merged",
    about: "make files in a directory that a lower layer has, too (fs_mark)",
    per: "file",
    // The directory is copied up before the clock starts.
    ready: |stage| Ok(fs::write(stage.path(DIR).join("own"), "")?),
    time: fs_mark,
    warm_up: true,
    verify: |stage| {
        let expected = stage.entries + 1 + CREATED + (stage.layers.lowers.len() - 1);
        let found = fs::read_dir(stage.path(DIR))?.count();
        if found != expected {
            bail!("there are {found} entries after {CREATED} were made, not {expected}");
        }
        Ok(())
    },
    changes: Changes::Names,
    ..Row::DEFAULT
};

pub const RM_LOWER: Row = Row {
    name: "rm_lower",
    about: "remove files of a lower layer",
    per: "file",
    entries: 500,
    time: |stage| {
        let root = stage.root()?;
        let names = lower_files(stage);
        timed(names.len(), || remove(&root, &names))
    },
    verify: |stage| {
        let gone = lower_files(stage).len();
        let expected = stage.entries - gone + (stage.layers.lowers.len() - 1);
        let found = fs::read_dir(stage.path(DIR))?.count();
        if found != expected {
            bail!("{found} entries are left after {gone} were removed, not {expected}");
        }
        Ok(())
    },
    changes: Changes::Names,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

pub const CREATE_OVER_DELETED: Row = Row {
    name: "create_over_deleted",
    about: "make a file of a name that was removed",
    ready: |stage| remove(&stage.root()?, &lower_files(stage)),
    time: |stage| {
        let root = stage.root()?;
        let names = lower_files(stage);
        timed(names.len(), || {
            for name in &names {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
                rustix::fs::openat(&root, name, flags, Mode::from(0o644))
                    .with_context(|| format!("making {name:?}"))?;
            }
            Ok(())
        })
    },
    verify: |stage| {
        let found = fs::read_dir(stage.path(DIR))?.count();
        if found != stage.entries {
            bail!("there are {found} entries, not {}", stage.entries);
        }
        Ok(())
    },
    ..RM_LOWER
};

pub const MV_LOWER_DIR: Row = Row {
    name: "mv_lower_dir",
    about: "move a directory of 2000 files that a lower layer has",
    per: "directory",
    entries: 2000,
    // It is read from the disk once before.
    ready: |stage| stage.program(Command::new("mv").arg("--version")).map(drop),
    time: |stage| {
        let root = stage.root()?;
        timed(1, || {
            match rustix::fs::renameat(&root, DIR, &root, "a/moved") {
                // mv(1) copies then.
                Err(Errno::XDEV) => stage
                    .program(Command::new("mv").args([DIR, "a/moved"]))
                    .map(drop),
                other => Ok(other?),
            }
        })
    },
    verify: |stage| {
        let found = fs::read_dir(stage.path("a/moved"))?.count();
        if found != stage.entries || stage.path(DIR).exists() {
            bail!("{found} of {} files have been moved", stage.entries);
        }
        Ok(())
    },
    changes: Changes::All,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

fn lower_files(stage: &Stage) -> Vec<CString> {
    names(&format!("{DIR}/f"), spread(stage.entries, 1000))
}

fn remove(root: &std::os::fd::OwnedFd, names: &[CString]) -> Result<()> {
    for name in names {
        rustix::fs::unlinkat(root, name, AtFlags::empty())
            .with_context(|| format!("removing {name:?}"))?;
    }
    Ok(())
}

fn fs_mark(stage: &Stage) -> Result<Took> {
    let mut command = Command::new("fs_mark");
    command.arg("-d").arg(stage.path(DIR));
    // Empty files, nothing synced, one thread, and they stay.
    command.args([
        "-n",
        &CREATED.to_string(),
        "-s",
        "0",
        "-S",
        "0",
        "-t",
        "1",
        "-k",
    ]);
    command.args(["-l", "/tmp/fs_mark.log"]);
    let text = stage.program(&mut command)?;
    let rate = files_per_second(&text).with_context(|| format!("fs_mark says {text:?}"))?;
    Ok(Took {
        ns: 1e9 / rate * CREATED as f64,
        operations: CREATED as f64,
    })
}

/// The fourth column of the line behind the heading.
fn files_per_second(text: &str) -> Option<f64> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("FSUse%"));
    let rate: f64 = lines.nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    (rate > 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fs_mark_tells_files_per_second() {
        let text = "#  fs_mark  -d  x\n\nFSUse%        Count         Size    Files/sec     App Overhead\n\
             \u{20}    5          500            0      14086.9             6551\n";
        assert_eq!(files_per_second(text), Some(14086.9));
        assert_eq!(files_per_second("FSUse%\n"), None);
    }
}
