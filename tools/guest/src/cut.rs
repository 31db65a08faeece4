// SPDX-License-Identifier: GPL-2.0-only
//! A machine whose power is cut: it works on a disk until it is killed, or checks a disk of a
//! killed one.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use union_scenarios::bench::Bench;
use union_scenarios::crash::{case, whole};
use union_scenarios::image::Image;
use union_support::disk;
use union_support::outcome::{self, Outcome};

use crate::boot::CommandLine;
use crate::health::{self, Log};
use crate::{modules, port};

/// What the kernel command line asks for.
struct Task<'a> {
    name: &'a str,
    image: &'static Image,
    seed: u64,
}

/// Works or looks.
pub fn run(line: &CommandLine) -> Result<()> {
    let name = line.get("cut").context("no union.cut")?;
    let (image, seed) =
        case::parse(name).with_context(|| format!("union.cut={name} is not TYPE-SEED"))?;
    let task = Task { name, image, seed };
    let mut report = port::open(port::VERDICT)?;
    let log = Log::open()?;
    if line.fstype() == "union" {
        modules::load_union()?;
    }
    let base = Path::new("/t");
    fs::create_dir_all(base).context("mkdir /t")?;
    let disks = HashMap::new();
    let bench = Bench::new(line.fstype(), base, &disks);
    match line.get("begun") {
        None => work(&bench, &task, &mut report),
        Some(begun) => {
            let begun = begun.parse().context("union.begun")?;
            look(&bench, &task, begun, log, &mut report)
        }
    }
}

fn work(bench: &Bench, task: &Task, report: &mut File) -> Result<()> {
    let device = disk::by_serial("cut")?;
    // A write to a port returns when the host has taken what was written.
    let mut say = |text: &str| {
        writeln!(report, "{text}").map_err(|error| format!("writing to the port: {error}"))
    };
    whole::work(bench, task.image, &device, task.seed, &mut say).map_err(|error| anyhow!(error))?;
    std::thread::sleep(Duration::from_secs(60));
    bail!("this machine was not killed")
}

fn look(bench: &Bench, task: &Task, begun: usize, mut log: Log, report: &mut File) -> Result<()> {
    let device = disk::by_serial("cut")?;
    let start = Instant::now();
    let looked = whole::look(bench, task.image, &device, task.seed, begun);
    let trouble = health::trouble(&log.news(), false);
    let outcome = match looked {
        Ok(notes) if trouble.is_empty() => Outcome::Pass(notes),
        Ok(_) => Outcome::Fail(trouble),
        Err(lines) => Outcome::Fail(lines.into_iter().chain(trouble).collect()),
    };
    outcome::write_plan(report, 1)?;
    let name = format!("cut/{}", task.name);
    outcome::write(report, 1, &name, &outcome, start.elapsed())?;
    writeln!(report, "{}", outcome::END).context("writing the report")
}
