// SPDX-License-Identifier: GPL-2.0-only
//! `union-vm test`: boots machines that share the cases, reads their reports, and boots another
//! after a case that crashed the kernel.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use regex_lite::Regex;
use serde::Serialize;
use union_machine::architecture::Architecture;
use union_machine::console::Tail;
use union_machine::disks::words;
use union_machine::initramfs::{self, Contents};
use union_machine::machine::{Event, Machine, Plan};
use union_machine::modules::Dependencies;
use union_machine::options::Guest;
use union_machine::paths::{Kernel, Places};
use union_machine::qemu::Processors;
use union_machine::run::TIMEOUT;
use union_machine::together;
use union_scenarios::catalogue::{self, Part, Set};
use union_scenarios::elf::{self, Processor};
use union_scenarios::instrument::{self, Series};
use union_scenarios::shape::{self, Fs};
use union_support::kernel_log;

use crate::ui::Ui;
use crate::verdict::{Case, Report, Status};
use crate::{programs, test_disks};

/// Modules of the kernel the scenarios use, besides those of the file systems of the shapes.
const MODULES: &str = "virtio_pci virtio_blk virtio_console virtio_rng overlay loop dm_mod dm_flakey \
     quota_v2 fuse vfat nls_cp437 nls_ascii";

/// Modules that the kernel may lack; the cases report that.
const IF_THERE: &[&str] = &["bfs"];

/// Number of crashed machines after which a run is given up.
const MAX_CRASHES: usize = 12;

/// Options of all that runs cases.
#[derive(Args)]
pub struct Options {
    /// Run only the cases whose name (SHAPE/SCENARIO, check/NAME, INSTRUMENT/NAME) matches.
    #[arg(long, value_name = "REGEX", env = "FILTER")]
    filter: Option<String>,
    /// Run the Nth of M parts of the cases only.
    #[arg(long, value_name = "N/M", default_value_t = Part::WHOLE)]
    part: Part,
    /// How many machines share the work; the default is one for each processor.
    #[arg(long, value_name = "N", env = "JOBS")]
    jobs: Option<usize>,
    /// Write the results to a file, for programs.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    guest: Guest,
}

/// Scenarios and checks.
#[derive(Args)]
pub struct Scenarios {
    /// Run only this shape of layers.
    #[arg(long, value_name = "NAME", env = "SHAPE")]
    shape: Option<String>,
    /// Run every scenario in every shape, not only in a few of them.
    #[arg(long)]
    all: bool,
    /// Run the cases of --filter in a few shapes, as without it, not in every shape.
    #[arg(long, conflicts_with = "all")]
    spread: bool,
    /// Run every scenario in one shape only.
    #[arg(long, conflicts_with_all = ["all", "spread"])]
    one: bool,
    /// With --one: take for each scenario the shape that is so many behind its first.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "one")]
    turn: usize,
    /// More words for the kernel's command line.
    #[arg(long, value_name = "WORDS", default_value = "")]
    words: String,
    #[command(flatten)]
    options: Options,
}

/// Cases made from numbers.
#[derive(Args)]
pub struct Instrument {
    /// Its name; union-vm list names them.
    name: String,
    /// The first seed.
    #[arg(long, value_name = "S", env = "SEED")]
    seed: Option<u64>,
    /// How many seeds.
    #[arg(long, value_name = "N", env = "COUNT")]
    count: Option<usize>,
    /// How much to do for each seed, in the instrument's own measure.
    #[arg(long, value_name = "N", env = "SIZE")]
    size: Option<usize>,
    #[command(flatten)]
    options: Options,
}

/// Runs scenarios and checks; returns whether all succeeded.
pub fn scenarios(places: &Places, request: Scenarios) -> Result<bool> {
    let mut options = request.options;
    if let Some(shape) = &request.shape {
        let filter = options.filter.map(|filter| format!(".*({filter})"));
        options.filter = Some(format!("^{shape}/{}", filter.unwrap_or_default()));
    }
    // Named cases are always run.
    let set = if request.one {
        Set::One(request.turn)
    } else if request.all || (options.filter.is_some() && !request.spread) {
        Set::All
    } else {
        Set::Spread
    };
    run(places, set, &options, &request.words)
}

/// Runs an instrument; returns whether all succeeded.
pub fn instrument(places: &Places, request: Instrument) -> Result<bool> {
    let name = &request.name;
    let instrument = instrument::find(name)
        .with_context(|| format!("there is no instrument {name:?}; see union-vm list"))?;
    let usual = instrument.usual;
    let series = Series {
        seed: request.seed.unwrap_or(usual.seed),
        count: request.count.unwrap_or(usual.count),
        size: request.size.unwrap_or(usual.size),
    };
    run(
        places,
        Set::Instrument(instrument, series),
        &request.options,
        "",
    )
}

/// The end of one machine.
enum End {
    /// With a complete report.
    Complete,
    /// An early end, during this case if there is one, for the reasons in the lines.
    Early(Option<String>, Vec<String>),
}

