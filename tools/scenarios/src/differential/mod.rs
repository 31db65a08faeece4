// SPDX-License-Identifier: GPL-2.0-only
//! Random differential runs: operations chosen by a seed, done on a plain file system and on a union that holds the
//! same tree, and compared one by one.
//!
//! [`op`] says what can be done, [`generate`] chooses, [`perform`] does it on one side, [`twins`] on both and
//! compares, after [`rehearse`] has tried the operations out; [`peers`] are other processes that take turns, [`start`]
//! the trees to start from; [`shrink`] makes what failed short, and [`story`] writes it down as a scenario.
//!
//! What union.rst declares to be different is left out, each at its place: hard links of lower files (`start`,
//! `Twins::part_links`), what passes through pipes (`perform`), private
//! mappings from before a copy-up (there are none that are kept), times of access, and numbers of all kinds, of which
//! only those of inodes are asked to stay ([`numbers`]).

mod generate;
mod held;
mod hope;
mod numbers;
mod op;
mod peers;
mod perform;
mod rehearse;
mod shrink;
pub mod start;
mod story;
mod twins;

use std::time::{Duration, Instant};

use crate::execute::{Lab, make_dir};
use crate::instrument::{Instrument, Series};
use crate::make;
use crate::mount;
use crate::outcome::Outcome;
use crate::process::{self, End};
use crate::random::Dice;
use crate::shape::{Fs, Shape};
use crate::site::{self, Site};
use crate::tree::{self, Entry, Spread};
use generate::Limits;
use op::Step;
use start::Files;
use twins::{Parting, Tally, Twins};

/// The instrument.
pub static INSTRUMENT: Instrument = Instrument {
    name: "random",
    about: "random operations on a union and on a plain file system, compared; --size is operations for each seed",
    usual: Series {
        seed: 1,
        count: 50,
        size: 2000,
    },
    needs_union: true,
    modules: &[],
    programs: &[],
    provokes_errors: false,
    processors: 1,
    limit: Duration::from_secs(600),
    cases: |series| series.seeds().map(|seed| seed.to_string()).collect(),
    run,
};

/// How long one run of a sequence may take, and how long it may take to make a failing one short.
const LIMIT: Duration = Duration::from_secs(300);
const SHRINKING: Duration = Duration::from_secs(200);

/// The start that a seed chooses, besides its operations.
struct Case<'a> {
    lab: &'a Lab,
    shape: Shape,
    variant: usize,
}

fn run(lab: &Lab, name: &str, series: Series) -> Outcome {
    let Ok(seed) = name.parse::<u64>() else {
        return Outcome::Fail(vec![format!("{name:?} is not a seed")]);
    };
    let case = Case::of(lab, seed);
    let entries = start::tree(case.variant, &case.shape).entries().to_vec();
    let spread = case.spread(&entries);
    let steps = match case.steps(seed, series.size, &spread) {
        Ok(steps) => steps,
        Err(why) => return Outcome::Fail(vec![why]),
    };
    let place = format!("shape {}, tree {}", case.shape.name, case.variant);
    match case.attempt(&spread, &steps) {
        Ok(tally) => Outcome::Pass(vec![format!("{place}: {tally}")]),
        Err(parting) => {
            let mut lines = parting.lines.clone();
            lines.push(format!(
                "after {} of {} steps, {place}",
                parting.after,
                steps.len()
            ));
            lines.extend(case.explain(entries, steps, parting));
            Outcome::Fail(lines)
        }
    }
}

impl<'a> Case<'a> {
    fn of(lab: &'a Lab, seed: u64) -> Self {
        // Not the dice of the operations, whose first rolls would depend on the shape.
        let mut dice = Dice::new(!seed);
        let shapes = start::shapes();
        Self {
            lab,
            shape: *shapes[dice.roll(shapes.len())],
            variant: Files::of_seed(seed).variant(&mut dice),
        }
    }

    fn limits(&self) -> Limits {
        // erofs, squashfs and isofs report no flags of their inodes.
        let no_flags = |fs: &Fs| fs.is_image();
        Limits {
            flags: !self.shape.lower.iter().any(no_flags),
            rotate: true,
            lists_trusted: self.shape.upper == Fs::Btrfs,
            files: Files::of(self.variant),
        }
    }

