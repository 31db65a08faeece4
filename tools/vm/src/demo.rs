// SPDX-License-Identifier: GPL-2.0-only
//! `union-vm demo`: boots a real Debian root on a union mount and shows that it works.
//!
//! The root is an erofs image, read-only; the upper layer is an ext4 disk or a tmpfs. The union is mounted before
//! systemd starts, by samples/boot/init and the scripts in tools/boot.
//!
//! - Boot 1 of machine A changes the system in many ways. At the same time machine B runs from the same image, with a
//!   disk of its own.
//! - Boot 2 of machine A finds everything as it was left.
//! - Boot 3, with the same image and an empty upper layer in memory, finds nothing of it.
//! - The image is the same as before, bit by bit.

mod boots;
mod initramfs;
mod report;
mod story;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex};

use anyhow::{Context, Result, ensure};
use clap::Args;
use sha2::{Digest, Sha256};
use union_machine::disks::{self, Disk, Writes};
use union_machine::machine::{Event, Machine, Plan};
use union_machine::options::Common;
use union_machine::paths::{Kernel, Places};
use union_machine::together;
use union_support::disk;

use crate::boot::{WORDS, is_alarm};
use boots::{Boot, Changes};
use report::{Line, Outcome};
use story::Story;

/// What to do.
#[derive(Args)]
pub struct Request {
    /// The file system type to mount; overlay shows the demonstration without the module.
    #[arg(long, value_name = "TYPE", env = "FSTYPE", default_value = "union")]
    fstype: String,
    #[command(flatten)]
    common: Common,
}

/// Seconds that each of the two groups of boots may take, if not said otherwise.
const TIMEOUT: u64 = 240;

/// Units without a use in a machine that is discarded, besides those that no boot has.
const MASKED: &str = "systemd.mask=apt-daily.timer systemd.mask=apt-daily-upgrade.timer \
     systemd.mask=dpkg-db-backup.timer systemd.mask=e2scrub_all.timer systemd.mask=fstrim.timer \
     systemd.mask=sys-kernel-debug.mount systemd.mask=sys-kernel-tracing.mount";

/// What all machines have in common.
struct Setup<'a> {
    places: &'a Places,
    request: &'a Request,
    kernel: Kernel,
    initramfs: Vec<u8>,
    /// The image of the lower layer.
    lower: PathBuf,
    /// The folder of the log, the consoles and the disks.
    folder: PathBuf,
}

/// Runs the whole demonstration; returns whether everything worked.
pub fn run(places: &Places, request: &Request) -> Result<bool> {
    let setup = Setup::new(places, request)?;
    let mut story = Story::begin(&setup.folder.join("log"))?;
    story.tell(&format!(
        "A Debian root on a {} mount, kernel {}",
        request.fstype, setup.kernel.abi
    ));
    let before = digest(&setup.lower)?;
    let size = fs::metadata(&setup.lower)?.len() >> 20;
    story.tell(&format!(
        "  lower layer:  erofs image, {size} MiB, SHA-256 {before}"
    ));
    story.tell("  upper layers: an empty ext4 disk for each of the machines A and B");

    let mut failures = 0;
    let first = setup.run(&mut story, &mut failures, [&boots::FIRST, &boots::OTHER])?;
    if first.ended {
        story.chapter("After boot 1");
        story.upper_layer(&first);
        setup.run(&mut story, &mut failures, [&boots::AGAIN, &boots::FRESH])?;
    } else {
        story.bad("boots 2 and 3 are skipped, because boot 1 did not end");
    }

    story.chapter("The lower layer");
    let after = digest(&setup.lower)?;
    if after == before {
        story.good(&format!("SHA-256 is the same as before: {after}"));
    } else {
        story.bad(&format!("SHA-256 has changed to {after}"));
        failures += 1;
    }

    story.chapter(&match failures {
        0 => "Everything worked.".to_owned(),
        1 => "One thing went wrong.".to_owned(),
        count => format!("{count} things went wrong."),
    });
    let seconds = story.seconds();
    story.tell(&format!(
        "  {seconds:.0} seconds; log and consoles are in {}",
        setup.folder.display()
    ));
    Ok(failures == 0)
}

impl<'a> Setup<'a> {
    /// Finds the kernel and the image; makes the initial ram disk and two empty disks.
    fn new(places: &'a Places, request: &'a Request) -> Result<Self> {
        let kernel = places.kernel(request.common.kernel.as_deref())?;
        let lower = places.images()?.join("root.erofs");
        ensure!(
            lower.is_file(),
            "{} is missing; scripts/image-root builds it",
            lower.display()
        );
        let folder = places.repo.join("out/demo");
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let mkfs = disk::mkfs("ext4").context("ext4 can be made")?;
        let empty = disks::scratch(places, "demo", &disks::words(mkfs), 512)?;
        for name in [Changes::DiskA, Changes::DiskB]
            .iter()
            .filter_map(|changes| changes.disk())
        {
            disks::copy(&empty, &folder.join(name))?;
        }
        Ok(Self {
            initramfs: initramfs::build(places, &kernel, &request.fstype)?,
            places,
            request,
            kernel,
            lower,
            folder,
        })
    }

