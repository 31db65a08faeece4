// SPDX-License-Identifier: GPL-2.0-only
//! Running one scenario in one shape and judging it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bench::Bench;
use crate::diff::{self, Diff};
use crate::instrument::{Instrument, Series};
use crate::layers::Layers;
use crate::make;
use crate::mount;
use crate::outcome::Outcome;
use crate::process::{self, End};
use crate::run::Run;
use crate::scenario::{Check, Notes, Scenario, Steps};
use crate::shape::{Fs, Shape, Turn, Twist};
use crate::site::{self, Site};
use crate::sys;
use crate::tree::{self, Builder, Kind, Spread};
use crate::walk::{self, Tree};

/// Where the scratch disk or the image of each file system is mounted.
pub type Disks = HashMap<Fs, PathBuf>;

/// The place of a failure of the steps that is not in the union.
const ON_PLAIN: &str = "the plain file system";

/// The end of a transcript whose steps are complete, with the number of upper layers that became lower layers.
const LAST: &str = "-- end of steps, upper layers turned down: ";

/// The result of the oracle: the answers, and the tree.
#[derive(Clone)]
struct Oracle {
    transcript: Vec<String>,
    tree: Tree,
}

/// The place where scenarios run.
pub struct Lab {
    /// Type under test: `union`, or `overlay` to try the scenarios themselves.
    pub fstype: String,
    /// An empty directory that everything is mounted below.
    pub base: PathBuf,
    /// Its disks.
    pub disks: Disks,
    /// How long the steps of one run may take.
    pub limit: Duration,
    oracles: HashMap<Question, Oracle>,
}

/// Everything that the answer of an oracle depends on.
#[derive(PartialEq, Eq, Hash)]
struct Question {
    scenario: &'static str,
    upper: Fs,
    whole_seconds: bool,
    read_only: bool,
    chroot: bool,
    mapped: bool,
}

impl Lab {
    /// A place below `base`, which must be an empty directory.
    pub fn new(fstype: &str, base: &Path, disks: Disks) -> Self {
        Self {
            fstype: fstype.to_owned(),
            base: base.to_owned(),
            disks,
            limit: Duration::from_secs(120),
            oracles: HashMap::new(),
        }
    }

    /// Runs a scenario in a shape.
    pub fn scenario(&mut self, scenario: &Scenario, shape: &Shape) -> Outcome {
        let (tree, steps) = described(scenario, shape);
        if let Some(why) = skip(&steps, shape, &tree) {
            return Outcome::Skip(why);
        }
        let result = self.compare(scenario, &steps, shape, &tree);
        let left = self.clean(scenario);
        if shape.twist == Twist::ReadOnly && matches!(&result, Err(why) if why.contains(ON_PLAIN)) {
            return Outcome::Skip("its steps need a tree that they can change".into());
        }
        match result {
            Ok(mut diff) => {
                diff.wrong.extend(left);
                shorten(&mut diff.wrong);
                if diff.wrong.is_empty() {
                    let notes = diff.allowed.iter().map(|why| format!("may differ: {why}"));
                    Outcome::Pass(notes.collect())
                } else {
                    Outcome::Fail(diff.wrong)
                }
            }
            Err(error) => Outcome::Fail(std::iter::once(error).chain(left).collect()),
        }
    }

    /// Runs a check.
    pub fn check(&self, check: &Check) -> Outcome {
        self.at_bench(|bench| (check.run)(bench).map(|()| Vec::new()))
    }

    /// Runs anything else that needs a workbench, in a process of its own.
    pub fn at_bench(&self, run: impl FnOnce(&mut Bench) -> Notes) -> Outcome {
        let result = process::run(self.limit, |out| {
            let mut bench = Bench::new(&self.fstype, &self.base, &self.disks);
            let notes = run(&mut bench);
            let _ = bench.outcome(notes).send(out);
        });
        let left = mount::unmount_below(&self.base);
        let failed = |why| Outcome::Fail(vec![why]);
        let outcome = match result {
            Ok((said, End::Done)) => Outcome::receive(&said)
                .unwrap_or_else(|| failed("the check did not say how it ended".into())),
            Ok((_, end)) => failed(format!("the check ended with {end:?}")),
            Err(error) => failed(format!("the check could not be started: {error}")),
        };
        outcome.and_left(left)
    }

    /// Runs a case of an instrument.
    pub fn instrument(&self, instrument: &Instrument, name: &str, series: Series) -> Outcome {
        let outcome = (instrument.run)(self, name, series);
        let left = mount::unmount_below(&self.base);
        outcome.and_left(left)
    }