/// The results, for programs.
#[derive(Serialize)]
struct Results<'a> {
    kernel: &'a str,
    fstype: &'a str,
    passed: usize,
    failed: usize,
    skipped: usize,
    cases: &'a [Case],
}

/// What to test.
struct Request<'a> {
    set: Set,
    options: &'a Options,
    guest: &'a Guest,
    /// More words of the kernel command line.
    words: &'a str,
}

impl Request<'_> {
    /// The type of the file system under test.
    fn fstype(&self) -> &str {
        match self.set {
            Set::Instrument(instrument, _) if !instrument.needs_union => "none",
            _ => &self.guest.fstype,
        }
    }
}

/// The common properties of the machines of one run.
struct Run<'a> {
    places: &'a Places,
    request: &'a Request<'a>,
    kernel: &'a Kernel,
    initramfs: Vec<u8>,
    ui: Mutex<Ui>,
}

fn run(places: &Places, set: Set, options: &Options, words: &str) -> Result<bool> {
    let kernel = places.kernel(options.guest.common.kernel.as_deref())?;
    // The cases are described for its processor.
    elf::make_for(match kernel.architecture {
        Architecture::Amd64 => Processor::X86_64,
        Architecture::Arm64 => Processor::AArch64,
    });
    let request = Request {
        set,
        options,
        words,
        guest: &options.guest,
    };
    let request = &request;
    let count = count(request)?;
    // A second machine is not worth its boot for one case.
    let worth = match request.set {
        // These take minutes, not moments.
        Set::Instrument(..) => count,
        Set::One(_) | Set::Spread | Set::All => count / 60 + 1,
    };
    let jobs = request
        .options
        .jobs
        .unwrap_or_else(together::processors)
        .clamp(1, worth.max(1));
    let run = Run {
        places,
        request,
        kernel: &kernel,
        initramfs: initramfs(places, request, &kernel)?,
        ui: Mutex::new(Ui::new(
            command(request),
            request.guest.common.verbose,
            count,
        )),
    };
    // Made once, not by every machine at the same time.
    test_disks::for_shapes(places)?;
    let results = together::each(0..jobs, |job| run.share(job, jobs))?;
    let cases: Vec<Case> = results.into_iter().flatten().collect();
    let ui = run.ui.into_inner().expect("no thread panics");
    let (passed, failed, skipped) = ui.summary(&cases);
    if let Some(path) = &request.options.json {
        let results = Results {
            kernel: &kernel.abi,
            fstype: request.fstype(),
            passed,
            failed,
            skipped,
            cases: &cases,
        };
        let file =
            std::fs::File::create(path).with_context(|| format!("making {}", path.display()))?;
        serde_json::to_writer_pretty(file, &results).context("writing the results")?;
    }
    Ok(failed == 0 && !cases.is_empty())
}

/// The number of requested cases; none at all is an error.
fn count(request: &Request) -> Result<usize> {
    let filter = request.options.filter.as_deref().unwrap_or_default();
    let regex = Regex::new(filter).context("--filter is not a regular expression")?;
    let count = catalogue::chosen(request.set)
        .iter()
        .filter(|case| request.options.part.has(case) && regex.is_match(&case.name()))
        .count();
    if count == 0 && !filter.contains("health") {
        bail!("--filter {filter:?} matches no case; see union-vm list");
    }
    Ok(count)
}

/// The command, without a filter, that runs cases of the same set.
fn command(request: &Request) -> String {
    let mut command = match request.set {
        Set::One(_) | Set::Spread | Set::All => "test".to_owned(),
        Set::Instrument(instrument, series) => format!(
            "instrument {} --seed {} --count {} --size {}",
            instrument.name, series.seed, series.count, series.size
        ),
    };
    if let Some(kernel) = &request.guest.common.kernel {
        command += &format!(" --kernel {kernel}");
    }
    command
}

