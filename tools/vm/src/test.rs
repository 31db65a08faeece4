// SPDX-License-Identifier: GPL-2.0-only
//! `union-vm test`: boots a machine, reads its report, and boots another behind a case that took the kernel down.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use union_scenarios::catalogue;
use union_scenarios::shape::{self, Fs};

use crate::console::Tail;
use crate::disks;
use crate::initramfs::{self, Contents};
use crate::machine::{Event, Machine, Plan};
use crate::paths::{Kernel, Places};
use crate::ui::Ui;
use crate::verdict::{Case, Report, Status};

/// Modules of the kernel the scenarios use, besides those of the file systems of the shapes.
const MODULES: &[&str] = &[
    "virtio_pci",
    "virtio_blk",
    "virtio_console",
    "virtio_rng",
    "overlay",
    "loop",
    "dm_mod",
    "dm_flakey",
    "quota_v2",
    "vfat",
    "nls_cp437",
    "nls_ascii",
];

/// How many machines may die before a run is given up.
const MAX_CRASHES: usize = 12;

/// What to test.
pub struct Request {
    /// Which cases, as a regular expression on their names.
    pub filter: Option<String>,
    /// Which kernel.
    pub kernel: Option<String>,
    /// Type under test.
    pub fstype: String,
    /// Show everything.
    pub verbose: bool,
    /// Where to write the results for programs.
    pub json: Option<PathBuf>,
    /// When to give up.
    pub timeout: Duration,
    /// The guest program, if not the usual one.
    pub guest: Option<PathBuf>,
}

/// How one machine ended.
enum End {
    /// With a complete report.
    Complete,
    /// Before it, in this case if in one; the lines say what is known.
    Early(Option<String>, Vec<String>),
}

/// Runs the tests; true when all went well.
pub fn run(places: &Places, request: &Request) -> Result<bool> {
    if let Some(filter) = &request.filter {
        let regex = Regex::new(filter).context("--filter is not a regular expression")?;
        if !catalogue::all().any(|case| regex.is_match(&case.name())) && !filter.contains("health")
        {
            bail!("--filter {filter:?} matches no case; union-vm list names them");
        }
        if filter.contains(|letter: char| letter.is_whitespace() || letter == '"') {
            bail!("--filter {filter:?}: names of cases hold neither blanks nor quotes");
        }
    }
    let mut ui = Ui::new(request.verbose);
    let kernel = places.kernel(request.kernel.as_deref())?;
    let guest = initramfs::guest(places, request.guest.clone())?;
    let module = match request.fstype.as_str() {
        "union" => Some(places.module(&kernel, "union.ko")?),
        _ => None,
    };
    let mut cases: Vec<Case> = Vec::new();
    let mut log = places.log_dir()?.join("test.log");
    for attempt in 0.. {
        let plan = plan(
            places,
            request,
            &kernel,
            &guest,
            module.clone(),
            cases.len(),
            &log,
        )?;
        if attempt == 0 {
            ui.say(&format!("booting {} ({})", kernel.abi, log.display()));
        } else {
            ui.say("booting again behind the case that ended the machine");
        }
        let mut machine = Machine::start(places, plan)?;
        let (name, lines) = match follow(&mut machine, &mut ui, &mut cases) {
            End::Complete => break,
            End::Early(name, lines) => (name, lines),
        };
        // Behind a failure at the very end there is nothing left to run.
        let in_case = name
            .as_ref()
            .is_some_and(|name| !name.starts_with("health/"));
        let case = Case {
            name: name.unwrap_or_else(|| "machine".into()),
            status: Status::Crashed,
            lines,
            millis: 0,
        };
        ui.case(&case);
        cases.push(case);
        if !in_case || attempt + 1 == MAX_CRASHES {
            ui.say("giving up: what was not run counts as failed");
            break;
        }
        log = log.with_file_name(format!("test-{}.log", attempt + 2));
    }
    ui.summary(&cases);
    if let Some(path) = &request.json {
        let file =
            std::fs::File::create(path).with_context(|| format!("making {}", path.display()))?;
        serde_json::to_writer_pretty(file, &cases).context("writing the results")?;
    }
    let good = |case: &Case| matches!(case.status, Status::Passed | Status::Skipped);
    Ok(!cases.is_empty() && cases.iter().all(good))
}

fn plan<'a>(
    places: &Places,
    request: &Request,
    kernel: &'a Kernel,
    guest: &Path,
    module: Option<PathBuf>,
    from: usize,
    log: &Path,
) -> Result<Plan<'a>> {
    let disk_file_systems = shape::file_systems()
        .into_iter()
        .filter(|fs| fs.disk().is_some());
    let modules: Vec<&str> = MODULES
        .iter()
        .copied()
        .chain(disk_file_systems.map(Fs::name))
        .collect();
    // The sample file system, which has a check.
    let sample = match &module {
        Some(_) => {
            let path = places.module(kernel, "passfs.ko")?;
            let data =
                std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            vec![("passfs.ko", data)]
        }
        None => Vec::new(),
    };
    let files: Vec<(&str, &[u8])> = sample
        .iter()
        .map(|(name, data)| (*name, &data[..]))
        .collect();
    let initramfs = initramfs::build(
        kernel,
        &Contents {
            guest,
            modules: &modules,
            union: module,
            files: &files,
        },
    )?;
    let mut words = vec![
        "union.mode=test".to_owned(),
        format!("union.fstype={}", request.fstype),
        format!("union.from={from}"),
    ];
    words.extend(
        request
            .filter
            .as_ref()
            .map(|filter| format!("union.filter={filter}")),
    );
    Ok(Plan {
        kernel,
        initramfs,
        words,
        disks: disks::for_shapes(places)?,
        share: None,
        output: false,
        memory: "2G".into(),
        log: log.to_owned(),
        timeout: request.timeout,
        silence: Duration::from_secs(150),
    })
}

/// Follows one machine to its end.
fn follow(machine: &mut Machine, ui: &mut Ui, cases: &mut Vec<Case>) -> End {
    let mut report = Report::default();
    let mut console = Tail::default();
    let mut why = None;
    loop {
        match machine.next() {
            Event::Console(line) => {
                ui.console(&line);
                console.push(line);
            }
            Event::Verdict(line) => {
                if let Some(case) = report.take(&line) {
                    ui.case(&case);
                    cases.push(case);
                } else if let Some(name) = &report.running {
                    ui.started(name, cases.len(), report.planned);
                }
            }
            Event::Stopped(reason) => why = Some(reason),
            Event::Gone => break,
            Event::Stdout(_) | Event::Stderr(_) => {}
        }
    }
    if report.ended() && report.planned == Some(cases.len()) && why.is_none() {
        return End::Complete;
    }
    let mut lines = vec![match (&why, &report.bailed) {
        (_, Some(bailed)) => format!("the guest gave up: {bailed}"),
        (Some(why), None) => format!("the machine was stopped: {why}"),
        (None, None) => "the machine ended before its report did".to_owned(),
    }];
    lines.push("the end of its console:".into());
    lines.extend(console.story(50));
    End::Early(report.running, lines)
}
