// SPDX-License-Identifier: GPL-2.0-only
//! One repetition of a row on one subject: layers, mount, what is timed, and everything away again.

use std::ffi::CString;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustix::fs::{Mode, OFlags};
use rustix::mount::UnmountFlags;

use crate::rows::Row;
use crate::site::{self, BASE, Layers, Site};
use crate::subject::Subject;

/// A row about to run on a subject, which is mounted.
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

/// What was measured: time, for so many operations.
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

    /// Mounts anew, so that nothing is known of what was done before.
    pub fn remount(&self) -> Result<()> {
        self.subject.unmount(self.at)?;
        self.subject.mount(self.layers, self.at)
    }

    /// Runs a program in the mount; it must end well.
    pub fn program(&self, command: &mut Command) -> Result<String> {
        program(command.current_dir(self.at))
    }
}

/// Runs a program, which must end well; gives what it prints.
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

/// Forgets names and inodes; contents stay in memory.
pub fn forget_names() -> Result<()> {
    // Twice: the first round gives up what the second one finds unused.
    for _ in 0..2 {
        fs::write("/proc/sys/vm/drop_caches", "2").context("dropping caches")?;
    }
    Ok(())
}

/// Forgets contents of files; they are on the disks, which may be in memory themselves.
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

/// The ground on which a row runs, again and again.
pub struct Ground<'a> {
    row: &'a Row,
    site: &'a Site,
    layers: Layers,
    entries: usize,
    at: PathBuf,
    /// Whether the plain tree is there, as the row wants it.
    plain: bool,
}

impl<'a> Ground<'a> {
    /// Fills the lower layers.
    pub fn new(row: &'a Row, site: &'a Site, layers: usize, entries: usize) -> Result<Self> {
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
            (row.lower)(lower, index, layers.lowers.len(), entries)
                .with_context(|| format!("filling lower layer {index}"))?;
        }
        Ok(Self {
            row,
            site,
            layers,
            entries,
            at,
            plain: false,
        })
    }

    /// Runs the row once; `measure` gets what is to be measured.
    pub fn run<T>(
        &mut self,
        subject: Subject,
        measure: impl FnOnce(&dyn Fn() -> Result<Took>) -> Result<T>,
    ) -> Result<T> {
        site::fresh(&self.layers.upper)?;
        site::fresh(&self.layers.work)?;
        if subject == Subject::Native && !self.plain {
            site::fresh(&self.layers.plain)?;
            let count = self.layers.lowers.len();
            // What is above replaces what is below.
            for index in (0..count).rev() {
                (self.row.lower)(&self.layers.plain, index, count, self.entries)
                    .context("filling the plain directory")?;
            }
        }
        if subject == Subject::Native {
            self.plain = !self.row.changes;
        }
        // What came before must not be written while the row runs.
        let top = fs::File::open(self.site.top())?;
        rustix::fs::syncfs(&top)?;
        subject.mount(&self.layers, &self.at)?;
        let stage = Stage {
            subject,
            at: &self.at,
            layers: &self.layers,
            entries: self.entries,
        };
        let result = (self.row.ready)(&stage)
            .context("preparing")
            .and_then(|()| measure(&|| (self.row.time)(&stage)))
            .and_then(|value| (self.row.verify)(&stage).map(|()| value));
        // The row's own story is the better one.
        let unmounted = subject.unmount(&self.at);
        if unmounted.is_err() {
            let _ = rustix::mount::unmount(self.at.as_path(), UnmountFlags::DETACH);
        }
        let value = result?;
        unmounted?;
        Ok(value)
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
        if self.row.large {
            self.site.trim();
        }
    }
}
