// SPDX-License-Identifier: GPL-2.0-only
//! `union-vm cut`: machines that are killed while they work on a union, and others that check the disk.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use regex_lite::Regex;
use union_machine::console::Tail;
use union_machine::disks::{Disk, Writes, words};
use union_machine::initramfs::{self, Contents};
use union_machine::machine::{Event, Machine, Plan};
use union_machine::options::Guest;
use union_machine::paths::{Kernel, Places};
use union_machine::run::TIMEOUT;
use union_machine::signals;
use union_scenarios::crash::case::UPPERS;
use union_scenarios::crash::whole::{BEGIN, OPERATIONS};
use union_scenarios::image::Image;
use union_scenarios::random::Dice;

use crate::test_disks;
use crate::ui::Ui;
use crate::verdict::{Case, Report, Status};

/// The kernel modules of such a machine.
const MODULES: &str = "virtio_pci virtio_blk virtio_console virtio_rng overlay ext4 xfs";

/// What to do.
#[derive(Args)]
pub struct Request {
    /// The seed of the first workload.
    #[arg(long, value_name = "S", env = "SEED", default_value_t = 0)]
    seed: u64,
    /// How many seeds; each has a workload on ext4 and one on xfs.
    #[arg(long, value_name = "N", default_value_t = 2)]
    count: usize,
    /// Only the cuts whose name (cut/TYPE-SEED) matches.
    #[arg(long, value_name = "REGEX")]
    filter: Option<String>,
    #[command(flatten)]
    guest: Guest,
}

/// What all machines have in common.
struct Run<'a> {
    places: &'a Places,
    request: &'a Request,
    kernel: Kernel,
    initramfs: Vec<u8>,
    ui: Ui,
}

/// Cuts the power this many times; true if all cases passed.
pub fn run(places: &Places, request: &Request) -> Result<bool> {
    let kernel = places.kernel(request.guest.common.kernel.as_deref())?;
    let guest = initramfs::guest(places, &kernel, request.guest.guest.clone())?;
    let union = match request.guest.fstype.as_str() {
        "union" => places.module(&kernel, "union.ko")?,
        _ => None,
    };
    let contents = Contents {
        guest: &guest,
        modules: &words(MODULES),
        union,
        files: &[],
    };
    let filter = Regex::new(request.filter.as_deref().unwrap_or(""))
        .context("--filter is not a regular expression")?;
    let command = format!("cut --seed {} --count {}", request.seed, request.count);
    let planned = request.count * UPPERS.len();
    let mut run = Run {
        places,
        request,
        initramfs: initramfs::build(&kernel, &contents)?,
        kernel,
        ui: Ui::new(command, request.guest.common.verbose, planned),
    };
    let directory = tempfile::Builder::new()
        .prefix("union-cut.")
        .tempdir_in("/tmp")
        .context("making a directory for a disk in /tmp")?;
    signals::remove_at_end(directory.path());
    let mut cases = Vec::new();
    for number in 0..request.count as u64 {
        for image in &UPPERS {
            let seed = request.seed.wrapping_add(number);
            if !filter.is_match(&format!("cut/{}-{seed}", image.fstype)) {
                continue;
            }
            let case = run.round(image, seed, directory.path().join("disk"))?;
            run.ui.case(&case);
            cases.push(case);
        }
    }
    let (passed, failed, _) = run.ui.summary(&cases);
    Ok(failed == 0 && passed > 0)
}

/// The outcome of a machine.
enum End {
    /// It was killed when this operation had begun.
    Killed(usize),
    /// It has checked the disk, with this report.
    Looked(Case),
    /// It ended by itself, for the reasons in the lines.
    Early(Vec<String>),
}

impl Run<'_> {
    /// One machine that is killed, and one that checks.
    fn round(&mut self, image: &Image, seed: u64, path: PathBuf) -> Result<Case> {
        let name = format!("{}-{seed}", image.fstype);
        self.ui.started(&format!("cut/{name}"));
        let start = Instant::now();
        let disk = test_disks::fresh(self.places, image, path)?;
        let mut dice = Dice::new(seed ^ 0x006b_696c_6c65_6421);
        let last = 1 + dice.roll(OPERATIONS);
        let pause = Duration::from_micros(dice.roll(20_000) as u64);
        let end = match self.machine(&name, &disk.image, None, Some((last, pause)))? {
            End::Killed(begun) => self.machine(&name, &disk.image, Some(begun), None)?,
            early => early,
        };
        let mut case = match end {
            End::Looked(case) => case,
            End::Killed(_) => unreachable!("only the first machine is killed"),
            End::Early(lines) => Case {
                name: format!("cut/{name}"),
                status: Status::Crashed,
                lines,
                millis: 0,
            },
        };
        case.millis = start.elapsed().as_millis() as u64;
        Ok(case)
    }

    /// Follows one machine to its end, or kills it after so many operations.
    fn machine(
        &mut self,
        name: &str,
        image: &Path,
        begun: Option<usize>,
        kill: Option<(usize, Duration)>,
    ) -> Result<End> {
        let mut words = vec![
            "union.mode=cut".to_owned(),
            format!("union.cut={name}"),
            format!("union.fstype={}", self.request.guest.fstype),
        ];
        words.extend(begun.map(|number| format!("union.begun={number}")));
        let log = match begun {
            None => "cut.log",
            Some(_) => "cut-2.log",
        };
        let (initramfs, timeout) = (
            self.initramfs.clone(),
            self.request.guest.common.limit(TIMEOUT),
        );
        let plan = Plan {
            words,
            disks: vec![Disk {
                serial: "cut".to_owned(),
                image: image.to_owned(),
                writes: Writes::Kept,
            }],
            ..Plan::new(self.places, &self.kernel, initramfs, log, timeout)?
        };
        let mut machine = Machine::start(self.places, plan)?;
        let (mut console, mut report) = (Tail::default(), Report::default());
        let (mut reached, mut killed, mut why) = (0, false, None);
        let mut found = None;
        loop {
            match machine.event() {
                Event::Console(line) => {
                    self.ui.console(&line);
                    console.push(line);
                }
                Event::Verdict(line) => {
                    if let Some(number) = line.strip_prefix(BEGIN) {
                        reached = number.parse().unwrap_or(reached);
                    } else {
                        found = report.take(&line).or(found);
                    }
                    if let Some((last, pause)) = kill
                        && reached >= last
                        && !killed
                    {
                        std::thread::sleep(pause);
                        machine.kill();
                        killed = true;
                    }
                }
                Event::Stopped(reason) => why = Some(reason),
                Event::Gone => break,
                Event::Prompt(_) | Event::Stdout(_) | Event::Stderr(_) => {}
            }
        }
        match found {
            _ if killed => return Ok(End::Killed(reached)),
            Some(case) if report.ended() && why.is_none() => return Ok(End::Looked(case)),
            _ => {}
        }
        Ok(End::Early(report.unfinished(why.as_deref(), &console)))
    }
}
