// SPDX-License-Identifier: GPL-2.0-only
//! The instrument: one workload, many power cuts.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::disk::How;
use super::fsck;
use super::generate::{self, OPERATIONS};
use super::history::History;
use super::hurry::with_fast_unmounts;
use super::kmsg::Kmsg;
use super::points::{self, Point};
use super::ram::{self, Ram};
use super::record::record;
use super::replay::Replay;
use super::site::{Looked, Site};
use crate::bench::Bench;
use crate::execute::Lab;
use crate::image::{self, Image};
use crate::instrument::{Instrument, Series};
use crate::outcome::Outcome;
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
    needs_union: true,
    modules: &["dm_log_writes", ram::MODULE],
    programs: fsck::PROGRAMS,
    provokes_errors: false,
    processors: 1,
    limit: Duration::from_secs(1200),
    cases,
    run,
};

/// The file systems of the upper layer.
pub const UPPERS: [Image; 2] = [image::CRASH_EXT4, image::CRASH_XFS];

/// Work continues on one state in so many, and the programs of the upper layer's file system check it.
const GO_ON: usize = 4;
const CHECK: usize = 20;

/// How many wrong states of a workload are reported in full.
const TOLD: usize = 3;

fn cases(series: Series) -> Vec<String> {
    let seeds = series.seeds();
    seeds
        .flat_map(|seed| UPPERS.map(|image| format!("{}-{seed}", image.fstype)))
        .collect()
}

/// The file system and the seed of a name `TYPE-SEED`.
pub fn parse(name: &str) -> Option<(&'static Image, u64)> {
    static ALL: [Image; 2] = UPPERS;
    let (fstype, seed) = name.split_once('-')?;
    let image = ALL.iter().find(|image| image.fstype == fstype)?;
    Some((image, seed.parse().ok()?))
}

/// Whether the lower layers of a workload are on the file system of the upper layer, which may share blocks then.
pub fn same(seed: u64) -> bool {
    seed % 2 == 1
}

/// Whether the upper layer's file system commits each of its own operations on names at once. Then a power cut between
/// any two of those that one operation of the union needs is among the states.
fn step_by_step(seed: u64) -> bool {
    (seed / 2).is_multiple_of(2)
}

fn run(lab: &Lab, name: &str, series: Series) -> Outcome {
    let Some((image, seed)) = parse(name) else {
        return Outcome::Fail(vec![format!("no case has the name crash/{name}")]);
    };
    with_fast_unmounts(|| {
        lab.at_bench(|bench| {
            crash(bench, image, seed, series.size).map_err(|lines| lines.join("\n"))
        })
    })
}

/// Runs the workload of a seed, then checks so many states of its disk.
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
    let disk = Ram::open().map_err(one)?;
    let points = replay.states(history.len(), states, seed).map_err(one)?;
    if points.is_empty() {
        return Err(one("the log holds no state to look at".into()));
    }
    let mut tally = Tally {
        workload: start.elapsed(),
        ..Tally::default()
    };
    let start = Instant::now();
    site.stages.end("workload");
    let mut wrong = Vec::new();
    for (number, point) in points.iter().enumerate() {
        tally.in_part += usize::from(!point.pieces.is_empty());
        let looked = state(
            &site,
            &mut replay,
            &disk,
            image,
            &history,
            point,
            number % GO_ON == 0,
        );
        let mut lines = match looked {
            Ok(looked) => {
                let mut wrong = tally.take(looked);
                if number % CHECK == CHECK / 2 {
                    wrong.extend(fsck::check(image.fstype, disk.path()));
                    site.stages.end("fsck");
                }
                wrong
            }
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
            for cut in &point.cuts {
                wrong.extend(around(&history, cut.done, cut.begun));
            }
            wrong.extend(lines.into_iter().map(|line| format!("  {line}")));
        }
    }
    tally.states = start.elapsed();
    let note = tally.note(&history, points.len(), seed);
    if tally.wrong > 0 {
        let count = format!(
            "{} of {} states are wrong; {note}",
            tally.wrong,
            points.len()
        );
        wrong.insert(0, count);
        return Err(wrong);
    }
    let stages = format!("of each state: {}", site.stages.mean(points.len()));
    Ok(vec![note, stages])
}

fn show(point: &Point) -> String {
    let mut text = point.to_string();
    for cut in &point.cuts {
        text += &format!(
            "; operations up to {} had ended, {} had begun",
            cut.done, cut.begun
        );
    }
    text
}

/// The operations around a power cut, in lines for a reader.
pub fn around(history: &History, done: usize, begun: usize) -> Vec<String> {
    let numbers = done.saturating_sub(3).max(1)..=begun;
    numbers
        .map(|number| format!("  operation {number}: {}", history.op(number)))
        .collect()
}

/// Makes the layers on a new disk, and logs the writes of a workload to it.
fn workload(
    bench: &Bench,
    site: &Site,
    image: &Image,
    history: &History,
    seed: u64,
) -> Result<Replay, String> {
    let flags = if step_by_step(seed) {
        libc::MS_DIRSYNC
    } else {
        0
    };
    let how = How {
        flags,
        ..How::default()
    };
    record(
        bench,
        image,
        &site.upper_fs,
        how,
        || site.make(),
        |logged| {
            site.work(history, seed, &mut |number| {
                logged.mark(&points::mark(number))
            })
        },
    )
}

/// Checks one state of the disk.
fn state(
    site: &Site,
    replay: &mut Replay,
    disk: &Ram,
    image: &Image,
    history: &History,
    point: &Point,
    thorough: bool,
) -> Result<Looked, String> {
    replay.fill(point, disk)?;
    site.stages.end("fill the disk");
    disk.mount(image.fstype, &site.upper_fs)?;
    site.stages.end("mount");
    let looked = site.look(history, &point.cuts, thorough);
    // Reading the list of all mounts takes time, and is needed only after a failure.
    let result = match looked {
        Ok(mut looked) => {
            if let Err(error) = sys::umount(&site.upper_fs, 0) {
                let line = format!("umount of the {}: {error}", image.fstype);
                looked.wrong.push(line);
                looked.wrong.extend(site.release());
            }
            Ok(looked)
        }
        Err(error) => {
            let lines = [vec![error], site.release()].concat();
            Err(lines.join("\n"))
        }
    };
    site.stages.end("umount");
    result
}

/// The kinds of states of a case.
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
    /// Counts a state; returns its faults.
    fn take(&mut self, looked: Looked) -> Vec<String> {
        self.garbage += usize::from(looked.garbage);
        self.after.extend(looked.after);
        looked.wrong
    }

    fn note(&self, history: &History, states: usize, seed: u64) -> String {
        let below = if same(seed) {
            "on the upper layer's file system"
        } else {
            "on tmpfs"
        };
        let steps = if step_by_step(seed) {
            ", step by step"
        } else {
            ""
        };
        format!(
            "{states} states of {} operations{steps}, lower layers {below}: {} with unflushed writes in part, {} with garbage \
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
