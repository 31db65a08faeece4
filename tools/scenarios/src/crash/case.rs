// SPDX-License-Identifier: GPL-2.0-only
//! The instrument: one workload, many power cuts.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::disk::{Disk, Looped, Replay};
use super::generate::{self, OPERATIONS};
use super::history::History;
use super::kmsg::Kmsg;
use super::points::{self, Point};
use super::site::{Looked, Site};
use crate::bench::Bench;
use crate::execute::Lab;
use crate::image::{self, Image};
use crate::instrument::{Instrument, Series};
use crate::outcome::Outcome;
use crate::process::{self, End};
use crate::sys;

/// Power cuts.
pub static CRASH: Instrument = Instrument {
    name: "crash",
    about: "power cuts: workloads on ext4 and xfs, judged on every disk a cut may leave; --size is states of each",
    usual: Series {
        seed: 0,
        count: 5,
        size: 100,
    },
    modules: &["dm_log_writes"],
    provokes_errors: false,
    limit: Duration::from_secs(1200),
    cases,
    run,
};

/// The file systems of the top layer.
pub const TOPS: [Image; 2] = [image::CRASH_EXT4, image::XFS];

/// How many wrong states of a workload are told in full.
const TOLD: usize = 3;

fn cases(series: Series) -> Vec<String> {
    let seeds = series.seeds();
    seeds
        .flat_map(|seed| TOPS.map(|top| format!("{}-{seed}", top.fstype)))
        .collect()
}

/// The file system and the seed of a name `TYPE-SEED`.
pub fn parse(name: &str) -> Option<(&'static Image, u64)> {
    static ALL: [Image; 2] = TOPS;
    let (fstype, seed) = name.split_once('-')?;
    let image = ALL.iter().find(|image| image.fstype == fstype)?;
    Some((image, seed.parse().ok()?))
}

/// Whether the lower layers of a workload are on the file system of the top, which may share blocks then.
pub fn same(seed: u64) -> bool {
    seed % 2 == 1
}

fn run(lab: &Lab, name: &str, series: Series) -> Outcome {
    let Some((image, seed)) = parse(name) else {
        return Outcome::Fail(vec![format!("no case has the name crash/{name}")]);
    };
    let said = process::run(lab.limit, |out| {
        let bench = Bench::new(&lab.fstype, &lab.base, &lab.disks);
        let (word, lines) = match crash(&bench, image, seed, series.size) {
            Ok(notes) => ("ok", notes),
            Err(lines) => ("failed", lines),
        };
        let _ = writeln!(out, "{word}\n{}", lines.join("\n"));
    });
    let text = match said {
        Ok((said, End::Done)) => String::from_utf8_lossy(&said).into_owned(),
        Ok((_, end)) => return Outcome::Fail(vec![format!("the case ended with {end:?}")]),
        Err(error) => return Outcome::Fail(vec![format!("it could not be started: {error}")]),
    };
    let mut lines = text.lines().map(str::to_owned);
    match lines.next().as_deref() {
        Some("ok") => Outcome::Pass(lines.collect()),
        _ => Outcome::Fail(lines.collect()),
    }
}