    fn compare(
        &mut self,
        scenario: &Scenario,
        steps: &Steps,
        shape: &Shape,
        tree: &Builder,
    ) -> Result<Diff, String> {
        let spread = tree::spread(tree, shape.lowers);
        let mut site = Site::prepare(&self.disks, &self.base, scenario.name, shape, &spread)?;
        let oracle = self.oracle(scenario.name, steps, shape, &spread, &site)?;
        site.fill(&spread, &self.fstype)?;
        let before = site
            .lower_trees()
            .iter()
            .map(|tree| walk::walk(tree))
            .collect::<Result<Vec<_>, _>>()?;

        site.mount(&self.fstype)?;
        let transcript = self.steps_in(steps, shape, &mut site)?;
        let mut diff = diff::transcripts(&oracle.transcript, &transcript, &steps.allow);
        let mut seen_before = HashMap::new();
        let mut see = |when: &str| -> Result<(), String> {
            let seen = walk::walk(&site.target).map_err(|error| format!("{when}: {error}"))?;
            let found = diff::trees(&oracle.tree, &seen, when, &steps.allow, &mut seen_before);
            diff.wrong.extend(found.wrong);
            diff.allowed.extend(found.allowed);
            site.umount()
                .map_err(|error| format!("umount, {when}: {error}"))
        };
        see("after the steps")?;
        site.mount(&self.fstype)?;
        see("mounted again")?;
        // Before overlayfs can tidy up.
        let wrong = self.judge_layers(steps, shape, &site, &spread, &before)?;
        let lists_whiteouts = shape.twist == Twist::ReadOnly && holds_whiteouts(&spread);
        if lists_whiteouts {
            diff.allowed.push(
                "overlayfs without an upper layer lists the whiteouts of a directory that one layer alone has",
            );
        } else if steps.not_overlay.is_none() && self.fstype != "overlay" {
            site.for_overlay(&self.fstype)?;
            match site.mount("overlay") {
                Ok(()) => see("as overlayfs")?,
                // Before 7.3.
                Err(why) if why.starts_with(site::UNMAPPED) => diff
                    .allowed
                    .push("this kernel's overlayfs cannot be mounted id-mapped"),
                Err(why) => return Err(format!("overlayfs must accept these layers: {why}")),
            }
        }
        diff.wrong.extend(wrong);
        diff.allowed.extend(steps.not_overlay);
        diff.allowed.sort_unstable();
        diff.allowed.dedup();
        Ok(diff)
    }

    /// Checks the layers of the unmounted union: lower ones are unchanged, nothing is left over, and the assertions of
    /// the scenario hold.
    fn judge_layers(
        &self,
        steps: &Steps,
        shape: &Shape,
        site: &Site,
        spread: &Spread,
        before: &[Tree],
    ) -> Result<Vec<String>, String> {
        let mut wrong = Vec::new();
        for (number, (layer, before)) in site.lower_trees().iter().zip(before).enumerate() {
            let after = walk::walk(layer)?;
            if after != *before {
                let when = format!("lower layer {number}");
                let found = diff::trees(before, &after, &when, &[], &mut HashMap::new());
                wrong.push("a lower layer was changed (plain: before, union: after)".into());
                wrong.extend(found.wrong);
            }
        }
        if shape.twist == Twist::ReadOnly {
            return Ok(wrong);
        }
        let given = spread.upper.iter().map(|entry| entry.path.clone());
        let layers = Layers {
            given: given.collect(),
            ..site.layers(&self.fstype)
        };
        wrong.extend(layers.work_empty().err());
        // After a turn nothing is where the assertions of the scenario expect it.
        if shape.twist != Twist::Between(Turn::Rotate) {
            let verdicts = steps.layers.iter().map(|verdict| verdict(&layers));
            wrong.extend(verdicts.filter_map(Result::err));
        }
        Ok(wrong)
    }

    fn oracle(
        &mut self,
        scenario: &'static str,
        steps: &Steps,
        shape: &Shape,
        spread: &Spread,
        site: &Site,
    ) -> Result<Oracle, String> {
        let question = Question {
            scenario,
            upper: shape.upper,
            whole_seconds: shape.whole_seconds(),
            read_only: shape.twist == Twist::ReadOnly,
            chroot: shape.twist == Twist::Chroot,
            mapped: shape.twist == Twist::Mapped,
        };
        if let Some(oracle) = self.oracles.get(&question) {
            return Ok(oracle.clone());
        }
        // The cases of a scenario follow one another, and every fork(2) pays for memory that is kept.
        self.oracles
            .retain(|question, _| question.scenario == scenario);
        let plain = if question.read_only {
            site::tmpfs(&self.base, "plain")?
        } else {
            let plain = site.upper_fs.join("plain");
            make_dir(&plain)?;
            plain
        };
        if question.mapped {
            site::map(&plain, &plain)?;
        }
        make::make(&plain, &tree::merge(spread))?;
        if question.read_only {
            sys::mount("", &plain, "", libc::MS_REMOUNT | libc::MS_RDONLY, b"")
                .map_err(|error| format!("making the plain tree read-only: {error}"))?;
        }
        if question.chroot {
            // The root of the union is a mount, and some steps make it private.
            sys::mount(&plain.to_string_lossy(), &plain, "", libc::MS_BIND, b"")
                .map_err(|error| format!("binding the plain tree: {error}"))?;
        }
        let root = Root::new(&plain, question.chroot);
        let oracle = Oracle {
            transcript: run_steps(steps, &root, self.limit, None)?.0,
            tree: walk::walk(&plain)?,
        };
        if question.mapped {
            // It may be on a disk, where it would stay.
            sys::umount(&plain, 0).map_err(|error| format!("umount of the plain tree: {error}"))?;
        }
        self.oracles.insert(question, oracle.clone());
        Ok(oracle)
    }

