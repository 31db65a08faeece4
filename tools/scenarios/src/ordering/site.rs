// SPDX-License-Identifier: GPL-2.0-only
//! The workload: tasks that write data and facts, each in files of its own, and one that syncs other files.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::rule::{Before, Fact, Rule, write_back};
use super::seen::Seen;
use super::top::Top;
use super::{bits, limit, mark};
use crate::crash::cell::{self, CELL};
use crate::crash::disk::Logged;
use crate::crash::points;
use crate::errno::Errno;
use crate::random::Dice;
use crate::sys;

/// Size of a granule: pages, so that writeback can bring each to the disk alone.
pub const GRANULE: usize = 4096;

/// How many tasks write at the same time.
pub const TASKS: usize = 4;

/// Operations that the power cuts are told from: the whole workload is one.
pub const OPERATIONS: usize = 1;

/// Files that are synced, and their size.
const OTHERS: usize = 8;
const OTHER_SIZE: usize = 4 * GRANULE;

/// Pieces of free space that have been written to, 10 MiB altogether.
const SOIL: usize = 160;
const SOIL_PIECE: usize = 64 << 10;

/// Where a case works.
pub struct Site<'a> {
    /// Where its file system is mounted.
    pub dir: PathBuf,
    /// The file system.
    pub top: &'a Top,
    /// The order that is tried.
    pub rule: &'a Rule,
    contents: Vec<Vec<u8>>,
    /// One file is synced at a time. The log has a write before the flush that was begun after it. A flush that was
    /// begun later and ended earlier would be logged without it, and so would show states that no disk can be in.
    syncing: Mutex<()>,
}

impl<'a> Site<'a> {
    /// A case that has its file system on `dir`.
    pub fn new(dir: PathBuf, top: &'a Top, rule: &'a Rule) -> Self {
        let (files, granules) = match rule.fact {
            Fact::Bits | Fact::File => (bits::FILES, bits::GRANULES),
            Fact::Mark => (mark::FILES, mark::GRANULES),
            Fact::Limit => (0, 0),
        };
        let cells = granules * GRANULE / CELL;
        let contents = (0..files * TASKS).map(|file| cell::encode_run(file, 1, 0, cells));
        Self {
            dir,
            top,
            rule,
            contents: contents.collect(),
            syncing: Mutex::default(),
        }
    }

    /// The whole contents of a file, as they are in the end.
    pub fn contents(&self, file: usize) -> &[u8] {
        &self.contents[file]
    }

    /// The path of a file.
    pub fn path(&self, file: usize) -> PathBuf {
        self.dir.join(format!("file-{file}"))
    }

    /// Makes what is there before the workload.
    pub fn make(&self) -> Result<(), String> {
        self.soil()
            .map_err(|error| format!("writing to free space: {error}"))?;
        for other in 0..OTHERS {
            let path = self.other(other);
            std::fs::write(&path, [b'-'; OTHER_SIZE])
                .map_err(|error| format!("writing {}: {error}", path.display()))?;
        }
        match self.rule.fact {
            Fact::File => bits::make_maps(self),
            Fact::Limit => limit::make(self),
            Fact::Bits | Fact::Mark => Ok(()),
        }
    }

    /// Leaves bytes in free space, so that data that are not on the disk can be told from extents that are not.
    fn soil(&self) -> sys::Result<()> {
        let path = self.dir.join("soil");
        let fd = sys::open(&path, libc::O_WRONLY | libc::O_CREAT, 0o600)?;
        for at in 0..SOIL {
            match sys::write(fd, &[b'#'; SOIL_PIECE], Some((at * SOIL_PIECE) as i64)) {
                Ok(_) => {}
                Err(Errno(libc::ENOSPC)) => break,
                Err(error) => return Err(error),
            }
        }
        sys::fsync(fd)?;
        sys::close(fd)?;
        sys::unlink(&path)
    }

    /// The workload of a seed.
    pub fn work(&self, seed: u64, logged: &Logged) -> Result<(), String> {
        logged.mark(&points::mark(OPERATIONS))?;
        let end = AtomicBool::new(false);
        let dice = |number: usize| Dice::new(seed << 8 | number as u64);
        let results = thread::scope(|scope| {
            let syncer = scope.spawn(|| self.sync_others(dice(TASKS), &end));
            let tasks = (0..TASKS).map(|task| scope.spawn(move || self.task(task, dice(task))));
            // All of them run before the first is waited for.
            let tasks: Vec<_> = tasks.collect();
            let mut results: Vec<_> = tasks.into_iter().map(|task| task.join()).collect();
            end.store(true, Ordering::Relaxed);
            results.push(syncer.join());
            results
        });
        for result in results {
            result.map_err(|_| "a task panicked")??;
        }
        logged.mark(&points::mark(OPERATIONS + 1))
    }

