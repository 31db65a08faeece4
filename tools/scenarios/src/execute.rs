// SPDX-License-Identifier: GPL-2.0-only
//! Running one scenario in one shape and judging it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bench::Bench;
use crate::diff::{self, Diff};
use crate::layers::Layers;
use crate::make;
use crate::mount::{self, Union};
use crate::outcome::Outcome;
use crate::process::{self, End};
use crate::run::Run;
use crate::scenario::{Check, Scenario};
use crate::shape::{Api, Fs, Shape};
use crate::sys;
use crate::tree::{self, Builder, Kind, Spread};
use crate::walk::{self, Tree};

/// What a transcript ends with when the steps came to their end.
const LAST: &str = "-- end of steps";

/// What the oracle said: the answers, and the tree left behind.
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
    /// Where the scratch disk or the image of a file system is mounted.
    pub disks: HashMap<Fs, PathBuf>,
    /// How long the steps of one run may take.
    pub limit: Duration,
    oracles: HashMap<(&'static str, Fs), Oracle>,
}

/// The directories of one run.
struct Dirs {
    /// Holds the plain tree, the top layer and the work directory.
    top: PathBuf,
    lowers: Vec<PathBuf>,
    target: PathBuf,
}

impl Lab {
    /// A place below `base`, which must be an empty directory.
    pub fn new(fstype: &str, base: &Path, disks: HashMap<Fs, PathBuf>) -> Self {
        Self {
            fstype: fstype.to_owned(),
            base: base.to_owned(),
            disks,
            limit: Duration::from_secs(45),
            oracles: HashMap::new(),
        }
    }

    /// Runs a scenario in a shape.
    pub fn scenario(&mut self, scenario: &Scenario, shape: &Shape) -> Outcome {
        let mut tree = Builder::default();
        (scenario.setup)(&mut tree);
        if let Some(why) = skip(scenario, shape, &tree) {
            return Outcome::Skip(why);
        }
        let result = self.compare(scenario, shape, &tree);
        let left = self.clean(scenario);
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
        let result = process::run(self.limit, |out| {
            let mut bench = Bench::new(&self.fstype, &self.base, &self.disks);
            let answer = match (check.run)(&mut bench) {
                Ok(()) => "ok".to_owned(),
                Err(why) => why,
            };
            let _ = out.write_all(answer.as_bytes());
        });
        let left = mount::unmount_below(&self.base);
        let answer = match result {
            Ok((said, End::Done)) => String::from_utf8_lossy(&said).into_owned(),
            Ok((_, end)) => format!("the check ended with {end:?}"),
            Err(error) => format!("the check could not be started: {error}"),
        };
        if let Some(why) = answer.strip_prefix("skip: ") {
            return Outcome::Skip(why.to_owned());
        }
        let mut wrong = left;
        if answer != "ok" {
            wrong.insert(0, answer);
        }
        if wrong.is_empty() {
            Outcome::Pass(Vec::new())
        } else {
            Outcome::Fail(wrong)
        }
    }