    /// The steps on the mounted union.
    fn steps_in(
        &self,
        steps: &Steps,
        shape: &Shape,
        site: &mut Site,
    ) -> Result<Vec<String>, String> {
        let root = Root::new(&site.target, shape.twist == Twist::Chroot);
        let turn = match shape.twist {
            Twist::Between(turn) => Some((turn, site.clone(), self.fstype.as_str())),
            _ => None,
        };
        let (transcript, turns) = run_steps(steps, &root, self.limit, turn)?;
        site.turned(turns);
        Ok(transcript)
    }

    fn clean(&self, scenario: &Scenario) -> Vec<String> {
        let left = mount::unmount_below(&self.base);
        for (fs, disk) in &self.disks {
            if !fs.is_image() {
                let _ = std::fs::remove_dir_all(disk.join(scenario.name));
            }
        }
        left
    }
}

/// The tree of a scenario as the layers of a shape can hold it, and its steps.
pub fn described(scenario: &Scenario, shape: &Shape) -> (Builder, Steps) {
    let mut tree = Builder::default();
    let steps = (scenario.describe)(&mut tree);
    if shape.whole_seconds() {
        tree = tree.in_whole_seconds();
    }
    (tree, steps)
}

fn holds_whiteouts(spread: &Spread) -> bool {
    let layers = spread.lowers.iter().chain([&spread.upper]);
    let mut entries = layers.flatten();
    entries.any(|entry| entry.kind == Kind::Whiteout)
}

/// Why a scenario cannot run in a shape, if it cannot.
pub fn skip(steps: &Steps, shape: &Shape, tree: &Builder) -> Option<String> {
    let named = steps.not_on.iter().find(|(name, _)| shape.is(name));
    let refused = || tree.entries().iter().find_map(|entry| shape.refuses(entry));
    named
        .map(|(_, why)| *why)
        .or_else(refused)
        .map(str::to_owned)
}

/// Where the steps run.
struct Root<'a> {
    path: &'a Path,
    chroot: bool,
}

impl<'a> Root<'a> {
    fn new(path: &'a Path, chroot: bool) -> Self {
        Self { path, chroot }
    }

    fn enter(&self) {
        sys::chdir(self.path).expect("the tree is there");
        if self.chroot {
            std::os::unix::fs::chroot(".").expect("root may");
        }
    }
}

/// Runs the steps in a process of its own with `root` as its current directory.
pub fn steps(steps: &Steps, root: &Path, limit: Duration) -> Result<Vec<String>, String> {
    run_steps(steps, &Root::new(root, false), limit, None).map(|(lines, _)| lines)
}

/// The same, with an action between the steps; returns also the number of upper layers that became lower layers.
fn run_steps(
    steps: &Steps,
    root: &Root,
    limit: Duration,
    turn: Option<(Turn, Site, &str)>,
) -> Result<(Vec<String>, usize), String> {
    let (said, end) = process::run(limit, |out| {
        root.enter();
        let turns = match turn {
            None => {
                (steps.run)(&mut Run::new(out));
                0
            }
            Some((turn, mut site, fstype)) => {
                let mut between = || site.turn(turn, fstype);
                let mut run = Run::new(out);
                run.between(&mut between, turn == Turn::Rotate);
                (steps.run)(&mut run);
                site.turns()
            }
        };
        Run::new(out).note(format_args!("{LAST}{turns}"));
    })
    .map_err(|error| format!("the steps could not be started: {error}"))?;
    let mut lines: Vec<String> = String::from_utf8_lossy(&said)
        .lines()
        .map(str::to_owned)
        .collect();
    let last = lines.pop().unwrap_or_else(|| "no call".into());
    if let (End::Done, Some(turns)) = (&end, last.strip_prefix(LAST)) {
        let turns = turns.parse().map_err(|_| format!("not a number: {last}"))?;
        return Ok((lines, turns));
    }
    Err(format!(
        "the steps ended early ({end:?}) on {}; the last call that answered: {last}",
        if root.path.ends_with("plain") {
            ON_PLAIN
        } else {
            "the union"
        }
    ))
}

/// The first differences show the fault; hundreds more would hide it.
fn shorten(lines: &mut Vec<String>) {
    const ENOUGH: usize = 45;
    if lines.len() > ENOUGH {
        let more = lines.len() - ENOUGH;
        lines.truncate(ENOUGH);
        lines.push(format!("... and {more} lines more"));
    }
}

/// Makes a directory that may exist already.
pub(crate) fn make_dir(path: &Path) -> Result<(), String> {
    match sys::mkdir(path, 0o755) {
        Ok(()) => Ok(()),
        Err(error) if error.0 == libc::EEXIST => Ok(()),
        Err(error) => Err(format!("mkdir {}: {error}", path.display())),
    }
}
