// SPDX-License-Identifier: GPL-2.0-only
//! Looking names up: existing and missing, cached and uncached ones.

use std::ffi::CString;
use std::os::fd::OwnedFd;

use anyhow::{Context, Result, bail};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::Row;
use super::tree::{self, DIR, spread};
use crate::stage::{Stage, Took, forget_names, names, timed};

pub const STAT: Row = Row {
    name: "stat",
    about: "stat of a file four levels down, again and again",
    time: |stage| {
        let (root, names) = (stage.root()?, present(stage, 1000));
        again(&names, |names| stat(&root, names))
    },
    ..Row::DEFAULT
};

pub const ENOENT: Row = Row {
    name: "enoent",
    about: "stat of a name that is not there, again and again",
    time: |stage| {
        let (root, names) = (stage.root()?, absent(100));
        again(&names, |names| stat_absent(&root, names))
    },
    ..Row::DEFAULT
};

pub const OPEN_READ_CLOSE: Row = Row {
    name: "open_read_close",
    about: "open a file of 4 KiB, read it, close it",
    tree: tree::DIRECTORY_4K,
    time: |stage| {
        let (root, names) = (stage.root()?, present(stage, 1000));
        again(&names, |names| {
            let mut buffer = [0; 4096];
            for name in names {
                let file = rustix::fs::openat(&root, name, OFlags::RDONLY, Mode::empty())?;
                if rustix::io::read(&file, &mut buffer)? != buffer.len() {
                    bail!("{name:?} is too short");
                }
            }
            Ok(())
        })
    },
    ..Row::DEFAULT
};

pub const COLD_STAT_1: Row = Row {
    name: "cold_stat_1",
    about: "stat of each file of a directory when no name is known, one lower layer",
    per: "file",
    entries: 1000,
    ready: |_| forget_names(),
    time: cold_stat,
    caches: true,
    ..Row::DEFAULT
};

pub const COLD_STAT_100: Row = Row {
    name: "cold_stat_100",
    about: "the same, in the lowest of 100 layers that all have the directory",
    layers: 100,
    ..COLD_STAT_1
};

pub const ENOENT_100: Row = Row {
    name: "enoent_100",
    about: "stat of names that are not there, each for the first time, 100 lower layers",
    per: "name",
    layers: 100,
    ready: |stage| {
        forget_names()?;
        rustix::fs::statat(stage.root()?, DIR, AtFlags::empty())?;
        Ok(())
    },
    time: |stage| {
        let (root, names) = (stage.root()?, absent(500));
        timed(names.len(), || stat_absent(&root, &names))
    },
    ..Row::DEFAULT
};

fn cold_stat(stage: &Stage) -> Result<Took> {
    let (root, names) = (stage.root()?, present(stage, 1000));
    timed(names.len(), || stat(&root, &names))
}

fn present(stage: &Stage, limit: usize) -> Vec<CString> {
    names(&format!("{DIR}/f"), spread(stage.entries, limit))
}

fn absent(count: usize) -> Vec<CString> {
    names(&format!("{DIR}/none"), 0..count)
}

/// Looks all names up once to cache them, then often enough to be measured.
fn again(names: &[CString], run: impl Fn(&[CString]) -> Result<()>) -> Result<Took> {
    run(names)?;
    let rounds = 2000usize.div_ceil(names.len());
    timed(rounds * names.len(), || {
        (0..rounds).try_for_each(|_| run(names))
    })
}

fn stat(root: &OwnedFd, names: &[CString]) -> Result<()> {
    for name in names {
        rustix::fs::statat(root, name, AtFlags::empty())
            .with_context(|| format!("stat of {name:?}"))?;
    }
    Ok(())
}

fn stat_absent(root: &OwnedFd, names: &[CString]) -> Result<()> {
    for name in names {
        match rustix::fs::statat(root, name, AtFlags::empty()).err() {
            Some(Errno::NOENT) => {}
            other => bail!("stat of {name:?}, which is not there: {other:?}"),
        }
    }
    Ok(())
}