    /// The operations, tried out in memory.
    fn steps(&self, seed: u64, count: usize, spread: &Spread) -> Result<Vec<Step>, String> {
        let stage = site::tmpfs(&self.lab.base, "stage")?;
        let steps = make::make(&stage, &tree::merge(spread))
            .and_then(|()| rehearse::steps(seed, count, spread, self.limits(), &stage));
        self.clean();
        steps
    }

    fn spread(&self, entries: &[Entry]) -> Spread {
        tree::spread(&start::rebuild(entries, &self.shape), self.shape.lowers)
    }

    /// Does the steps in fresh trees, in a process of its own.
    fn attempt(&self, spread: &Spread, steps: &[Step]) -> Result<Tally, Parting> {
        let nothing = |why: String| Parting {
            after: 0,
            late: false,
            lines: vec![why],
        };
        let result = self.prepare(spread).map_err(nothing).and_then(|site| {
            let plain = site.upper_fs.join("plain");
            let run = |out: &mut dyn std::io::Write| {
                let result =
                    Twins::new(&plain, &site.target, Some((site.clone(), &self.lab.fstype)))
                        .map_err(nothing)
                        .and_then(|twins| twins.run(steps));
                out.write_all(story::report(&result).as_bytes())
                    .expect("the pipe takes it");
            };
            match process::run(LIMIT, run) {
                Ok((said, End::Done)) => story::read_report(&String::from_utf8_lossy(&said)),
                Ok((_, end)) => Err(Parting {
                    after: steps.len(),
                    late: false,
                    lines: vec![format!(
                        "the process that runs the steps ended with {end:?}"
                    )],
                }),
                Err(error) => Err(nothing(format!("fork: {error}"))),
            }
        });
        self.clean();
        result
    }

    /// Makes both trees and mounts the union.
    fn prepare(&self, spread: &Spread) -> Result<Site, String> {
        let name = start::image_name(self.variant);
        let mut site = Site::prepare(&self.lab.disks, &self.lab.base, &name, &self.shape, spread)?;
        let plain = site.upper_fs.join("plain");
        make_dir(&plain)?;
        make::make(&plain, &tree::merge(spread))?;
        site.fill(spread, &self.lab.fstype)?;
        site.mount(&self.lab.fstype)?;
        Ok(site)
    }

    fn clean(&self) {
        // Failures to unmount are reported when the case is over.
        let _ = mount::unmount_below(&self.lab.base);
        for (fs, disk) in &self.lab.disks {
            if !fs.is_image() {
                let _ = std::fs::remove_dir_all(disk.join(start::image_name(self.variant)));
            }
        }
    }

    /// The same with lower layers that can be made again, in place of images.
    fn without_images(&self) -> Self {
        let lower: &[Fs] = match self.shape.lower.iter().any(|fs| fs.is_image()) {
            true => &[Fs::Tmpfs],
            false => self.shape.lower,
        };
        let shape = Shape {
            lower,
            ..self.shape
        };
        Self { shape, ..*self }
    }

    /// Makes the sequence and the tree short, and writes them as a scenario.
    fn explain(&self, entries: Vec<Entry>, mut steps: Vec<Step>, parting: Parting) -> Vec<String> {
        let all = steps.len();
        steps.truncate(parting.after.max(1));
        let mut tries = Tries {
            end: Instant::now() + SHRINKING,
            count: 0,
            last: parting,
        };
        let mut lines = Vec::new();
        let (entries, steps) = if tries.fails(&self.without_images(), &entries, &steps) {
            let case = self.without_images();
            let steps = shrink::shrink(steps, |steps| tries.fails(&case, &entries, steps));
            let entries = shrink::shrink(entries, |entries| tries.fails(&case, entries, &steps));
            // Some were needed only for the names of others.
            let steps = shrink::shrink(steps, |steps| tries.fails(&case, &entries, steps));
            (entries, steps)
        } else {
            lines.push(
                "with lower layers on tmpfs it passes: the tree is left as it is in the images"
                    .into(),
            );
            let steps = shrink::shrink(steps, |steps| tries.fails(self, &entries, steps));
            (entries, steps)
        };
        let over = if Instant::now() > tries.end {
            ", then the time was over"
        } else {
            ""
        };
        lines.push(format!(
            "{} of {all} steps are left after {} tries{over}; with them:",
            steps.len(),
            tries.count
        ));
        lines.extend(tries.last.lines);
        lines.push("as a scenario:".into());
        lines.extend(story::scenario(&entries, &steps));
        lines
    }
}

