// SPDX-License-Identifier: GPL-2.0-only
//! On the host: machines, one after the other, and what comes of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::plan::{self, Point};
use crate::report::Event;
use crate::results::{Found, GrownResults, Results, RowResults};
use crate::subject::Subject;
use crate::{Mode, chart, compare, rows, table};

/// What to run.
#[derive(Args)]
pub struct Request {
    /// Only these rows; ROW@lowers=N and ROW@entries=N are points of a series.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    rows: Vec<String>,
    /// Only these subjects; native is what the others are compared with.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    subjects: Vec<Subject>,
    /// Fewer repetitions, one boot, short series.
    #[arg(long)]
    quick: bool,
    /// How time is measured.
    #[arg(long, default_value = "icount")]
    mode: Mode,
    /// How often the machine is booted; the default is 3, and 1 for --quick.
    #[arg(long, value_name = "N")]
    boots: Option<usize>,
    /// Results of an earlier run; what the union does worse now fails.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Kernel release in the cache.
    #[arg(long, value_name = "ABI")]
    kernel: Option<String>,
    /// Limit of one machine, in seconds.
    #[arg(long, value_name = "S", default_value_t = 3600)]
    timeout: u64,
    /// Write the results to a file, for programs.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw them.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Show the console.
    #[arg(short, long)]
    verbose: bool,
    /// The program that runs machines.
    #[arg(long, value_name = "FILE")]
    vm: PathBuf,
    /// A directory that machines see, with this program in it.
    #[arg(long, value_name = "DIR")]
    share: PathBuf,
}

/// What is known so far.
#[derive(Default)]
struct Known {
    kernel: String,
    points: BTreeMap<Point, Found>,
}

/// Runs them; tells whether all is well.
pub fn run(request: &Request) -> Result<bool> {
    let before = request.against.as_deref().map(read).transpose()?;
    let points = plan::points(&request.rows, request.quick)?;
    let boots = request.boots.unwrap_or(if request.quick { 1 } else { 3 });
    let mut known = Known::default();
    for boot in 1..=boots {
        println!("boot {boot} of {boots}: {} points", points.len());
        println!("{}", table::heading());
        let mut left = points.as_slice();
        while !left.is_empty() {
            let done = machine(request, boot == boots, left, &mut known)?;
            left = &left[done..];
        }
    }
    let found: Vec<_> = points
        .iter()
        .filter_map(|point| Some((point.clone(), known.points.remove(point)?)))
        .collect();
    conclude(request, before, known.kernel, boots, &found)
}

/// The table, the files, the verdict.
fn conclude(
    request: &Request,
    before: Option<Results>,
    kernel: String,
    boots: usize,
    found: &[(Point, Found)],
) -> Result<bool> {
    println!("\nmedians; native in time, the others in multiples of it");
    println!("{}\n{}", table::heading(), table::all(found));
    for line in table::left_out(found) {
        println!("{line}");
    }
    let results = results(request.mode, kernel, boots, found)?;
    if let Some(path) = &request.json {
        fs::write(path, serde_json::to_string_pretty(&results)?)
            .with_context(|| format!("writing {}", path.display()))?;
        println!("results: {}", path.display());
    }
    if let Some(path) = &request.svg {
        chart::draw(path, &results).with_context(|| format!("drawing {}", path.display()))?;
        println!("chart: {}", path.display());
    }
    let failures: Vec<_> = found
        .iter()
        .flat_map(|(point, found)| table::failures(point, found))
        .collect();
    for line in &failures {
        println!("{line}");
    }
    let worse = before.map_or(Vec::new(), |before| compare::regressions(&before, &results));
    for line in &worse {
        println!("WORSE   {line}");
    }
    let failed = failures.len() + worse.len();
    println!(
        "{} passed, {failed} failed",
        found.len().saturating_sub(failed)
    );
    Ok(failed == 0 && !found.is_empty())
}

fn results(mode: Mode, kernel: String, boots: usize, found: &[(Point, Found)]) -> Result<Results> {
    let mut results = Results {
        kernel,
        mode,
        boots,
        rows: Vec::new(),
        growth: Vec::new(),
    };
    for (point, found) in found {
        let row = RowResults::new(point, rows::named(&point.row)?.per, found);
        match point.grown {
            None => results.rows.push(row),
            Some((axis, at)) => results.growth.push(GrownResults { axis, at, row }),
        }
    }
    Ok(results)
}

fn read(path: &Path) -> Result<Results> {
    let text = fs::read_to_string(path).with_context(|| format!("--against {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no result of this", path.display()))
}

