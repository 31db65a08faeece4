// SPDX-License-Identifier: GPL-2.0-only
//! The instrument: one workload, many power cuts.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::disk::How;
use super::fsck;
use super::generate::Theme;
use super::history::History;
use super::hurry::with_fast_unmounts;
use super::judge::{Habits, Order};
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
    about: "power cuts: workloads on ext4, xfs and btrfs, judged on every disk a cut may leave; --size is states of each",
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

/// The same for files that come to the upper layer in parts.
const LARGE: [Image; 3] = [
    image::CRASH_LARGE_EXT4,
    image::CRASH_LARGE_XFS,
    image::ORDERING_BTRFS,
];

/// What the names of cases begin with that have these, by what they are about.
const ON_LARGE: [(&str, Theme); 3] = [
    ("partial-", Theme::Partial),
    ("image-", Theme::Image),
    ("database-", Theme::Database),
];

fn cases(series: Series) -> Vec<String> {
    let names = |seed| {
        let tree = UPPERS.map(|image| format!("{}-{seed}", image.fstype));
        let large = ON_LARGE
            .iter()
            .flat_map(move |(name, _)| LARGE.map(|image| format!("{name}{}-{seed}", image.fstype)));
        tree.into_iter().chain(large)
    };
    series.seeds().flat_map(names).collect()
}

/// The file system and the seed of a name `TYPE-SEED`.
pub fn parse(name: &str) -> Option<(&'static Image, u64)> {
    static ALL: [Image; 2] = UPPERS;
    find(&ALL, name)
}

fn find(all: &'static [Image], name: &str) -> Option<(&'static Image, u64)> {
    let (fstype, seed) = name.split_once('-')?;
    let image = all.iter().find(|image| image.fstype == fstype)?;
    Some((image, seed.parse().ok()?))
}

/// A case: a workload on a file system.
#[derive(Clone, Copy)]
struct Case {
    theme: Theme,
    image: &'static Image,
    seed: u64,
}

impl Case {
    fn named(name: &str) -> Option<Self> {
        static ALL: [Image; 3] = LARGE;
        let mut large = ON_LARGE.iter();
        let about = large.find_map(|(prefix, theme)| Some((*theme, name.strip_prefix(prefix)?)));
        let (theme, (image, seed)) = match about {
            Some((theme, name)) => (theme, find(&ALL, name)?),
            None => (Theme::Tree, parse(name)?),
        };
        Some(Self { theme, image, seed })
    }

    /// Whether the lower layers are on the file system of the upper layer. If that can share blocks, partial files
    /// would be copied as a whole.
    fn same(self) -> bool {
        let may_be = match self.theme {
            Theme::Tree => true,
            Theme::Partial => self.image.fstype == "ext4",
            Theme::Image | Theme::Database => false,
        };
        same(self.seed) && may_be
    }

    /// How the upper layer is mounted. With even seeds btrfs commits everything for each fsync, as the others do; with
    /// odd ones it writes a log of the one object that is synced.
    fn how(self) -> How {
        How {
            flags: match step_by_step(self.seed) {
                true => libc::MS_DIRSYNC,
                false => 0,
            },
            options: match (self.image.fstype, self.habits().order) {
                ("btrfs", Order::Kept) => "notreelog",
                _ => "",
            },
        }
    }

    fn habits(self) -> Habits {
        let habits = Habits::of(self.image.fstype);
        match self.image.fstype == "btrfs" && !self.seed.is_multiple_of(2) {
            true => Habits {
                order: Order::OfEach,
                ..habits
            },
            false => habits,
        }
    }
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
    let Some(case) = Case::named(name) else {
        return Outcome::Fail(vec![format!("no case has the name crash/{name}")]);
    };
    with_fast_unmounts(|| {
        lab.at_bench(|bench| {
            crash(bench, case, case.theme.states(series.size)).map_err(|lines| lines.join("\n"))
        })
    })
}

/// Runs the workload of a seed, then checks so many states of its disk.
fn crash(bench: &Bench, case: Case, states: usize) -> Result<Vec<String>, Vec<String>> {
    let one = |error: String| vec![error];
    let Case { theme, image, seed } = case;
    let history = theme.workload(seed);
    let mut kmsg = Kmsg::open().map_err(one)?;
    let site = Site::new(bench, theme, case.habits(), case.same()).map_err(one)?;
    let start = Instant::now();
    let mut replay = workload(bench, &site, case, &history).map_err(one)?;
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
    let note = tally.note(&history, points.len(), case);
    if matches!(theme, Theme::Partial | Theme::Image)
        && bench.is_union()
        && tally.partial < points.len() / 2
    {
        wrong.push("most states have no partial file: the workload tests little".into());
        tally.wrong += 1;
    }
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
fn workload(bench: &Bench, site: &Site, case: Case, history: &History) -> Result<Replay, String> {
    record(
        bench,
        case.image,
        &site.upper_fs,
        case.how(),
        || site.make(),
        |logged| {
            site.work(history, case.seed, &mut |number| {
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
    /// States with partial files.
    partial: usize,
    after: BTreeSet<usize>,
    workload: Duration,
    states: Duration,
}

impl Tally {
    /// Counts a state; returns its faults.
    fn take(&mut self, looked: Looked) -> Vec<String> {
        self.garbage += usize::from(looked.garbage);
        self.partial += usize::from(looked.partial > 0);
        self.after.extend(looked.after);
        looked.wrong
    }

    fn note(&self, history: &History, states: usize, case: Case) -> String {
        let below = match case.same() {
            true => "on the upper layer's file system",
            false => "on tmpfs",
        };
        let How { flags, options } = case.how();
        let steps = match flags {
            0 => "",
            _ => ", step by step",
        };
        let partial = match case.theme {
            Theme::Tree => String::new(),
            _ => format!("{} with partial files, ", self.partial),
        };
        format!(
            "{states} states of {} operations{steps}, lower layers {below} {options}: {} with unflushed writes in part, \
             {partial}{} with garbage in the work directory; trees after {} different operations; {:.1?}, then {:.1?}",
            history.len(),
            self.in_part,
            self.garbage,
            self.after.len(),
            self.workload,
            self.states
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_known_by_its_name() {
        let names = cases(CRASH.usual);
        assert_eq!(names.len(), CRASH.usual.count * 11);
        assert!(names.iter().all(|name| Case::named(name).is_some()));
        assert!(Case::named("btrfs-0").is_none() && Case::named("partial-0").is_none());
    }
}
