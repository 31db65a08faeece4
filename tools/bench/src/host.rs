// SPDX-License-Identifier: GPL-2.0-only
//! On the host: runs the machines, one after the other, and collects their results.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use clap::builder::FalseyValueParser;
use union_machine::events::{self, Options};
use union_machine::paths::Places;
use union_machine::qemu::Processors;
use union_machine::{run, signals, together};

use crate::compare::Comparison;
use crate::plan::{self, Point};
use crate::report::Event;
use crate::results::{Found, GrownResults, Results, RowResults};
use crate::site::MountOption;
use crate::subject::Subject;
use crate::{Mode, chart, guest, rows, table};

/// What to run.
#[derive(Args)]
pub struct Request {
    /// Only these rows; ROW@lowers=N and ROW@entries=N are points of a series.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', env = "ROWS")]
    rows: Vec<String>,
    /// Only these subjects; native is what the others are compared with.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', env = "SUBJECTS")]
    subjects: Vec<Subject>,
    /// Options with which the union is mounted.
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', env = "OPTIONS", value_parser = guest::option)]
    mount_options: Vec<MountOption>,
    /// Fewer repetitions, one boot, short series.
    #[arg(long, env = "QUICK", value_parser = FalseyValueParser::new())]
    quick: bool,
    /// How time is measured.
    #[arg(long, env = "MODE", default_value = "icount")]
    mode: Mode,
    /// How often each point is measured in a machine booted for that; the default is 3, and 1 for --quick.
    #[arg(long, value_name = "N", env = "BOOTS")]
    boots: Option<usize>,
    /// How many machines share the points; the default is one for each processor, and one for --mode wall.
    #[arg(long, value_name = "N", env = "JOBS")]
    jobs: Option<usize>,
    /// Results of an earlier run; what the union does worse now fails.
    #[arg(long, value_name = "FILE", env = "AGAINST")]
    against: Option<PathBuf>,
    /// Draw the results.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// The results so far.
#[derive(Default)]
struct Known {
    kernel: String,
    points: BTreeMap<Point, Found>,
}

/// Where the machines note which points they have taken, in the directory they share.
const TAKEN: &str = "taken";

/// One boot of all machines.
struct Boot<'a> {
    request: &'a Request,
    places: &'a Places,
    points: &'a [Point],
    /// Whether counts are taken in this boot.
    counters: bool,
    started: Instant,
    known: &'a Mutex<Known>,
}

/// Runs them; returns whether all succeeded.
pub fn run(request: &Request) -> Result<bool> {
    signals::install()?;
    let places = Places::find()?;
    let before = request.against.as_deref().map(read).transpose()?;
    let points = plan::points(&request.rows, request.quick)?;
    let boots = request.boots.unwrap_or(if request.quick { 1 } else { 3 });
    let jobs = jobs(request, points.len());
    let known = Mutex::default();
    let started = Instant::now();
    for number in 1..=boots {
        println!(
            "boot {number} of {boots}: {} points, {jobs} machines",
            points.len()
        );
        println!("{:9}{}  all of it", "", table::heading());
        let taken = request.options.share.join(TAKEN);
        if taken.exists() {
            fs::remove_dir_all(&taken)?;
        }
        fs::create_dir_all(&taken)?;
        let boot = Boot {
            request,
            places: &places,
            points: &points,
            counters: number == boots,
            started,
            known: &known,
        };
        together::each(0..jobs, |job| boot.job(job))?;
    }
    let mut known = known
        .into_inner()
        .map_err(|_| anyhow!("a thread panicked"))?;
    let missing: Vec<_> = points
        .iter()
        .filter(|point| !known.points.contains_key(point))
        .map(Point::to_string)
        .collect();
    if !missing.is_empty() {
        bail!("no report of {}", missing.join(", "));
    }
    let found: Vec<_> = points
        .iter()
        .filter_map(|point| Some((point.clone(), known.points.remove(point)?)))
        .collect();
    println!("measured in {} s", started.elapsed().as_secs());
    conclude(request, before.as_ref(), known.kernel, boots, &found)
}

/// How many machines run at a time.
fn jobs(request: &Request, points: usize) -> usize {
    let usual = || match request.mode {
        Mode::Icount => thread::available_parallelism().map_or(1, |n| n.get()),
        // They would slow each other down.
        Mode::Wall => 1,
    };
    request.jobs.unwrap_or_else(usual).clamp(1, points)
}

/// Prints the table, writes the files, returns the verdict.
fn conclude(
    request: &Request,
    before: Option<&Results>,
    kernel: String,
    boots: usize,
    found: &[(Point, Found)],
) -> Result<bool> {
    println!("\nmedians; native in time, the others in multiples of it");
    println!("{}\n{}", table::heading(), table::all(found));
    for line in table::left_out(found)? {
        println!("{line}");
    }
    let results = results(request.mode, kernel, boots, found)?;
    request.options.write_json(&results)?;
    if let Some(path) = &request.options.json {
        println!("results: {}", path.display());
    }
    if let Some(path) = &request.svg {
        chart::draw(path, &results).with_context(|| format!("drawing {}", path.display()))?;
        println!("chart: {}", path.display());
    }
    let mut bad = BTreeSet::new();
    for (point, found) in found {
        for line in table::failures(point, found) {
            println!("{line}");
            bad.insert(point.to_string());
        }
    }
    if let Some(before) = before {
        let comparison = Comparison::of(before, &results);
        println!("{comparison}");
        bad.extend(comparison.worse_points());
    }
    println!("{} passed, {} failed", found.len() - bad.len(), bad.len());
    Ok(bad.is_empty() && !found.is_empty())
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
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not a result file of union-bench", path.display()))
}

