// SPDX-License-Identifier: GPL-2.0-only
//! The test run: every case that the filter names, then the health of the kernel.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use regex_lite::Regex;
use rustix::mount::MountFlags;
use union_scenarios::bench::MODULE;
use union_scenarios::catalogue::{self, Case, Part, Set};
use union_scenarios::execute::Lab;
use union_scenarios::pace;
use union_scenarios::shape::{self, Fs};
use union_support::disk;
use union_support::mount::{mount, unmount};
use union_support::outcome::{self, Outcome};

use crate::boot::CommandLine;
use crate::health::{self, Log};
use crate::{checkers, modules, port};

/// The cases to run, put into the initramfs by the host.
const FILTER: &str = "/filter";

/// Runs the tests and writes the report.
pub fn run(line: &CommandLine) -> Result<()> {
    let mut report = port::open(port::VERDICT)?;
    let mut log = Log::open()?;
    let module = line.fstype() == "union";
    if module {
        modules::load_union()?;
    }
    let taint = health::taint()?;
    let disks = mount_disks()?;
    let base = Path::new("/t");
    fs::create_dir_all(base).context("mkdir /t")?;
    let mut lab = Lab::new(line.fstype(), base, disks.clone());
    let set = line.get("set").and_then(Set::from_word);
    if let Some(Set::Instrument(instrument, _)) = set {
        lab.limit = instrument.limit;
    }
    let slowness = line.get("slowness").unwrap_or("1");
    let slowness: u16 = slowness.parse().context("union.slowness")?;
    lab.limit *= slowness.into();
    pace::set_slowness(slowness.into());
    if let Some(seconds) = line.get("limit") {
        lab.limit = Duration::from_secs(seconds.parse().context("union.limit")?);
    }

    let cases = chosen(line)?;
    // Without the module, findings are not the module's.
    let checkers = if module {
        checkers::present()
    } else {
        Vec::new()
    };
    if let Some(Set::Instrument(instrument, _)) = set
        && instrument.provokes_errors
        && checkers.is_empty()
    {
        health::only_emergencies()?;
    }
    let health_checks = if module { 4 } else { 2 } + checkers.len();
    let from: usize = line
        .get("from")
        .unwrap_or("0")
        .parse()
        .context("union.from")?;
    let mut reporter = Reporter {
        report: &mut report,
        number: from,
    };
    outcome::write_plan(reporter.report, cases.len() + health_checks)?;
    for case in cases.iter().skip(from) {
        reporter.case(&case.name(), || {
            let found = match case {
                Case::Scenario(scenario, shape) => lab.scenario(scenario, shape),
                Case::Check(check) => lab.check(check),
                Case::Instrument(instrument, name, series) => {
                    lab.instrument(instrument, name, *series)
                }
            };
            let errors_expected = match case {
                Case::Scenario(..) => false,
                Case::Check(_) => true,
                Case::Instrument(instrument, ..) => instrument.provokes_errors,
            };
            found.and_left(health::trouble(&log.news(), errors_expected))
        })?;
    }

    drop(lab);
    reporter.case("health/umount", || unmount_disks(&disks))?;
    for checker in checkers {
        reporter.case(checker.name, || checker.outcome())?;
    }
    if module {
        reporter.case("health/memory", memory)?;
        reporter.case("health/unload", unload)?;
    }
    reporter.case("health/kernel", || {
        let mut wrong = health::trouble(&log.news(), true);
        match health::taint() {
            Ok(now) if now == taint => {}
            Ok(now) => wrong.push(format!("taint was {taint:#x} after loading, is {now:#x}")),
            Err(error) => wrong.push(format!("{error:#}")),
        }
        Outcome::unless(wrong)
    })?;
    use std::io::Write;
    writeln!(report, "{}", outcome::END)?;
    Ok(())
}

struct Reporter<'a> {
    report: &'a mut File,
    number: usize,
}

impl Reporter<'_> {
    fn case(&mut self, name: &str, run: impl FnOnce() -> Outcome) -> Result<()> {
        self.number += 1;
        outcome::write_start(self.report, name)?;
        let start = Instant::now();
        let outcome = run();
        outcome::write(self.report, self.number, name, &outcome, start.elapsed())
            .context("writing the report")
    }
}

/// The share of this machine of the requested cases.
fn chosen(line: &CommandLine) -> Result<Vec<Case>> {
    let filter = match fs::read_to_string(FILTER) {
        Ok(filter) => filter,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).context(FILTER),
    };
    let filter = Regex::new(&filter).context(FILTER)?;
    let word = line.get("set").unwrap_or("all");
    let set = Set::from_word(word).with_context(|| format!("union.set={word}"))?;
    let share = line.get("share").and_then(|share| share.split_once('/'));
    let (job, jobs) = share.unwrap_or(("0", "1"));
    let part = line.get("part").map(Part::from_str).transpose();
    let part = part.map_err(|why| anyhow!("union.part: {why}"))?;
    let part = part.unwrap_or(Part::WHOLE);
    let job: usize = job.parse().context("union.share")?;
    let jobs: usize = jobs.parse().context("union.share")?;
    Ok(catalogue::chosen(set)
        .into_iter()
        .filter(|case| case.machine(jobs) == job && part.has(case))
        .filter(|case| filter.is_match(&case.name()))
        .collect())
}

/// Mounts the disk of each file system a shape names.
fn mount_disks() -> Result<HashMap<Fs, PathBuf>> {
    let mut disks = HashMap::new();
    for fs in shape::file_systems() {
        let Some(serial) = fs.disk() else { continue };
        let target = Path::new("/disks").join(serial);
        fs::create_dir_all(&target)?;
        let flags = match fs.is_image() {
            true => MountFlags::RDONLY,
            false => MountFlags::empty(),
        };
        mount(disk::by_serial(serial)?, &target, fs.name(), flags, "")?;
        disks.insert(fs, target);
    }
    Ok(disks)
}

fn unmount_disks(disks: &HashMap<Fs, PathBuf>) -> Outcome {
    let results = disks.values().filter_map(|target| {
        let error = unmount(target).err()?;
        Some(format!("umount of {}: {error}", target.display()))
    });
    Outcome::unless(results.collect())
}

fn memory() -> Outcome {
    match health::slabs_in_use() {
        Ok(caches) => Outcome::unless(
            caches
                .iter()
                .map(|slab| {
                    let (name, active) = (&slab.name, slab.active);
                    format!("slab cache {name} has {active} objects in use, nothing is mounted")
                })
                .collect(),
        ),
        Err(error) => Outcome::Fail(vec![format!("{error:#}")]),
    }
}

fn unload() -> Outcome {
    if !Path::new(MODULE).exists() {
        return Outcome::Skip("the file system is built in".into());
    }
    if let Err(error) = rustix::system::delete_module(c"union", libc::O_NONBLOCK) {
        return Outcome::Fail(vec![format!("the module does not unload: {error}")]);
    }
    let left = health::slabs().unwrap_or_default();
    Outcome::unless(
        left.iter()
            .map(|slab| format!("slab cache {} is still there after unloading", slab.name))
            .collect(),
    )
}
