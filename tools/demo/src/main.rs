// SPDX-License-Identifier: GPL-2.0-only
//! `union-demo`: boots a real Debian root on a union mount and shows that it works.
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
mod machine;
mod report;
mod story;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use sha2::{Digest, Sha256};

use boots::{Boot, Top};
use machine::{Setup, Spec};
use report::Outcome;
use story::Story;

/// Boot a real Debian root on a union mount and show that it works.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The checkout
    #[arg(long, default_value = ".")]
    repo: PathBuf,
    /// Where the log and the consoles go [default: out/demo in the checkout]
    #[arg(long)]
    out: Option<PathBuf>,
    /// The union module [default: out/ABI/union.ko in the checkout]
    #[arg(long)]
    module: Option<PathBuf>,
    /// The kernel release [default: what scripts/setup chooses]
    #[arg(long)]
    abi: Option<String>,
    /// The file system type to mount; overlay shows the demonstration without the module
    #[arg(long = "type", env = "UNION_FSTYPE", default_value = "union")]
    fs_type: String,
    /// How many seconds each of the two groups of boots may take
    #[arg(long, default_value_t = 240)]
    timeout: u64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("union-demo: error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Where everything is.
struct Places {
    enter: PathBuf,
    kernel: PathBuf,
    lower: PathBuf,
    out: PathBuf,
    initramfs: PathBuf,
    top_a: PathBuf,
    top_b: PathBuf,
    abi: String,
}

fn run(arguments: &Arguments) -> Result<bool> {
    let places = prepare(arguments)?;
    let mut story = Story::begin(&places.out.join("log"))?;
    let setup = Setup {
        enter: &places.enter,
        kernel: &places.kernel,
        initramfs: &places.initramfs,
        lower: &places.lower,
        folder: &places.out,
        fs_type: &arguments.fs_type,
        timeout: Duration::from_secs(arguments.timeout),
    };
    story.tell(&format!(
        "A Debian root on a {} mount, kernel {}",
        arguments.fs_type, places.abi
    ));
    let before = digest(&places.lower)?;
    let size = fs::metadata(&places.lower)?.len() >> 20;
    story.tell(&format!(
        "  lower layer: erofs image, {size} MiB, SHA-256 {before}"
    ));
    story.tell("  upper layers:  an empty ext4 disk for each of the machines A and B");

    let mut failures = 0;
    let run = |story: &mut Story, failures: &mut usize, boots: [&Boot; 2]| {
        run_at_once(&setup, &places, story, failures, boots)
    };
    let first = run(&mut story, &mut failures, [&boots::FIRST, &boots::OTHER])?;
    if first.ended {
        story.chapter("After boot 1");
        story.top_layer(&first);
        run(&mut story, &mut failures, [&boots::AGAIN, &boots::FRESH])?;
    } else {
        story.bad("boots 2 and 3 are not tried, because boot 1 did not get to its end");
    }

    story.chapter("The lower layer");
    let after = digest(&places.lower)?;
    if after == before {
        story.good(&format!("SHA-256 is the same as before: {after}"));
    } else {
        story.bad(&format!("SHA-256 has changed to {after}"));
        failures += 1;
    }

    story.chapter(&match failures {
        0 => "Everything went as it should.".to_owned(),
        1 => "One thing went wrong.".to_owned(),
        count => format!("{count} things went wrong."),
    });
    let seconds = story.seconds();
    story.tell(&format!(
        "  {seconds:.0} seconds; log and consoles are in {}",
        places.out.display()
    ));
    Ok(failures == 0)
}

/// Runs two boots at the same time and returns what became of the first. It tells its story as it goes, the second
/// afterwards.
fn run_at_once(
    setup: &Setup<'_>,
    places: &Places,
    story: &mut Story,
    failures: &mut usize,
    boots: [&Boot; 2],
) -> Result<Outcome> {
    let specs = boots.map(|boot| Spec {
        name: boot.name,
        steps: boot.script,
        top: match boot.top {
            Top::DiskA => Some(&places.top_a),
            Top::DiskB => Some(&places.top_b),
            Top::Memory => None,
        },
    });
    story.chapter(boots[0].title);
    let mut later = Vec::new();
    let mut outcomes = setup.run(&specs, |number, line| {
        if number == 0 {
            story.line(line);
        } else {
            story.note(&format!("{}: {line:?}", boots[number].name));
            later.push(line.clone());
        }
    })?;
    for (at, (boot, outcome)) in boots.iter().zip(&mut outcomes).enumerate() {
        if at > 0 {
            story.chapter(boot.title);
            later.iter().for_each(|line| story.line(line));
        }
        outcome.expect(boot.steps, boot.in_top);
        for failure in &outcome.failures {
            story.bad(failure);
        }
        if outcome.count() > 0 {
            let (folder, name) = (setup.folder.display(), boot.name);
            story.tell(&format!("          see {folder}/{name}.serial"));
        }
        *failures += outcome.count();
    }
    Ok(outcomes.swap_remove(0))
}

/// Finds the kernel and the image; makes the initial ram disk and two empty disks.
fn prepare(arguments: &Arguments) -> Result<Places> {
    let repo = arguments
        .repo
        .canonicalize()
        .with_context(|| format!("no checkout at {}", arguments.repo.display()))?;
    let scripts = repo.join("scripts");
    ensure!(
        scripts.join("enter").exists(),
        "{} is not the checkout; name it by --repo",
        repo.display()
    );
    let abi = match &arguments.abi {
        Some(abi) => abi.clone(),
        None => output_of(Command::new(scripts.join("setup")).arg("--print-abi"))?,
    };
    let lower = PathBuf::from(output_of(
        Command::new(scripts.join("image-root")).arg("--path"),
    )?);
    let cache = lower
        .ancestors()
        .nth(2)
        .context("the image has no cache around it")?;
    let kernel_dir = cache.join("kernels").join(&abi);
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| repo.join("out/demo"));
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let out = out.canonicalize()?;

    let union = (arguments.fs_type == "union").then(|| {
        arguments
            .module
            .clone()
            .unwrap_or_else(|| repo.join("out").join(&abi).join("union.ko"))
    });
    let initramfs = out.join("initramfs.cpio");
    initramfs::build(
        &initramfs,
        &initramfs::Sources {
            build_root: &cache.join("root"),
            modules: &kernel_dir.join("modules/lib/modules").join(&abi),
            abi: &abi,
            repo: &repo,
            union: union.as_deref(),
            fs_type: &arguments.fs_type,
        },
    )?;

    let places = Places {
        enter: scripts.join("enter"),
        kernel: kernel_dir.join("vmlinuz"),
        lower,
        initramfs,
        top_a: out.join("top-a.ext4"),
        top_b: out.join("top-b.ext4"),
        out,
        abi,
    };
    ensure!(
        places.kernel.exists(),
        "there is no {}; run scripts/setup",
        places.kernel.display()
    );
    make_disks(&places.enter, &[&places.top_a, &places.top_b])?;
    Ok(places)
}

/// Empty ext4 disks. They take only the space that is used.
fn make_disks(enter: &Path, disks: &[&Path]) -> Result<()> {
    for disk in disks {
        let made = File::create(disk).and_then(|file| file.set_len(512 << 20));
        made.with_context(|| format!("cannot make {}", disk.display()))?;
    }
    let mut command = Command::new(enter);
    command
        .args([
            "sh",
            "-c",
            "for disk; do mkfs.ext4 -q -F \"$disk\" || exit; done",
            "sh",
        ])
        .args(disks);
    let status = command
        .stdin(Stdio::null())
        .status()
        .context("cannot start scripts/enter")?;
    if !status.success() {
        bail!("mkfs.ext4 failed in the build root ({status})");
    }
    Ok(())
}

/// What a command prints, without the end of the line. Its messages go where ours go.
fn output_of(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = output.with_context(|| format!("cannot start {name}"))?;
    ensure!(output.status.success(), "{name} failed ({})", output.status);
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

fn digest(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    std::io::copy(&mut file, &mut hasher)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
