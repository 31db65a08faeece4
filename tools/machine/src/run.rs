// SPDX-License-Identifier: GPL-2.0-only
//! A Debian root that is a union, for any command.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::console::Tail;
use crate::disks::{self, Disk, Writes};
use crate::initramfs::{self, Contents};
use crate::machine::{self, Event, Machine, Plan};
use crate::paths::{Kernel, Places};
use crate::qemu::Processors;

/// Modules of the kernel such a machine uses.
const MODULES: &str = "virtio_pci virtio_blk virtio_console virtio_rng erofs ext4 overlay loop 9p \
     9pnet_virtio fuse";

/// The default memory of a machine.
pub const MEMORY: &str = "2G";

/// The default time limit of a machine, in seconds.
pub const TIMEOUT: u64 = 3600;

/// The configuration of such a machine.
pub struct Request {
    /// Which kernel.
    pub kernel: Option<String>,
    /// Type of the root: `union`, or `overlay` to compare.
    pub fstype: String,
    /// Which Debian image is the lower layer of the root.
    pub image: String,
    /// File systems of which the machine gets an empty disk, at /disks/NAME.
    pub scratch: Vec<String>,
    /// Memory, as QEMU takes it.
    pub memory: String,
    /// Processors.
    pub processors: Processors,
    /// Further modules of the kernel, each with its parameters behind it.
    pub modules: Vec<String>,
    /// A directory of the host, visible at /mnt/share.
    pub share: Option<PathBuf>,
    /// The guest program, if not the usual one.
    pub guest: Option<PathBuf>,
    /// When to give up.
    pub timeout: Duration,
    /// Show the console.
    pub verbose: bool,
    /// The name of the log of its console.
    pub log: String,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            kernel: None,
            fstype: "union".into(),
            image: "root".into(),
            scratch: Vec::new(),
            memory: MEMORY.into(),
            processors: Processors::default(),
            modules: Vec::new(),
            share: None,
            guest: None,
            timeout: Duration::from_secs(TIMEOUT),
            verbose: false,
            log: "run".into(),
        }
    }
}

/// Runs a command; returns its exit status. Its output goes to `output`, its errors to standard error.
pub fn run(
    places: &Places,
    request: &Request,
    command: &str,
    mut output: impl FnMut(&[u8]) -> Result<()>,
) -> Result<u8> {
    let kernel = places.kernel(request.kernel.as_deref())?;
    let files: [(&str, &[u8]); 1] = [("command", command.as_bytes())];
    let mut plan = plan(places, request, &kernel, "run", &files)?;
    plan.output = true;
    let log = plan.log.clone();
    let mut machine = Machine::start(places, plan)?;
    let mut status = None;
    let mut why = None;
    let mut console = Tail::default();
    loop {
        match machine.event() {
            Event::Stdout(data) => output(&data)?,
            Event::Stderr(data) => std::io::stderr().write_all(&data)?,
            Event::Console(line) => {
                if request.verbose {
                    eprintln!("  | {line}");
                }
                console.push(line);
            }
            Event::Verdict(line) => {
                if let Some(code) = line.strip_prefix("exit ") {
                    status = code.parse::<u8>().ok();
                } else if let Some(reason) = line.strip_prefix("Bail out! ") {
                    why = Some(format!("the guest gave up: {reason}"));
                }
            }
            Event::Stopped(reason) => why = Some(format!("the machine was stopped: {reason}")),
            Event::Gone => break,
            Event::Prompt(_) => {}
        }
    }
    match (status, why) {
        (Some(status), None) => Ok(status),
        (_, why) => bail!(
            "{}; its console is in {}, the end of it:\n{}",
            why.unwrap_or_else(|| "the machine ended before the command did".into()),
            log.display(),
            console.story(40).join("\n")
        ),
    }
}

/// Gives a shell on this terminal.
pub fn shell(places: &Places, request: &Request) -> Result<()> {
    let kernel = places.kernel(request.kernel.as_deref())?;
    machine::on_terminal(places, plan(places, request, &kernel, "shell", &[])?)
}

fn plan<'a>(
    places: &Places,
    request: &Request,
    kernel: &'a Kernel,
    mode: &str,
    files: &[(&str, &[u8])],
) -> Result<Plan<'a>> {
    if !kernel.architecture.native() {
        bail!(
            "{} is a kernel for {}, but the Debian images in the cache are not; only scenarios run there (union-vm test)",
            kernel.abi,
            kernel.architecture.name()
        );
    }
    let root = places.images()?.join(format!("{}.erofs", request.image));
    if !root.is_file() {
        bail!(
            "{} is missing: the Debian root of such machines; scripts/image-{} builds it",
            root.display(),
            request.image
        );
    }
    let mut disks = vec![Disk {
        serial: "root".into(),
        image: root,
        writes: Writes::Refused,
    }];
    let mut modules = disks::words(MODULES);
    modules.extend(request.modules.iter().map(String::as_str));
    for name in &request.scratch {
        disks.push(disks::large(places, name)?);
        modules.push(name);
    }
    let guest = initramfs::guest(places, kernel, request.guest.clone())?;
    let union = match request.fstype.as_str() {
        "union" => places.module(kernel, "union.ko")?,
        _ => None,
    };
    let contents = Contents {
        guest: &guest,
        modules: &modules,
        union,
        files,
    };
    let mut words = vec![
        format!("union.mode={mode}"),
        format!("union.fstype={}", request.fstype),
    ];
    if !request.scratch.is_empty() {
        words.push(format!("union.scratch={}", request.scratch.join(",")));
    }
    if let Ok(term) = std::env::var("TERM") {
        words.push(format!("union.term={term}"));
    }
    let share = match &request.share {
        Some(share) => {
            words.push("union.share=1".into());
            let found = share.canonicalize();
            let found = found.with_context(|| format!("--share {}", share.display()))?;
            ensure!(
                found.is_dir(),
                "--share {} is not a directory",
                share.display()
            );
            Some(found)
        }
        None => None,
    };
    let log = format!("{}.log", request.log);
    let initramfs = initramfs::build(kernel, &contents)?;
    Ok(Plan {
        words,
        disks,
        share,
        memory: request.memory.clone(),
        processors: request.processors,
        ..Plan::new(places, kernel, initramfs, &log, request.timeout)?
    })
}