/// Runs one machine until all points or itself have come to an end; tells how many points it had.
fn machine(
    request: &Request,
    counters: bool,
    points: &[Point],
    known: &mut Known,
) -> Result<usize> {
    let mut child = command(request, counters, points)
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {}", request.vm.display()))?;
    let stdout = child.stdout.take().context("the output of the machine")?;
    let mut done = 0;
    let mut running: Option<(Point, Found)> = None;
    let mut ended = false;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        let Ok(event) = serde_json::from_str(&line) else {
            eprintln!("  | {line}");
            continue;
        };
        match event {
            Event::Kernel { release } => known.kernel = release,
            Event::Begins { point } => running = Some((point, Found::default())),
            Event::Sample { subject, ns } => {
                let samples = &mut inside(&mut running)?.samples;
                samples.entry(subject).or_default().push(ns);
            }
            Event::Counters { subject, counters } => {
                inside(&mut running)?.counters.insert(subject, counters);
            }
            Event::Failed { subject, why } => {
                inside(&mut running)?.failed.insert(subject, why);
            }
            Event::Ends => {
                if let Some((point, found)) = running.take() {
                    println!("{}", table::line(&point, &found));
                    known.add(point, found);
                    done += 1;
                }
            }
            Event::End => ended = true,
        }
    }
    let status = child.wait()?;
    if ended && status.success() {
        return Ok(done);
    }
    // It ended in a row, or before the first one.
    let Some((point, mut found)) = running else {
        bail!("the machine ended ({status}) outside of a row; see out/log/run.log");
    };
    let subject = guilty(&found);
    let why = format!("the machine ended ({status}) here or behind; see above, or out/log/run.log");
    found.failed.insert(subject, why);
    println!("{}", table::line(&point, &found));
    known.add(point, found);
    Ok(done + 1)
}

/// The row that runs.
fn inside(running: &mut Option<(Point, Found)>) -> Result<&mut Found> {
    let (_, found) = running
        .as_mut()
        .context("the machine reports outside of a row")?;
    Ok(found)
}

/// The subject whose turn it was: the one behind that which was heard of last.
fn guilty(found: &Found) -> Subject {
    let least = |subject: &Subject| found.samples.get(subject).map_or(0, Vec::len);
    Subject::ALL
        .into_iter()
        .filter(|subject| !found.failed.contains_key(subject))
        .min_by_key(least)
        .unwrap_or(Subject::Native)
}

impl Known {
    /// Adds what one boot found to what others did.
    fn add(&mut self, point: Point, new: Found) {
        let found = self.points.entry(point).or_default();
        for (subject, samples) in new.samples {
            found.samples.entry(subject).or_default().extend(samples);
        }
        found.counters.extend(new.counters);
        found.failed.extend(new.failed);
    }
}

fn command(request: &Request, counters: bool, points: &[Point]) -> Command {
    let mut command = Command::new(&request.vm);
    command.args(["run", "--image", "bench", "--memory", "7G"]);
    command.args(["--timeout", &request.timeout.to_string()]);
    // For counting: disks that have a cache, complete at once and are not changed by time.
    command.arg("--module");
    command.arg(
        "null_blk nr_devices=2 gb=4 bs=4096 memory_backed=1 discard=1 cache_size=64 irqmode=0 no_sched=1",
    );
    match request.mode {
        Mode::Icount => {
            command.args(["--icount", "--module", "brd rd_nr=2 rd_size=4194304"]);
        }
        Mode::Wall => {
            let number = std::thread::available_parallelism().map_or(2, |n| n.get());
            command.args(["--cpus", &number.to_string(), "--scratch", "ext4"]);
        }
    }
    if let Some(kernel) = &request.kernel {
        command.args(["--kernel", kernel]);
    }
    if request.verbose {
        command.arg("--verbose");
    }
    let (rounds, grown) = if request.quick { (3, 1) } else { (5, 3) };
    let names: Vec<_> = points.iter().map(Point::to_string).collect();
    let mut options = String::new();
    if counters {
        options += " --counters";
    }
    if !request.subjects.is_empty() {
        let names: Vec<_> = request.subjects.iter().map(|s| s.name()).collect();
        options += &format!(" --subjects {}", names.join(","));
    }
    // The program is to be in memory, not behind the share.
    command.arg("--share").arg(&request.share).args([
        "--",
        &format!(
            "cp union-bench /tmp/ && cd /tmp && exec ./union-bench guest --mode {} \
             --rounds {rounds} --grown-rounds {grown}{options} {}",
            request.mode.name(),
            names.join(" ")
        ),
    ]);
    command
}
