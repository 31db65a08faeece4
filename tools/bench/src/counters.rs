// SPDX-License-Identifier: GPL-2.0-only
//! Exact counts, without noise: the work of the kernel for an operation. Histograms of tracefs count events, by device;
//! the statistics of the disk count requests, those of the slab caches memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::mount::MountFlags;
use union_support::mountstats;
use union_support::slab::{self, Slab};

use crate::report::Counters;
use crate::site::Site;

const TRACEFS: &str = "/sys/kernel/tracing";

/// The name under which an event is reported, the event, and whether it is counted for the lower layers. Handles are
/// journal transactions of one operation; commits go to the disk. A lookup is one by a stacked file system in a layer,
/// whether the name is cached there or not; for a miss, the layer has to look it up itself.
const EVENTS: &[(&str, &str, bool)] = &[
    ("journal_handles", "jbd2/jbd2_handle_start", false),
    ("journal_commits", "jbd2/jbd2_start_commit", false),
    ("upper_lookups", "bench/lookup", false),
    ("lower_lookups", "bench/lookup", true),
    ("lower_misses", "bench/miss", true),
];

/// Probes of functions that every stacked file system calls; the device is that of the directory.
const PROBES: &[&str] = &[
    "f:bench/lookup lookup_noperm_common dev=base->d_sb->s_dev",
    "f:bench/miss d_alloc_parallel dev=parent->d_sb->s_dev",
];

/// Counts for one site.
pub struct Counting {
    disk: String,
    upper_fs: PathBuf,
    upper_device: u64,
    below_device: u64,
}

/// The counts at one moment.
struct Reading {
    events: BTreeMap<&'static str, u64>,
    disk: Disk,
    free: u64,
}

/// Bytes that the fallthru sets of a union take in memory and in its upper layer, per name. Sets are recorded a second
/// after they are read.
pub fn sets(target: &Path, names: usize) -> Result<[(String, f64); 2]> {
    for _ in 0..50 {
        let all = mountstats::read().context(mountstats::LIST)?;
        let found = all.into_iter().rfind(|(place, _)| place == target);
        let (_, figures) = found.with_context(|| format!("no figures of {}", target.display()))?;
        let figure = |line, name| {
            let mut named = figures
                .iter()
                .filter(|(of, is, _)| (*of, *is) == (line, name));
            named.next().map_or(0, |(.., value)| *value)
        };
        if figure("records", "recorded") > 0 {
            return Ok([
                ("set_bytes", figure("fallthrus", "bytes")),
                ("record_bytes", figure("records", "bytes")),
            ]
            .map(|(name, bytes)| (name.to_owned(), bytes as f64 / names as f64)));
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("no fallthru set was recorded within five seconds")
}

/// The statistics of a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Disk {
    writes: u64,
    sectors: u64,
    flushes: u64,
}

impl Counting {
    /// Sets the probes.
    pub fn new(site: &Site) -> Result<Self> {
        let base = Path::new(TRACEFS);
        if !base.join("dynamic_events").exists() {
            rustix::mount::mount("tracefs", base, "tracefs", MountFlags::empty(), c"")
                .context("mounting tracefs")?;
        }
        for probe in PROBES {
            append(&base.join("dynamic_events"), probe)?;
        }
        for event in [
            "jbd2/jbd2_handle_start",
            "jbd2/jbd2_start_commit",
            "bench/lookup",
            "bench/miss",
        ] {
            append(
                &base.join("events").join(event).join("trigger"),
                "hist:keys=dev",
            )?;
        }
        Ok(Self {
            disk: site.disk.clone().context("a site that counts")?,
            upper_fs: site.upper_fs().to_owned(),
            upper_device: site.upper_device()?,
            below_device: site.below_device()?,
        })
    }

    /// Counts the work of the kernel during `run`, for each of the operations that it returns.
    pub fn count(&self, run: impl FnOnce() -> Result<f64>) -> Result<Counters> {
        self.sync()?;
        let before = self.read()?;
        let operations = run()?;
        let after = self.read()?;
        self.sync()?;
        let settled = self.read()?;
        let mut counters = Counters::new();
        let mut put = |name: &str, count: f64| {
            counters.insert(name.to_owned(), count / operations);
        };
        for (name, count) in &after.events {
            put(name, (count - before.events[name]) as f64);
        }
        // The operation itself requests flushes; blocks are written sooner or later.
        put("flushes", (after.disk.flushes - before.disk.flushes) as f64);
        put(
            "block_writes",
            (settled.disk.writes - before.disk.writes) as f64,
        );
        put(
            "block_bytes",
            (512 * (settled.disk.sectors - before.disk.sectors)) as f64,
        );
        put("upper_bytes", before.free as f64 - settled.free as f64);
        Ok(counters)
    }

    fn sync(&self) -> Result<()> {
        let root = fs::File::open(&self.upper_fs)?;
        rustix::fs::syncfs(&root).context("syncfs of the upper layer")
    }

    fn read(&self) -> Result<Reading> {
        let mut events = BTreeMap::new();
        for (name, event, below) in EVENTS {
            let path = Path::new(TRACEFS).join("events").join(event).join("hist");
            let text =
                fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let device = match below {
                true => self.below_device,
                false => self.upper_device,
            };
            events.insert(*name, hits(&text, device));
        }
        let path = format!("/sys/block/{}/stat", self.disk);
        let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let space = rustix::fs::statvfs(&self.upper_fs).context("statfs of the upper layer")?;
        Ok(Reading {
            events,
            disk: disk(&text).with_context(|| format!("{path} says {text:?}"))?,
            free: space.f_bfree * space.f_frsize,
        })
    }
}

/// How often a histogram has seen a device.
fn hits(histogram: &str, device: u64) -> u64 {
    histogram
        .lines()
        .filter_map(|line| {
            let (key, count) = line.strip_prefix("{ dev:")?.split_once("} hitcount:")?;
            let same = key.trim().parse() == Ok(device);
            same.then(|| count.trim().parse::<u64>().ok())?
        })
        .sum()
}

fn disk(stat: &str) -> Option<Disk> {
    let fields: Vec<u64> = stat
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    Some(Disk {
        writes: *fields.get(4)?,
        sectors: *fields.get(6)?,
        flushes: *fields.get(15)?,
    })
}

fn append(path: &Path, line: &str) -> Result<()> {
    use std::io::Write;
    fs::File::options()
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
        .with_context(|| format!("writing {line:?} to {}", path.display()))
}

/// Bytes of the objects in use in all slab caches, after free objects of the per-CPU stores were given back.
pub fn slab_bytes() -> Result<u64> {
    let caches = || slab::caches().context("reading /proc/slabinfo");
    caches()?.iter().for_each(Slab::shrink);
    let bytes = caches()?.iter().map(|slab| slab.active * slab.size).sum();
    if bytes == 0 {
        bail!("/proc/slabinfo has no numbers");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_are_read_by_device() {
        let text = "# event histogram\n\n{ dev:         30 } hitcount:          6\n\
             { dev:  266338304 } hitcount:         58\n\nTotals:\n    Hits: 64\n";
        assert_eq!(hits(text, 266338304), 58);
        assert_eq!(hits(text, 30), 6);
        assert_eq!(hits(text, 3), 0);
    }

    #[test]
    fn a_disk_tells_writes_and_flushes() {
        let text = "50 0 1360 0 7 1 56 0 0 0 0 0 0 0 0 3 0\n";
        let expected = Disk {
            writes: 7,
            sectors: 56,
            flushes: 3,
        };
        assert_eq!(disk(text), Some(expected));
        assert_eq!(disk("1 2 3"), None);
    }
}