    fn task(&self, task: usize, mut dice: Dice) -> Result<(), String> {
        let worked = match self.rule.fact {
            Fact::Bits | Fact::File => bits::work(self, task, &mut dice),
            Fact::Mark => mark::work(self, task, &mut dice),
            Fact::Limit => limit::work(self, task, &mut dice),
        };
        worked.map_err(|error| format!("task {task}: {error}"))
    }

    /// Does with the data of a file what comes before the fact.
    pub fn prepare(&self, file: RawFd) -> sys::Result<()> {
        match self.rule.before(self.top) {
            Before::Nothing | Before::Due => Ok(()),
            Before::Wait => write_back(file),
            Before::Sync => {
                let _alone = self.syncing.lock();
                sys::fsync(file)
            }
        }
    }

    /// Compares the facts on the disk with the data.
    pub fn look(&self) -> Result<Seen, String> {
        match self.rule.fact {
            Fact::Bits | Fact::File => bits::look(self),
            Fact::Mark => mark::look(self),
            Fact::Limit => limit::look(self),
        }
    }

    fn other(&self, number: usize) -> PathBuf {
        self.dir.join(format!("other-{number}"))
    }

    /// Has the file system commit again and again, as other programs do, without syncing the files of the tasks.
    fn sync_others(&self, mut dice: Dice, end: &AtomicBool) -> Result<(), String> {
        while !end.load(Ordering::Relaxed) {
            let path = self.other(dice.roll(OTHERS));
            let start = Instant::now();
            self.sync_other(&path, &mut dice)
                .map_err(|error| format!("syncing {}: {error}", path.display()))?;
            // The tasks that wait for their turn to sync get half of the time at least.
            thread::sleep(start.elapsed());
            pause(&mut dice, 8);
        }
        Ok(())
    }

    fn sync_other(&self, path: &Path, dice: &mut Dice) -> sys::Result<()> {
        let fd = sys::open(path, libc::O_RDWR, 0)?;
        let synced = self.sync_in_some_way(fd, dice);
        sys::close(fd).and(synced)
    }

    fn sync_in_some_way(&self, fd: RawFd, dice: &mut Dice) -> sys::Result<()> {
        let _alone = self.syncing.lock();
        match dice.roll(4) {
            0 => sys::fchmod(fd, 0o600 + dice.roll(64) as u32).and_then(|()| sys::fsync(fd)),
            1 => {
                let at = dice.roll(OTHER_SIZE / GRANULE) * GRANULE;
                sys::write(fd, &[b'+'; GRANULE], Some(at as i64))?;
                sys::fdatasync(fd)
            }
            2 => {
                sys::ftruncate(fd, 0)?;
                sys::write(fd, &[b'*'; OTHER_SIZE], Some(0))?;
                sys::fsync(fd)
            }
            // Here fsync writes a log of one file; this commits everything.
            _ if self.top.image.fstype == "btrfs" => sys::set_label(fd, "ordering"),
            _ => sys::fchmod(fd, 0o600 + dice.roll(64) as u32).and_then(|()| sys::fdatasync(fd)),
        }
    }
}

/// Waits for less than so many milliseconds, half of the time not at all.
pub fn pause(dice: &mut Dice, milliseconds: usize) {
    let time = dice.roll(2 * milliseconds * 1000);
    if time < milliseconds * 1000 {
        thread::sleep(Duration::from_micros(time as u64));
    }
}

/// The numbers below `count`, in an order of the dice.
pub fn shuffled(dice: &mut Dice, count: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    let mut order = Vec::with_capacity(count);
    while !left.is_empty() {
        order.push(left.swap_remove(dice.roll(left.len())));
    }
    order
}

/// The value of an attribute, which for every second file is too long for its inode.
pub fn value(file: usize, bytes: &[u8]) -> Vec<u8> {
    let mut value = bytes.to_vec();
    if file.is_multiple_of(2) {
        value.resize(512, 0);
    }
    value
}

/// An attribute of a file, none if there is no such file.
pub fn attribute(path: &Path, name: &str) -> Result<Option<Vec<u8>>, String> {
    match sys::getxattr(path, name) {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.0, libc::ENODATA | libc::ENOENT) => Ok(None),
        Err(error) => Err(format!("{name} of {}: {error}", path.display())),
    }
}

/// The contents of a file, empty if there is no such file.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    match std::fs::read(path) {
        Ok(data) => Ok(data),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("reading {}: {error}", path.display())),
    }
}