impl Boot<'_> {
    /// Boots machines until all points are taken.
    fn job(&self, job: usize) -> Result<()> {
        // Two machines meet in the middle: each has its own part of points that have a tree in common.
        let mut order: Vec<_> = self.points.iter().map(Point::to_string).collect();
        if job % 2 == 1 {
            order.reverse();
        }
        while !self.machine(job, &order)? {}
        Ok(())
    }

    /// Runs one machine until all points are taken or it has ended; returns which of the two.
    fn machine(&self, job: usize, order: &[String]) -> Result<bool> {
        let mut running: Option<(Point, Found)> = None;
        let mut turn = Subject::Native;
        let mut ended = false;
        let machine = self.machine_request(job);
        let outcome = events::watch(self.places, &machine, &self.command(order), |event| {
            match event {
                Event::Kernel { release } => self.known()?.kernel = release,
                Event::Begins { point } => running = Some((point, Found::default())),
                Event::Turn { subject } => turn = subject,
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
                Event::Ends { seconds } => {
                    if let Some((point, found)) = running.take() {
                        self.ends(point, found, Some(seconds))?;
                    }
                }
                Event::End => ended = true,
            }
            Ok(())
        });
        let why = match outcome {
            Ok(()) if ended => return Ok(true),
            Ok(()) => anyhow!("it reported nothing more"),
            Err(error) => error,
        };
        // It ended in a row, or outside of any row.
        let Some((point, mut found)) = running else {
            return Err(why.context("the machine ended outside of a row"));
        };
        let why = format!("the machine ended: {why:#}");
        found.failed.insert(turn, why);
        self.ends(point, found, None)?;
        Ok(false)
    }

    /// A point is complete.
    fn ends(&self, point: Point, found: Found, inside: Option<f64>) -> Result<()> {
        let now = self.started.elapsed().as_secs();
        let inside = inside.map_or_else(String::new, |seconds| format!("{seconds:7.2} s"));
        println!("[{now:5}s] {} {inside}", table::line(&point, &found));
        self.known()?.add(point, found);
        Ok(())
    }

    fn known(&self) -> Result<std::sync::MutexGuard<'_, Known>> {
        self.known.lock().map_err(|_| anyhow!("a thread panicked"))
    }

    fn machine_request(&self, job: usize) -> run::Request {
        // For counting: disks that have a cache, complete at once and do not depend on time.
        let counting = "null_blk nr_devices=2 gb=4 bs=4096 memory_backed=1 discard=1 cache_size=64 irqmode=0 no_sched=1";
        let usual = self
            .request
            .options
            .request("bench", &format!("bench-{job}"));
        match self.request.mode {
            Mode::Icount => run::Request {
                memory: "7G".into(),
                processors: Processors::Counted,
                modules: vec![counting.into(), "brd rd_nr=2 rd_size=4194304".into()],
                ..usual
            },
            Mode::Wall => run::Request {
                memory: "7G".into(),
                processors: Processors::Many(
                    thread::available_parallelism().map_or(2, |n| n.get() as u32),
                ),
                scratch: vec!["ext4".into()],
                modules: vec![counting.into()],
                ..usual
            },
        }
    }

    fn command(&self, order: &[String]) -> String {
        let request = self.request;
        let (rounds, patience) = if request.quick { (2, 0.3) } else { (3, 2.0) };
        let mut options = String::new();
        if self.counters {
            options += " --counters";
        }
        if !request.subjects.is_empty() {
            let names: Vec<_> = request.subjects.iter().map(|s| s.name()).collect();
            options += &format!(" --subjects {}", names.join(","));
        }
        for (key, value) in &request.mount_options {
            options += &format!(" --options {key}={value}");
        }
        // The program must be in memory, not on the share.
        format!(
            "cp union-bench /tmp/ && exec /tmp/union-bench guest --mode {} --taken $PWD/{TAKEN} \
             --rounds {rounds} --patience {patience}{options} {}",
            request.mode.name(),
            order.join(" ")
        )
    }
}

/// The row that runs.
fn inside(running: &mut Option<(Point, Found)>) -> Result<&mut Found> {
    let (_, found) = running
        .as_mut()
        .context("the machine reports outside of a row")?;
    Ok(found)
}

impl Known {
    /// Adds the results of one boot to those of the others.
    fn add(&mut self, point: Point, new: Found) {
        let found = self.points.entry(point).or_default();
        for (subject, samples) in new.samples {
            found.samples.entry(subject).or_default().extend(samples);
        }
        found.counters.extend(new.counters);
        found.failed.extend(new.failed);
    }
}