    fn compare(
        &mut self,
        scenario: &Scenario,
        shape: &Shape,
        tree: &Builder,
    ) -> Result<Diff, String> {
        let spread = tree::spread(tree, shape.lowers);
        let dirs = self.prepare(scenario, shape, spread.lowers.len())?;
        let oracle = self.oracle(scenario, shape, &spread, &dirs)?;
        let (upper, work) = (dirs.top.join("upper"), dirs.top.join("work"));
        make_dir(&upper)?;
        make_dir(&work)?;
        make::make(&upper, &spread.upper)?;
        let mut before = Vec::new();
        for (layer, entries) in dirs.lowers.iter().zip(&spread.lowers) {
            if shape.lower != Fs::Erofs {
                make::make(layer, entries)?;
                before.push(walk::walk(layer)?);
            }
        }

        let union = Union::new(&self.fstype)
            .api(shape.api)
            .lowers(&dirs.lowers)
            .upper(&upper, &work);
        union.mount(&dirs.target)?;
        let transcript = steps(scenario, &dirs.target, self.limit)?;
        let mut diff = diff::transcripts(&oracle.transcript, &transcript, scenario.allow);
        let mut seen_before = HashMap::new();
        let mut see = |when: &str| -> Result<(), String> {
            let seen = walk::walk(&dirs.target).map_err(|error| format!("{when}: {error}"))?;
            let found = diff::trees(&oracle.tree, &seen, when, scenario.allow, &mut seen_before);
            diff.wrong.extend(found.wrong);
            diff.allowed.extend(found.allowed);
            sys::umount(&dirs.target, 0).map_err(|error| format!("umount, {when}: {error}"))
        };
        see("after the steps")?;
        union.mount(&dirs.target)?;
        see("mounted again")?;
        diff.wrong
            .extend(self.judge_layers(scenario, shape, &dirs, &before)?);
        if scenario.not_overlay.is_none() && self.fstype != "overlay" {
            Union::new("overlay")
                .api(Api::Strings)
                .lowers(&dirs.lowers)
                .upper(&upper, &work)
                .mount(&dirs.target)
                .map_err(|error| format!("overlayfs must accept these layers: {error}"))?;
            let seen = walk::walk(&dirs.target).map_err(|e| format!("as overlayfs: {e}"))?;
            let found = diff::trees(
                &oracle.tree,
                &seen,
                "as overlayfs",
                scenario.allow,
                &mut seen_before,
            );
            diff.wrong.extend(found.wrong);
            sys::umount(&dirs.target, 0).map_err(|e| format!("umount of overlayfs: {e}"))?;
        }
        diff.allowed.extend(scenario.not_overlay);
        diff.allowed.sort_unstable();
        diff.allowed.dedup();
        Ok(diff)
    }

    /// Looks at the layers of the unmounted union: lower ones as before, no leftovers, what the scenario says.
    fn judge_layers(
        &self,
        scenario: &Scenario,
        shape: &Shape,
        dirs: &Dirs,
        before: &[Tree],
    ) -> Result<Vec<String>, String> {
        let mut wrong = Vec::new();
        for (number, (layer, before)) in dirs.lowers.iter().zip(before).enumerate() {
            let after = walk::walk(layer)?;
            if after != *before {
                let found = diff::trees(
                    before,
                    &after,
                    &format!("lower layer {number}"),
                    &[],
                    &mut HashMap::new(),
                );
                wrong.push("a lower layer was changed (plain: before, union: after)".into());
                wrong.extend(found.wrong);
            }
        }
        let layers = Layers {
            upper: dirs.top.join("upper"),
            work: dirs.top.join("work"),
            lowers: dirs.lowers.clone(),
            shape: *shape,
            fstype: self.fstype.clone(),
        };
        if let Err(error) = layers.work_empty() {
            wrong.push(error);
        }
        if let Some(assertion) = scenario.layers
            && let Err(error) = assertion(&layers)
        {
            wrong.push(error);
        }
        Ok(wrong)
    }

    fn oracle(
        &mut self,
        scenario: &Scenario,
        shape: &Shape,
        spread: &Spread,
        dirs: &Dirs,
    ) -> Result<Oracle, String> {
        let key = (scenario.name, shape.top);
        if let Some(oracle) = self.oracles.get(&key) {
            return Ok(oracle.clone());
        }
        let plain = dirs.top.join("plain");
        make_dir(&plain)?;
        make::make(&plain, &tree::merge(spread))?;
        let oracle = Oracle {
            transcript: steps(scenario, &plain, self.limit)?,
            tree: walk::walk(&plain)?,
        };
        self.oracles.insert(key, oracle.clone());
        Ok(oracle)
    }