/// Runs of shorter and shorter sequences.
struct Tries {
    end: Instant,
    count: usize,
    /// The failure of the last one that failed.
    last: Parting,
}

impl Tries {
    fn fails(&mut self, case: &Case, entries: &[Entry], steps: &[Step]) -> bool {
        if Instant::now() > self.end {
            return false;
        }
        self.count += 1;
        match case.attempt(&case.spread(entries), steps) {
            Ok(_) => false,
            // Probably another failure.
            Err(parting) if parting.late && !self.last.late => false,
            Err(parting) => {
                self.last = parting;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::tree::Kind;

    const LIMITS: Limits = Limits {
        flags: false,
        // The operations are then tried on a union, which does not rename all that a plain tree does.
        rotate: false,
        lists_trusted: false,
        files: Files::Small,
    };

    /// Two directories with the same contents.
    fn plain_pair(entries: &[Entry], parent: &Path) -> Result<(PathBuf, PathBuf), String> {
        let pair = (parent.join("one"), parent.join("two"));
        for dir in [&pair.0, &pair.1] {
            make_dir(dir)?;
            make::make(dir, entries)?;
        }
        Ok(pair)
    }

    /// The kinds of objects that this process may make.
    fn plain_tree() -> Vec<Entry> {
        let shape = start::shapes()[0];
        let mut entries = tree::merge(&tree::spread(&start::tree(0, shape), shape.lowers));
        let root = is_root();
        entries.retain(|entry| root || !matches!(entry.kind, Kind::Char(..)));
        for entry in &mut entries {
            entry.xattrs.clear();
            if !root {
                (entry.uid, entry.gid) = crate::sys::stat(".", 0)
                    .map(|s| (s.st_uid, s.st_gid))
                    .unwrap();
            }
        }
        entries
    }

    fn is_root() -> bool {
        std::fs::read_to_string("/proc/self/status").is_ok_and(|text| text.contains("Uid:\t0\t0"))
    }

    /// Runs steps on two plain trees, of which `spoil` may change the second first.
    fn run_on_plain(steps: &[Step], spoil: impl Fn(&Path)) -> Result<Tally, Parting> {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = plain_pair(&plain_tree(), dir.path()).unwrap();
        spoil(&two);
        let (said, end) = process::run(LIMIT, |out| {
            let result = Twins::new(&one, &two, None).unwrap().run(steps);
            out.write_all(story::report(&result).as_bytes()).unwrap();
        })
        .unwrap();
        assert_eq!(end, End::Done);
        story::read_report(&String::from_utf8_lossy(&said))
    }

    fn steps(seed: u64, count: usize) -> Vec<Step> {
        let tree = plain_tree();
        let dir = tempfile::tempdir().unwrap();
        let (stage, _) = plain_pair(&tree, dir.path()).unwrap();
        let layers = Spread {
            upper: tree,
            lowers: Vec::new(),
        };
        let mut steps = rehearse::steps(seed, count, &layers, LIMITS, &stage).unwrap();
        if !is_root() {
            steps.iter_mut().for_each(|step| step.user = 0);
        }
        steps
    }

    #[test]
    fn two_plain_trees_stay_the_same_and_many_operations_succeed() {
        for seed in 0..3 {
            let tally = run_on_plain(&steps(seed, 3000), |_| {}).unwrap();
            assert!(tally.succeeded > 1800, "seed {seed}: {tally:?}");
        }
    }

    #[test]
    fn a_difference_is_found_and_made_short() {
        let spoil = |root: &Path| {
            let path = root.join("a");
            crate::sys::chmod(&path, 0o741).unwrap();
        };
        let steps = steps(5, 400);
        let parting = run_on_plain(&steps, spoil).unwrap_err();
        assert!(parting.after < 400, "{parting:?}");
        let short = shrink::shrink(steps[..parting.after].to_vec(), |steps| {
            run_on_plain(steps, spoil).is_err()
        });
        assert!(short.len() <= 1, "{short:?}");
    }
}