impl Run<'_> {
    /// Runs every `jobs`th case, from `job`.
    fn share(&self, job: usize, jobs: usize) -> Result<Vec<Case>> {
        let mut cases: Vec<Case> = Vec::new();
        let name = match self.request.set {
            Set::Instrument(instrument, _) => instrument.name,
            Set::One(_) | Set::Spread | Set::All => "test",
        };
        let base = match job {
            0 => name.to_owned(),
            _ => format!("{name}-{}", (b'a' + job as u8) as char),
        };
        let mut log = format!("{base}.log");
        for attempt in 0.. {
            let plan = self.plan((job, jobs), cases.len(), &log)?;
            let text = match attempt {
                0 => format!("booting {} ({})", self.kernel.abi, plan.log.display()),
                _ => "booting again behind the case that ended the machine".to_owned(),
            };
            self.ui().say(&text);
            let mut machine = Machine::start(self.places, plan)?;
            let End::Early(name, lines) = self.follow(&mut machine, &mut cases) else {
                break;
            };
            // After a crash in the last case there is nothing left to run.
            let in_case = name
                .as_ref()
                .is_some_and(|name| !name.starts_with("health/"));
            let case = Case {
                name: name.unwrap_or_else(|| "machine".into()),
                status: Status::Crashed,
                lines,
                millis: 0,
            };
            self.ui().case(&case);
            cases.push(case);
            if !in_case || attempt + 1 == MAX_CRASHES {
                self.ui()
                    .say("giving up: cases that were not run count as failed");
                break;
            }
            log = format!("{base}-{}.log", attempt + 2);
        }
        Ok(cases)
    }

    fn ui(&self) -> MutexGuard<'_, Ui> {
        self.ui.lock().expect("no thread panics")
    }

    fn plan(&self, (job, jobs): (usize, usize), from: usize, log: &str) -> Result<Plan<'_>> {
        let request = self.request;
        let needs = &self.kernel.needs;
        let words = vec![
            "union.mode=test".to_owned(),
            format!("union.fstype={}", request.fstype()),
            format!("union.set={}", request.set.word()),
            format!("union.part={}", request.options.part),
            format!("union.share={job}/{jobs}"),
            format!("union.from={from}"),
            format!("union.slowness={}", needs.slowness),
            request.words.to_owned(),
        ];
        let patience = match request.set {
            Set::Instrument(instrument, _) => instrument.limit + Duration::from_secs(30),
            Set::One(_) | Set::Spread | Set::All => Duration::from_secs(300),
        };
        let timeout = request.guest.common.limit(TIMEOUT);
        let initramfs = self.initramfs.clone();
        Ok(Plan {
            words,
            disks: test_disks::for_shapes(self.places)?,
            memory: needs.memory.clone(),
            processors: match request.set {
                Set::Instrument(instrument, _) => Processors::Many(instrument.processors),
                Set::One(_) | Set::Spread | Set::All => Processors::default(),
            },
            silence: needs.slowness * patience,
            ..Plan::new(self.places, self.kernel, initramfs, log, timeout)?
        })
    }

    /// Follows one machine to its end.
    fn follow(&self, machine: &mut Machine, cases: &mut Vec<Case>) -> End {
        let mut report = Report::default();
        let mut console = Tail::default();
        let mut why = None;
        loop {
            match machine.event() {
                Event::Console(line) => {
                    self.ui().console(&line);
                    if kernel_log::is_last(&line) {
                        machine.hurry(self.kernel.needs.slowness * Duration::from_secs(10));
                    }
                    console.push(line);
                }
                Event::Verdict(line) => {
                    if let Some(case) = report.take(&line) {
                        self.ui().case(&case);
                        cases.push(case);
                    } else if let Some(name) = &report.running {
                        self.ui().started(name);
                    }
                }
                Event::Stopped(reason) => why = Some(reason),
                Event::Gone => break,
                Event::Prompt(_) | Event::Stdout(_) | Event::Stderr(_) => {}
            }
        }
        if report.ended() && report.planned == Some(cases.len()) && why.is_none() {
            return End::Complete;
        }
        let lines = report.unfinished(why.as_deref(), &console);
        End::Early(report.running, lines)
    }
}

/// The first root of the machines.
fn initramfs(places: &Places, request: &Request, kernel: &Kernel) -> Result<Vec<u8>> {
    let guest = initramfs::guest(places, kernel, request.guest.guest.clone())?;
    let module = match request.fstype() {
        "union" => places.module(kernel, "union.ko")?,
        _ => None,
    };
    let disk_file_systems = shape::file_systems()
        .into_iter()
        .filter(|fs| fs.disk().is_some());
    let dependencies = Dependencies::read(&kernel.modules)?;
    let modules: Vec<&str> = words(MODULES)
        .into_iter()
        .chain(
            IF_THERE
                .iter()
                .copied()
                .filter(|name| dependencies.has(name)),
        )
        .chain(disk_file_systems.map(Fs::module))
        .chain(match request.set {
            Set::Instrument(instrument, _) => instrument.modules.iter().copied(),
            Set::One(_) | Set::Spread | Set::All => [].iter().copied(),
        })
        .collect();
    // The sample file system, which has a check.
    let sample = match &module {
        Some(_) => places.module(kernel, "passfs.ko")?,
        None => None,
    };
    let sample = match sample {
        Some(path) => {
            let data =
                std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            vec![("passfs.ko", data)]
        }
        None => Vec::new(),
    };
    if let Set::Instrument(instrument, _) = request.set
        && !(instrument.programs.is_empty() || kernel.architecture.native())
    {
        bail!(
            "the instrument {} needs programs of the build root, which are not for {}",
            instrument.name,
            kernel.architecture.name()
        );
    }
    let programs = match request.set {
        Set::Instrument(instrument, _) => programs::files(places, instrument.programs)?,
        Set::One(_) | Set::Spread | Set::All => Vec::new(),
    };
    let programs = programs.iter().map(|(path, data)| (&**path, &data[..]));
    let mut files: Vec<(&str, &[u8])> = sample
        .iter()
        .map(|(name, data)| (*name, &data[..]))
        .chain(programs)
        .collect();
    // Not on the kernel command line, which has a limit.
    if let Some(filter) = &request.options.filter {
        files.push(("filter", filter.as_bytes()));
    }
    initramfs::build(
        kernel,
        &Contents {
            guest: &guest,
            modules: &modules,
            union: module,
            files: &files,
        },
    )
}