/// Runs the workload of a seed, then looks at so many states of its disk.
fn crash(
    bench: &Bench,
    image: &Image,
    seed: u64,
    states: usize,
) -> Result<Vec<String>, Vec<String>> {
    let one = |error: String| vec![error];
    let history = generate::workload(seed, OPERATIONS);
    let mut kmsg = Kmsg::open().map_err(one)?;
    let site = Site::new(bench, same(seed)).map_err(one)?;
    let start = Instant::now();
    let mut replay = workload(bench, &site, image, &history, seed).map_err(one)?;
    let points = points::choose(replay.entries(), history.len(), states, seed);
    if points.is_empty() {
        return Err(one("the log holds no state to look at".into()));
    }
    let mut tally = Tally {
        workload: start.elapsed(),
        ..Tally::default()
    };
    let start = Instant::now();
    let mut wrong = Vec::new();
    for (number, point) in points.iter().enumerate() {
        tally.in_part += usize::from(!point.pieces.is_empty());
        let looked = state(&site, &mut replay, image, &history, point, number % 4 == 0);
        let mut lines = match looked {
            Ok(looked) => tally.take(looked),
            Err(error) => error.lines().map(str::to_owned).collect(),
        };
        lines.extend(kmsg.news());
        if lines.is_empty() {
            continue;
        }
        tally.wrong += 1;
        if tally.wrong <= TOLD {
            wrong.push(format!(
                "state {number} of {}: {}",
                points.len(),
                show(point)
            ));
            wrong.extend(around(&history, point.done, point.begun));
            wrong.extend(lines.into_iter().map(|line| format!("  {line}")));
        }
    }
    tally.states = start.elapsed();
    let note = tally.note(&history, points.len(), same(seed));
    if tally.wrong > 0 {
        let count = format!(
            "{} of {} states are wrong; {note}",
            tally.wrong,
            points.len()
        );
        wrong.insert(0, count);
        return Err(wrong);
    }
    Ok(vec![note])
}

fn show(point: &Point) -> String {
    format!(
        "{} entries of the log and {} parts of later ones; operations up to {} had ended, {} had begun",
        point.applied,
        point.pieces.len(),
        point.done,
        point.begun
    )
}

/// The operations around a power cut, in lines for a reader.
pub fn around(history: &History, done: usize, begun: usize) -> Vec<String> {
    let numbers = done.saturating_sub(3).max(1)..=begun;
    numbers
        .map(|number| format!("  operation {number}: {}", history.op(number)))
        .collect()
}

/// Makes the layers on a new disk, and logs what a workload writes to it.
fn workload(
    bench: &Bench,
    site: &Site,
    image: &Image,
    history: &History,
    seed: u64,
) -> Result<Replay, String> {
    let disk = Disk::new(bench, image)?;
    let device = disk.plain()?;
    device.mount(image.fstype, &site.top)?;
    site.make()?;
    bench.umount(&site.top)?;
    drop(device);
    let before = disk.bytes()?;
    let logged = disk.logged()?;
    logged.mount(&site.top)?;
    site.work(history, seed, &mut |number| {
        logged.mark(&points::mark(number))
    })?;
    bench.umount(&site.top)?;
    let (log, entries) = logged.end()?;
    Ok(Replay::new(before, log, entries))
}

/// Looks at one state of the disk.
fn state(
    site: &Site,
    replay: &mut Replay,
    image: &Image,
    history: &History,
    point: &Point,
    thorough: bool,
) -> Result<Looked, String> {
    let file = replay.state(point)?;
    let device = Looped::new(file);
    sys::close(file)?;
    let device = device?;
    device.mount(image.fstype, &site.top)?;
    let looked = site.look(history, point.cut(), thorough);
    let left = site.release();
    let mut looked = looked?;
    looked.wrong.extend(left);
    Ok(looked)
}

/// What the states of a case were like.
#[derive(Default)]
struct Tally {
    wrong: usize,
    garbage: usize,
    in_part: usize,
    after: BTreeSet<usize>,
    workload: Duration,
    states: Duration,
}

impl Tally {
    /// Counts a state; gives what is wrong with it.
    fn take(&mut self, looked: Looked) -> Vec<String> {
        self.garbage += usize::from(looked.garbage);
        self.after.extend(looked.after);
        looked.wrong
    }

    fn note(&self, history: &History, states: usize, same: bool) -> String {
        let below = if same {
            "on the top's file system"
        } else {
            "on tmpfs"
        };
        format!(
            "{states} states of {} operations, lower layers {below}: {} with unflushed writes in part, {} with garbage \
             in the work directory; trees after {} different operations; {:.1?}, then {:.1?}",
            history.len(),
            self.in_part,
            self.garbage,
            self.after.len(),
            self.workload,
            self.states
        )
    }
}
