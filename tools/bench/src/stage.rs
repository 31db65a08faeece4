// SPDX-License-Identifier: GPL-2.0-only
//! One repetition of a row on one subject: layers, mount, the timed operation, and removing everything again.

use std::ffi::CString;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustix::fs::{Mode, OFlags};
use rustix::mount::UnmountFlags;

use crate::rows::tree::{self, Tree};
use crate::rows::{Changes, Row};
use crate::site::{self, BASE, Layers, Site};
use crate::subject::Subject;

/// A row about to run on a mounted subject.
pub struct Stage<'a> {
    /// The subject.
    pub subject: Subject,
    /// The directory it is mounted on.
    pub at: &'a Path,
    /// Its layers.
    pub layers: &'a Layers,
    /// How many entries the directory of the row has.
    pub entries: usize,
}

/// The result: time, for so many operations.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// In nanoseconds.
    pub ns: f64,
    /// How many.
    pub operations: f64,
}

impl Took {
    /// Nanoseconds of one.
    pub fn each(self) -> f64 {
        self.ns / self.operations
    }
}

/// Times so many operations.
pub fn timed(operations: usize, run: impl FnOnce() -> Result<()>) -> Result<Took> {
    let started = Instant::now();
    run()?;
    Ok(Took {
        ns: started.elapsed().as_nanos() as f64,
        operations: operations as f64,
    })
}

impl Stage<'_> {
    /// The root of the mount, for calls with short paths.
    pub fn root(&self) -> Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(self.at, flags, Mode::empty()).context("opening the mount")
    }

    /// A path inside the mount.
    pub fn path(&self, name: &str) -> PathBuf {
        self.at.join(name)
    }

    /// Mounts again, so that nothing is cached.
    pub fn remount(&self) -> Result<()> {
        self.subject.unmount(self.at)?;
        self.subject.mount(self.layers, self.at)
    }

    /// Runs a program in the mount; it must end well.
    pub fn program(&self, command: &mut Command) -> Result<String> {
        program(command.current_dir(self.at))
    }
}

/// Runs a program, which must succeed; returns its output.
pub fn program(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", "/root")
        .output()
        .with_context(|| format!("starting {shown}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let last: Vec<_> = text.lines().rev().take(3).collect();
        bail!("{shown} ended with {}: {}", output.status, last.join(" | "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Drops cached names and inodes; contents stay in memory.
pub fn forget_names() -> Result<()> {
    // Twice: the first round releases objects that the second one frees.
    for _ in 0..2 {
        fs::write("/proc/sys/vm/drop_caches", "2").context("dropping caches")?;
    }
    Ok(())
}

/// Drops cached contents of files; they are on the disks, which may be in memory themselves.
pub fn forget_contents() -> Result<()> {
    rustix::fs::sync();
    fs::write("/proc/sys/vm/drop_caches", "1").context("dropping caches")
}

/// Names of entries, ready for the kernel.
pub fn names(prefix: &str, numbers: impl Iterator<Item = usize>) -> Vec<CString> {
    numbers
        .filter_map(|number| CString::new(format!("{prefix}{number}")).ok())
        .collect()
}

/// The ground on which rows with the same tree run, again and again.
pub struct Ground<'a> {
    tree: Tree,
    site: &'a Site,
    layers: Layers,
    entries: usize,
    at: PathBuf,
    plain: Plain,
}

/// The state of the plain directory, which holds the tree for the plain file system.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    /// Missing, or of another row.
    Unfit,
    /// Complete except for some names.
    Names,
    /// As it should be.
    Ready,
}

impl<'a> Ground<'a> {
    /// Fills the lower layers.
    pub fn new(tree: Tree, site: &'a Site, layers: usize, entries: usize) -> Result<Self> {
        let layers = site.layers(layers);
        for path in [&layers.upper, &layers.work, &layers.plain] {
            site::clear(path)?;
        }
        if let Some(all) = layers.lowers[0].parent() {
            site::clear(all)?;
        }
        let at = Path::new(BASE).join("m");
        fs::create_dir_all(&at)?;
        for (index, lower) in layers.lowers.iter().enumerate() {
            site::fresh(lower)?;
            (tree.fill)(lower, index, layers.lowers.len(), entries)
                .with_context(|| format!("filling lower layer {index}"))?;
        }
        Ok(Self {
            tree,
            site,
            layers,
            entries,
            at,
            plain: Plain::Unfit,
        })
    }

    /// Whether it can be used for such a row.
    pub fn serves(&self, tree: Tree, layers: usize, entries: usize) -> bool {
        let same = self.layers.lowers.len() == layers && self.entries == entries;
        self.tree.name == tree.name && same
    }

    /// Where the subjects are mounted.
    pub fn at(&self) -> &Path {
        &self.at
    }

    /// Runs the row once; `measure` gets the timed part.
    pub fn run<T>(
        &mut self,
        row: &Row,
        subject: Subject,
        measure: impl FnOnce(&dyn Fn() -> Result<Took>) -> Result<T>,
    ) -> Result<T> {
        site::fresh(&self.layers.upper)?;
        site::fresh(&self.layers.work)?;
        if subject == Subject::Native {
            self.plain().context("the plain directory")?;
            self.plain = match row.changes {
                Changes::Nothing => Plain::Ready,
                Changes::Names => Plain::Names,
                Changes::All => Plain::Unfit,
            };
        }
        if self.tree.large {
            // ext4 gives each large file new blocks, and a RAM disk clears memory for blocks that it has not seen: now
            // they are new for every subject.
            self.site.trim();
        }
        // Earlier changes must not be written out while the row runs.
        let upper_fs = fs::File::open(self.site.upper_fs())?;
        rustix::fs::syncfs(&upper_fs)?;
        subject.mount(&self.layers, &self.at)?;
        let stage = Stage {
            subject,
            at: &self.at,
            layers: &self.layers,
            entries: self.entries,
        };
        let result = (row.ready)(&stage)
            .context("preparing")
            .and_then(|()| measure(&|| (row.time)(&stage)))
            .and_then(|value| (row.verify)(&stage).map(|()| value));
        // The error of the row itself is more useful.
        let unmounted = subject.unmount(&self.at);
        if unmounted.is_err() {
            let _ = rustix::mount::unmount(self.at.as_path(), UnmountFlags::DETACH);
        }
        let value = result?;
        unmounted?;
        Ok(value)
    }

    /// Restores the plain directory.
    fn plain(&mut self) -> Result<()> {
        let layers = &self.layers;
        match self.plain {
            Plain::Ready => Ok(()),
            Plain::Names => tree::repair(&layers.plain, &layers.lowers),
            Plain::Unfit => {
                site::fresh(&layers.plain)?;
                let count = layers.lowers.len();
                // Upper layers replace the files of lower ones.
                (0..count).rev().try_for_each(|index| {
                    (self.tree.fill)(&layers.plain, index, count, self.entries)
                })
            }
        }
    }
}

impl Drop for Ground<'_> {
    fn drop(&mut self) {
        let layers = &self.layers;
        for path in [&layers.upper, &layers.work, &layers.plain] {
            let _ = site::clear(path);
        }
        if let Some(all) = layers.lowers[0].parent() {
            let _ = site::clear(all);
        }
        if self.tree.large {
            self.site.trim();
        }
    }
}
