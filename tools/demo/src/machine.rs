// SPDX-License-Identifier: GPL-2.0-only
//! Virtual machines: one QEMU each, its console in a file, its report on standard output.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal};
use union_vm::qemu::{kvm_usable, quote};

use crate::report::{Line, Outcome};

/// What all machines have in common.
pub struct Setup<'a> {
    /// Runs a command in the build root.
    pub enter: &'a Path,
    /// The kernel.
    pub kernel: &'a Path,
    /// The initial ram disk.
    pub initramfs: &'a Path,
    /// The image of the lower layer.
    pub lower: &'a Path,
    /// Where the console goes.
    pub folder: &'a Path,
    /// The file system type to mount.
    pub fs_type: &'a str,
    /// How long a group of machines may take.
    pub timeout: Duration,
}

/// One machine of a group.
pub struct Spec<'a> {
    /// What the files of this machine are called.
    pub name: &'a str,
    /// The steps it carries out.
    pub steps: &'a str,
    /// The disk with its upper layer; without one it gets a tmpfs.
    pub top: Option<&'a Path>,
}

/// Units that make no sense in a machine without network, real devices and a future. They are masked on the command
/// line, so that the image is what its packages make it.
const MASKED: [&str; 16] = [
    "serial-getty@ttyS0.service",
    "getty@tty1.service",
    "systemd-modules-load.service",
    "modprobe@configfs.service",
    "modprobe@drm.service",
    "modprobe@efi_pstore.service",
    "modprobe@fuse.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-journal-catalog-update.service",
];

/// Words on the console that no healthy machine says: of the kernel, and of systemd at the end.
const ALARMS: [&str; 8] = [
    "Failed to remount '/'",
    "Kernel panic",
    "BUG: ",
    "WARNING: CPU",
    "Oops: ",
    "general protection fault",
    "blocked for more than",
    "detected stall",
];

impl Setup<'_> {
    fn command(&self, spec: &Spec<'_>) -> Result<Command> {
        let union = if spec.top.is_some() {
            "/dev/vdb"
        } else {
            "tmpfs:size=256m"
        };
        let masked: Vec<_> = MASKED
            .iter()
            .map(|unit| format!("systemd.mask={unit}"))
            .collect();
        let append = format!(
            "console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off \
             root=/dev/vda rootfstype=erofs union={union} unionfstype={} union-demo={} systemd.firstboot=off {}",
            self.fs_type,
            spec.steps,
            masked.join(" ")
        );
        let mut command = Command::new(self.enter);
        // The inner limit ends QEMU even when this program has been killed.
        command
            .args(["timeout", "--foreground", "--kill-after=5"])
            .arg((self.timeout.as_secs() + 5).to_string());
        command.args([
            "qemu-system-x86_64",
            "-nodefaults",
            "-display",
            "none",
            "-no-reboot",
            "-m",
            "768",
        ]);
        if kvm_usable() {
            command.args(["-accel", "kvm", "-cpu", "host"]);
        } else {
            command.args(["-accel", "tcg", "-cpu", "qemu64"]);
        }
        command
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(self.initramfs)
            .arg("-append")
            .arg(append);
        command.arg("-drive").arg(drive(self.lower, true));
        if let Some(top) = spec.top {
            command.arg("-drive").arg(drive(top, false));
        }
        command
            .arg("-serial")
            .arg(format!("file:{}", quote(&self.console(spec))));
        command.args([
            "-object",
            "rng-random,filename=/dev/urandom,id=rng",
            "-device",
            "virtio-rng-pci,rng=rng",
        ]);
        command.args([
            "-chardev",
            "stdio,id=report,signal=off",
            "-device",
            "virtio-serial-pci",
        ]);
        command.args(["-device", "virtserialport,chardev=report,name=union.demo"]);
        let errors = self.folder.join(format!("{}.qemu", spec.name));
        let errors =
            File::create(&errors).with_context(|| format!("cannot write {}", errors.display()))?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors);
        Ok(command)
    }

    fn console(&self, spec: &Spec<'_>) -> PathBuf {
        self.folder.join(format!("{}.serial", spec.name))
    }

    /// Runs the machines of a group at the same time until all have ended; `see` gets every line with the number of
    /// its machine. The machines that meet go on when all have come that still can.
    pub fn run(
        &self,
        specs: &[Spec<'_>],
        mut see: impl FnMut(usize, &Line),
    ) -> Result<Vec<Outcome>> {
        let deadline = Instant::now() + self.timeout;
        let (sender, lines) = mpsc::channel();
        let mut machines = Vec::new();
        for (number, spec) in specs.iter().enumerate() {
            machines.push(Machine::start(self.command(spec)?, number, sender.clone())?);
        }
        drop(sender);

        let mut outcomes: Vec<_> = specs.iter().map(|_| Outcome::default()).collect();
        // Machines that have come to the meeting, or have ended and will not come.
        let (mut waiting, mut ended) = (0, 0);
        // The channel closes when the last machine has ended.
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((number, line)) => {
                    if let Some(line) = line {
                        see(number, &line);
                        waiting += usize::from(line == Line::Meet);
                        outcomes[number].add(line);
                    } else {
                        ended += 1;
                    }
                    if waiting > 0 && waiting + ended >= specs.len() {
                        machines.iter_mut().for_each(Machine::go);
                        waiting = 0;
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let limit = self.timeout.as_secs();
                    outcomes.iter_mut().for_each(|outcome| {
                        outcome
                            .failures
                            .push(format!("not finished within {limit} seconds"));
                    });
                    break;
                }
            }
        }
        drop(machines);
        for (spec, outcome) in specs.iter().zip(&mut outcomes) {
            outcome.failures.extend(alarms(&self.console(spec)));
        }
        Ok(outcomes)
    }
}

fn drive(path: &Path, read_only: bool) -> String {
    let mode = if read_only {
        "readonly=on"
    } else {
        "cache=unsafe"
    };
    format!("file={},if=virtio,format=raw,{mode}", quote(path))
}

/// What the console says that it should not.
fn alarms(console: &Path) -> Vec<String> {
    let text = fs::read(console).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter(|line| ALARMS.iter().any(|alarm| line.contains(alarm)))
        .take(3)
        .map(|line| format!("the console says: {}", line.trim()))
        .collect()
}

/// A running QEMU. Dropping it ends it.
struct Machine {
    child: Child,
    input: Option<ChildStdin>,
}

impl Machine {
    fn start(
        mut command: Command,
        number: usize,
        sender: mpsc::Sender<(usize, Option<Line>)>,
    ) -> Result<Self> {
        let mut child = command.spawn().context("cannot start scripts/enter")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("QEMU has no standard output")?;
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(|line| line.ok()) {
                // Nobody listens any more after a timeout.
                let _ = sender.send((number, Some(Line::parse(line.trim_end()))));
            }
            let _ = sender.send((number, None));
        });
        Ok(Self { child, input })
    }

    /// Lets a machine that waits in `meet` go on.
    fn go(&mut self) {
        if let Some(input) = &mut self.input {
            // A machine that is gone shows by its report ending early.
            let _ = input.write_all(b"go\n").and_then(|()| input.flush());
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            // scripts/enter replaces itself by timeout(1), which takes QEMU along.
            let _ = rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}
