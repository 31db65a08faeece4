// SPDX-License-Identifier: GPL-2.0-only
//! Everyday work: unpacking an archive, checking out a branch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tree::{Tree, sources};
use super::{Changes, NO_COPY_UP, Row};
use crate::site::BASE;
use crate::stage::{program, timed};

/// A short program runs this often, so that a single wait for something uncached does not show in the result.
const ROUNDS: usize = 3;

pub const UNTAR: Row = Row {
    name: "untar",
    about: "unpack an archive of 400 files into directories that a lower layer has (tar)",
    per: "archive",
    entries: 400,
    tree: Tree {
        name: "unpacked sources",
        fill: |layer, _, _, entries| {
            sources(layer, 0..entries, "old")?;
            for number in 0..entries {
                fs::remove_file(layer.join(format!("src/part{}/file{number}.c", number / 50)))?;
            }
            Ok(())
        },
        large: false,
    },
    // The archive is read once before.
    ready: |stage| {
        fs::read(archive(stage.entries)?)
            .map(drop)
            .context("reading the archive")
    },
    time: |stage| {
        let archive = archive(stage.entries)?;
        timed(1, || {
            let mut command = Command::new("tar");
            stage.program(command.arg("-xf").arg(&archive)).map(drop)
        })
    },
    verify: |stage| {
        let last = stage.entries - 1;
        let text = fs::read_to_string(stage.path(&format!("src/part{}/file{last}.c", last / 50)))?;
        if !text.starts_with("new") {
            bail!("the archive is not unpacked");
        }
        Ok(())
    },
    changes: Changes::All,
    warm_up: true,
    at_least: ROUNDS,
    ..Row::DEFAULT
};

pub const GIT_CHECKOUT: Row = Row {
    name: "git_checkout",
    about: "check out another branch, which changes 150 of 400 files (git)",
    per: "checkout",
    entries: 400,
    tree: Tree {
        name: "repository",
        fill: |layer, _, _, entries| {
            let repository = repository(entries)?;
            program(Command::new("cp").arg("-aT").arg(repository).arg(layer)).map(drop)
        },
        large: false,
    },
    // As after a command of git: its cache of the files' attributes is valid.
    ready: |stage| stage.program(&mut git(&["status"])).map(drop),
    time: |stage| {
        timed(1, || {
            stage
                .program(&mut git(&["checkout", "-q", "other"]))
                .map(drop)
        })
    },
    verify: |stage| {
        let changes = stage.program(&mut git(&["status", "--porcelain"]))?;
        let branch = stage.program(&mut git(&["branch", "--show-current"]))?;
        if branch.trim_end() != "other" || !changes.is_empty() {
            bail!("branch {branch:?} has been checked out with changes: {changes}");
        }
        Ok(())
    },
    changes: Changes::All,
    warm_up: true,
    at_least: ROUNDS,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

/// Makes something below [`BASE`] at the first use.
pub fn once(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let path = Path::new(BASE).join(name);
    if !path.exists() {
        let unfinished = path.with_extension("unfinished");
        make(&unfinished)?;
        fs::rename(&unfinished, &path)?;
    }
    Ok(path)
}

pub fn archive(entries: usize) -> Result<PathBuf> {
    once("archive.tar", |path| {
        let tree = Path::new(BASE).join("archive");
        sources(&tree, 0..entries, "new")?;
        let mut command = Command::new("tar");
        program(command.arg("-cf").arg(path).arg("-C").arg(tree).arg("src")).map(drop)
    })
}

fn git(args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "user.name=bench",
        "-c",
        "user.email=bench@example.org",
    ]);
    command.args(["-c", "safe.directory=*", "-c", "gc.auto=0"]);
    command.args(args);
    command
}

/// A repository with two branches: the other one changes, adds and removes.
fn repository(entries: usize) -> Result<PathBuf> {
    once("repository", |path| {
        let run = |args: &[&str]| program(git(args).current_dir(path)).map(drop);
        fs::create_dir_all(path)?;
        run(&["init", "-q", "-b", "first"])?;
        sources(path, 0..entries, "first")?;
        run(&["add", "."])?;
        run(&["commit", "-q", "-m", "first"])?;
        run(&["checkout", "-q", "-b", "other"])?;
        sources(path, 0..100, "other")?;
        sources(path, entries..entries + 25, "other")?;
        for number in 150..175 {
            fs::remove_file(path.join(format!("src/part3/file{number}.c")))?;
        }
        run(&["add", "-A"])?;
        run(&["commit", "-q", "-m", "other"])?;
        run(&["checkout", "-q", "first"])
    })
}