    /// Runs two boots at the same time and returns the result of the first. The first is reported at once, the second
    /// afterwards.
    fn run(&self, story: &mut Story, failures: &mut usize, boots: [&Boot; 2]) -> Result<Outcome> {
        story.chapter(boots[0].title);
        let told = Mutex::new((story, Vec::new()));
        let see = |number: usize, line: &Line| {
            let mut told = told.lock().expect("no thread panics");
            if number == 0 {
                told.0.line(line);
            } else {
                told.0.note(&format!("{}: {line:?}", boots[number].name));
                told.1.push(line.clone());
            }
        };
        let meeting = Meeting::new(boots.len());
        let mut outcomes = together::each(boots.iter().enumerate(), |(number, boot)| {
            let outcome = self.machine(boot, &meeting, |line| see(number, line));
            meeting.ended();
            outcome
        })?;
        let (story, later) = told.into_inner().expect("no thread panics");
        for (at, (boot, outcome)) in boots.iter().zip(&mut outcomes).enumerate() {
            if at > 0 {
                story.chapter(boot.title);
                later.iter().for_each(|line| story.line(line));
            }
            outcome.expect(boot.steps, boot.in_upper);
            for failure in &outcome.failures {
                story.bad(failure);
            }
            if outcome.count() > 0 {
                let console = self.console(boot);
                story.tell(&format!("          see {}", console.display()));
            }
            *failures += outcome.count();
        }
        Ok(outcomes.swap_remove(0))
    }

    fn console(&self, boot: &Boot) -> PathBuf {
        self.folder.join(format!("{}.serial", boot.name))
    }

    /// Runs one machine to its end; `see` gets every line of its report.
    fn machine(&self, boot: &Boot, meeting: &Meeting, see: impl Fn(&Line)) -> Result<Outcome> {
        let mut disks = vec![Disk {
            serial: "lower".into(),
            image: self.lower.clone(),
            writes: Writes::Refused,
        }];
        disks.extend(boot.changes.disk().map(|name| Disk {
            serial: "changes".into(),
            image: self.folder.join(name),
            writes: Writes::Kept,
        }));
        let union = match boot.changes.disk() {
            Some(_) => "/dev/vdb",
            None => "tmpfs:size=256m",
        };
        let words = format!(
            "root=/dev/vda rootfstype=erofs union={union} unionfstype={} union-demo={}",
            self.request.fstype, boot.script
        );
        let initramfs = self.initramfs.clone();
        let timeout = self.request.common.limit(TIMEOUT);
        let mut machine = Machine::start(
            self.places,
            Plan {
                words: vec![WORDS.into(), MASKED.into(), words],
                disks,
                log: self.console(boot),
                ..Plan::new(self.places, &self.kernel, initramfs, "demo.log", timeout)?
            },
        )?;
        let mut outcome = Outcome::default();
        loop {
            match machine.event() {
                Event::Verdict(line) => {
                    let line = Line::parse(&line);
                    see(&line);
                    if line == Line::Meet {
                        meeting.wait();
                        // A crashed machine is detected by its incomplete report.
                        let _ = machine.answer("go");
                    }
                    outcome.add(line);
                }
                Event::Console(line) => {
                    if is_alarm(&line) && outcome.failures.len() < 3 {
                        let failure = format!("the console says: {}", line.trim());
                        outcome.failures.push(failure);
                    }
                }
                Event::Stopped(reason) => {
                    outcome
                        .failures
                        .push(format!("the machine was stopped: {reason}"));
                }
                Event::Gone => return Ok(outcome),
                Event::Prompt(_) | Event::Stdout(_) | Event::Stderr(_) => {}
            }
        }
    }
}

/// Where machines wait for one another, once: all continue when all have arrived that still can.
struct Meeting {
    expected: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    fn new(all: usize) -> Self {
        Self {
            expected: Mutex::new(all),
            changed: Condvar::new(),
        }
    }

    /// A machine that has ended will not arrive.
    fn ended(&self) {
        let mut expected = self.expected.lock().expect("no thread panics");
        *expected = expected.saturating_sub(1);
        self.changed.notify_all();
    }

    /// Waits for the others.
    fn wait(&self) {
        self.ended();
        let expected = self.expected.lock().expect("no thread panics");
        drop(self.changed.wait_while(expected, |expected| *expected > 0));
    }
}

fn digest(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    std::io::copy(&mut file, &mut hasher).with_context(|| format!("reading {}", path.display()))?;
    let bytes = hasher.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