    fn prepare(&self, scenario: &Scenario, shape: &Shape, lowers: usize) -> Result<Dirs, String> {
        let top = match shape.top {
            Fs::Tmpfs => self.tmpfs("top")?,
            other => {
                let top = self.disk(other)?.join(scenario.name);
                make_dir(&top)?;
                top
            }
        };
        let mut dirs = Dirs {
            top,
            lowers: Vec::new(),
            target: self.base.join("union"),
        };
        for number in 0..lowers {
            dirs.lowers.push(match shape.lower {
                Fs::Erofs => self
                    .disk(Fs::Erofs)?
                    .join(scenario.name)
                    .join(number.to_string()),
                Fs::Tmpfs => {
                    let layer = self.tmpfs(&format!("lower{number}"))?.join("layer");
                    make_dir(&layer)?;
                    layer
                }
                other => {
                    let layer = self
                        .disk(other)?
                        .join(scenario.name)
                        .join(format!("l{number}"));
                    make_dir(layer.parent().expect("joined"))?;
                    make_dir(&layer)?;
                    layer
                }
            });
        }
        make_dir(&dirs.target)?;
        Ok(dirs)
    }

    fn disk(&self, fs: Fs) -> Result<&Path, String> {
        self.disks
            .get(&fs)
            .map(PathBuf::as_path)
            .ok_or_else(|| format!("no {} disk is mounted for this shape", fs.name()))
    }

    fn tmpfs(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.base.join(name);
        make_dir(&path)?;
        sys::mount("tmpfs", &path, "tmpfs", 0, b"mode=755")
            .map_err(|error| format!("mounting a tmpfs: {error}"))?;
        Ok(path)
    }

    fn clean(&self, scenario: &Scenario) -> Vec<String> {
        let left = mount::unmount_below(&self.base);
        for (fs, disk) in &self.disks {
            if *fs != Fs::Erofs {
                let _ = std::fs::remove_dir_all(disk.join(scenario.name));
            }
        }
        left
    }
}

/// Why a scenario cannot run in a shape, if it cannot.
pub fn skip(scenario: &Scenario, shape: &Shape, tree: &Builder) -> Option<String> {
    let named = scenario.not_on.iter().find(|(name, _)| *name == shape.name);
    if let Some((_, why)) = named {
        return Some((*why).to_owned());
    }
    if shape.lower != Fs::Erofs {
        return None;
    }
    let below = |entry: &tree::Entry| entry.place != tree::Place::Upper;
    if tree.any(|entry| below(entry) && entry.kind == Kind::Socket) {
        return Some("an archive, of which the image is made, cannot hold a socket".into());
    }
    if tree.any(|entry| below(entry) && is_sparse(&entry.kind)) {
        return Some("the image keeps no holes".into());
    }
    None
}

fn is_sparse(kind: &Kind) -> bool {
    match kind {
        Kind::File { size, pieces } => {
            let data: usize = pieces.iter().map(|(_, data)| data.len()).sum();
            (data as u64) < *size
        }
        _ => false,
    }
}

/// Runs the steps in a process of its own with `root` as its current directory.
pub fn steps(scenario: &Scenario, root: &Path, limit: Duration) -> Result<Vec<String>, String> {
    let steps = scenario.steps;
    let (said, end) = process::run(limit, |out| {
        sys::chdir(root).expect("the tree is there");
        let mut run = Run::new(out);
        steps(&mut run);
        run.note(LAST);
    })
    .map_err(|error| format!("the steps could not be started: {error}"))?;
    let mut lines: Vec<String> = String::from_utf8_lossy(&said)
        .lines()
        .map(str::to_owned)
        .collect();
    if end == End::Done && lines.last().is_some_and(|line| line == LAST) {
        return Ok(lines);
    }
    let last = lines.pop().unwrap_or_else(|| "no call".into());
    Err(format!(
        "the steps ended early ({end:?}) on {}; the last call that answered: {last}",
        if root.ends_with("plain") {
            "the plain file system"
        } else {
            "the union"
        }
    ))
}

/// The first differences tell what is wrong; hundreds more would hide it.
fn shorten(lines: &mut Vec<String>) {
    const ENOUGH: usize = 45;
    if lines.len() > ENOUGH {
        let more = lines.len() - ENOUGH;
        lines.truncate(ENOUGH);
        lines.push(format!("... and {more} lines more"));
    }
}

fn make_dir(path: &Path) -> Result<(), String> {
    match sys::mkdir(path, 0o755) {
        Ok(()) => Ok(()),
        Err(error) if error.0 == libc::EEXIST => Ok(()),
        Err(error) => Err(format!("mkdir {}: {error}", path.display())),
    }
}
