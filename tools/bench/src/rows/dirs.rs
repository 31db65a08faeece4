// SPDX-License-Identifier: GPL-2.0-only
//! Listing a directory of which two layers have a part.

use std::{fs, thread};

use anyhow::{Result, anyhow, bail};
use rustix::fs::{Mode, OFlags, RawDir};

use super::tree::DIR;
use super::{Changes, Row};
use crate::stage::{Stage, Took, timed};
use crate::subject::Subject;

pub const READDIR_FIRST: Row = Row {
    name: "readdir_first",
    about: "list a merged directory of 2000 entries for the first time since the mount",
    per: "listing",
    entries: 2000,
    ready: merged,
    time: |stage| listings(stage, 1),
    changes: Changes::Names,
    sets: true,
    ..Row::DEFAULT
};

pub const READDIR_REPEAT: Row = Row {
    name: "readdir_repeat",
    about: "list it again",
    ready: |stage| {
        merged(stage)?;
        listings(stage, 1).map(drop)
    },
    time: |stage| listings(stage, 5),
    sets: false,
    ..READDIR_FIRST
};

pub const READDIR_2JOB: Row = Row {
    name: "readdir_2job",
    about: "two threads list it again at the same time; on two processors each listing takes half as long",
    time: |stage| together(stage, 2, 20),
    ..READDIR_REPEAT
};

/// Makes the part of the upper layer; the parts themselves are in memory.
fn merged(stage: &Stage) -> Result<()> {
    fs::write(stage.path(DIR).join("own"), "")?;
    stage.remount()?;
    let parts = match stage.subject {
        Subject::Native => vec![&stage.layers.plain],
        _ => stage
            .layers
            .lowers
            .iter()
            .chain([&stage.layers.upper])
            .collect(),
    };
    for part in parts {
        fs::read_dir(part.join(DIR))?.count();
    }
    Ok(())
}

/// So many threads, each of which lists the directory so many times, with a descriptor of its own.
fn together(stage: &Stage, threads: usize, times: usize) -> Result<Took> {
    timed(threads * times, || {
        thread::scope(|scope| {
            let started: Vec<_> = (0..threads)
                .map(|_| scope.spawn(|| listings(stage, times)))
                .collect();
            started.into_iter().try_for_each(|thread| {
                let listed = thread.join().map_err(|_| anyhow!("a thread panicked"))?;
                listed.map(drop)
            })
        })
    })
}

fn listings(stage: &Stage, times: usize) -> Result<Took> {
    let root = stage.root()?;
    // ".", "..", the one of the upper layer, and one of each layer but the lowest.
    let expected = stage.entries + 3 + (stage.layers.lowers.len() - 1);
    let mut buffer = Vec::with_capacity(32768);
    timed(times, || {
        for _ in 0..times {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            let dir = rustix::fs::openat(&root, DIR, flags, Mode::empty())?;
            let mut entries = RawDir::new(&dir, buffer.spare_capacity_mut());
            let mut count = 0;
            while let Some(entry) = entries.next() {
                entry?;
                count += 1;
            }
            if count != expected {
                bail!("the directory has {count} entries, {expected} are right");
            }
        }
        Ok(())
    })
}
