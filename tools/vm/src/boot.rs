// SPDX-License-Identifier: GPL-2.0-only
//! `union-vm boot`: an installed Debian that is booted from a union by its own initial ram disk. The script of a set of
//! cases makes that Debian and has its programs make its initial ram disks; the cases have the words of the kernel
//! command line and the expected results. A probe in the guest reports on the console, which also has the messages of
//! the scripts and the kernel.

pub mod cases;
mod deb;
mod diskless;
mod disks;
mod installed;
mod live;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use regex_lite::Regex;
use union_machine::disks::{Disk, Writes, copy};
use union_machine::machine::{Event, Machine, Plan};
use union_machine::options::Common;
use union_machine::paths::{Kernel, Needs, Places};
use union_machine::{signals, together};
use union_scenarios::catalogue::Part;
use union_support::kernel_log;

use crate::ui::Ui;
use crate::verdict::{Case, Status};
use cases::{Boot, BootCase, BootSet, Initrd, Keeps};

/// The last line of the probe.
const END: &str = "union-test: end";

/// What systemd says of a file system that it cannot make read-only at the end.
const STAYS_WRITABLE: &str = "Failed to remount '/";

/// Whether a line of the console is one that no boot may print.
pub fn is_alarm(line: &str) -> bool {
    kernel_log::is_failure_on_console(line) || line.contains(STAYS_WRITABLE)
}

/// Words of the kernel command line of every boot. Unneeded services are disabled, which halves the
/// time. The last of several words with the same name counts; the kernel must not panic at a
/// prompt.
pub const WORDS: &str = "console=ttyS0 printk.devkmsg=on systemd.firstboot=off \
     systemd.mask=serial-getty@ttyS0.service systemd.mask=getty@tty1.service \
     systemd.mask=systemd-modules-load.service systemd.mask=modprobe@configfs.service \
     systemd.mask=modprobe@drm.service systemd.mask=modprobe@efi_pstore.service \
     systemd.mask=modprobe@fuse.service systemd.mask=e2scrub_reap.service \
     systemd.mask=systemd-journal-catalog-update.service";

/// What to do.
#[derive(Args)]
pub struct Request {
    /// The set of cases; a script makes the disks for each.
    #[arg(long, value_name = "NAME", default_value = "boot", value_parser = cases::find)]
    set: &'static BootSet,
    /// Run only the cases whose name (SET/NAME) matches.
    #[arg(long, value_name = "REGEX", env = "FILTER")]
    filter: Option<String>,
    /// Only one of several parts of about equal length: the cases stand with the longest first, and the parts take turns.
    #[arg(long, value_name = "N/M", default_value_t = Part::WHOLE)]
    part: Part,
    /// Where scripts/test-SET has put disks and initial ram disks.
    #[arg(long, value_name = "DIR", default_value = "out/boot")]
    folder: PathBuf,
    /// How many machines at a time; the default is one for each processor.
    #[arg(long, value_name = "N", env = "JOBS")]
    jobs: Option<usize>,
    #[command(flatten)]
    common: Common,
}

/// The default time limit of a boot, in seconds.
const TIMEOUT: u64 = 400;

/// What all machines have in common.
struct Run<'a> {
    places: &'a Places,
    request: &'a Request,
    kernel: Kernel,
    /// For the disks of the machines.
    directory: &'a Path,
    ui: Mutex<Ui>,
}

/// Boots all cases; returns whether all succeeded.
pub fn run(places: &Places, request: &Request) -> Result<bool> {
    let filter = Regex::new(request.filter.as_deref().unwrap_or(""))
        .context("--filter is not a regular expression")?;
    let set = request.set;
    let chosen: Vec<_> = set
        .cases
        .iter()
        .enumerate()
        .filter(|(index, _)| request.part.has_index(*index))
        .map(|(_, case)| case)
        .filter(|case| filter.is_match(&format!("{}/{}", set.name, case.name)))
        .collect();
    if chosen.is_empty() {
        let names: Vec<_> = set.cases.iter().map(|case| case.name).collect();
        bail!(
            "--filter matches none of {}/: {}",
            set.name,
            names.join(" ")
        );
    }
    let directory = tempfile::Builder::new()
        .prefix("union-boot.")
        .tempdir_in("/tmp")
        .context("making a directory for disks in /tmp")?;
    signals::remove_at_end(directory.path());
    let run = Run {
        places,
        request,
        kernel: places.kernel(request.common.kernel.as_deref())?,
        directory: directory.path(),
        ui: Mutex::new(Ui::new(
            format!("boot --set {}", set.name),
            request.common.verbose,
            chosen.len(),
        )),
    };
    let results = match set.together {
        true => diskless::run(&run, &chosen)?,
        false => run.all(&chosen)?,
    };
    let ui = run.ui.into_inner().expect("no thread panics");
    let (passed, failed, _) = ui.summary(&results);
    Ok(failed == 0 && passed > 0)
}

impl Run<'_> {
    /// Boots all machines, a few at a time.
    fn all(&self, chosen: &[&BootCase]) -> Result<Vec<Case>> {
        let jobs = self.request.jobs.unwrap_or_else(together::processors);
        let next = AtomicUsize::new(0);
        let jobs = jobs.clamp(1, chosen.len());
        let results = together::each(0..jobs, |_| self.share(chosen, &next))?;
        Ok(results.into_iter().flatten().collect())
    }

    /// Takes cases until there are no more.
    fn share(&self, chosen: &[&BootCase], next: &AtomicUsize) -> Result<Vec<Case>> {
        let mut results = Vec::new();
        while let Some(case) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let start = Instant::now();
            let lines = self.case(case)?;
            results.push(self.result(case, lines, start.elapsed()));
        }
        Ok(results)
    }

    /// Prints the result of a machine with these failures.
    fn result(&self, case: &BootCase, lines: Vec<String>, took: Duration) -> Case {
        let result = Case {
            name: format!("{}/{}", self.request.set.name, case.name),
            status: match lines.is_empty() {
                true => Status::Passed,
                false => Status::Failed,
            },
            lines,
            millis: took.as_millis() as u64,
        };
        let mut ui = self.ui();
        ui.case(&result);
        if result.status == Status::Passed {
            ui.say(&format!("{} {}s", result.name, took.as_secs()));
        }
        result
    }

    fn ui(&self) -> MutexGuard<'_, Ui> {
        self.ui.lock().expect("no thread panics")
    }

    /// Boots one machine as often as its case says; returns the failures.
    fn case(&self, case: &BootCase) -> Result<Vec<String>> {
        let root = self.directory.join(format!("{}.root", case.name));
        let pristine = self.request.folder.join(case.root.file());
        // A sparse copy: most of it is holes.
        copy(&pristine, &root)?;
        let mut machine_disks = vec![(root.clone(), "root")];
        let changes = self.directory.join(format!("{}.changes", case.name));
        if disks::make_changes(self.places, case.changes, &self.request.folder, &changes)? {
            machine_disks.push((changes.clone(), "changes"));
        }
        // Last: which /dev/vd? is the upper layer must not depend on them.
        let mut others = Vec::new();
        for other in case.root.others() {
            let pristine = self.request.folder.join(other.file);
            // The live media's system has one root on the disk, too, and all in it.
            if pristine.exists() {
                let own = self
                    .directory
                    .join(format!("{}.{}", case.name, other.serial));
                copy(&pristine, &own)?;
                machine_disks.push((own.clone(), other.serial));
                others.push((other, pristine, own));
            }
        }
        let mut wrong = Vec::new();
        for (number, boot) in case.boots.iter().enumerate() {
            let which = match case.boots.len() {
                1 => String::new(),
                _ => format!("boot {}: ", number + 1),
            };
            let log = format!("{}-{}-{}.log", self.request.set.name, case.name, number + 1);
            let said = self.boot(case, boot, &machine_disks, &log)?;
            let mut found = judge(boot, &said);
            found.extend(self.unwarned(boot.initrd)?);
            if found.is_empty() && boot.ends() {
                found.extend(disks::unclean_changes(self.places, case.changes, &changes)?);
            }
            if case.keeps != Keeps::Nothing && !same(&pristine, &root, 0)? {
                found.push("the disk with the root has been written to".into());
            }
            for (other, pristine, copy) in &others {
                if case.keeps == Keeps::All && !same(pristine, copy, other.start)? {
                    found.push(format!(
                        "the disk with /{} has been written to",
                        other.serial
                    ));
                }
            }
            if !found.is_empty() {
                wrong.extend(found.into_iter().map(|line| format!("{which}{line}")));
                wrong.push(format!("the end of its console (out/log/{log}):"));
                let end = said.len().saturating_sub(25);
                wrong.extend(said.into_iter().skip(end).map(|line| format!("| {line}")));
                break;
            }
        }
        for (path, _) in machine_disks {
            let _ = fs::remove_file(path);
        }
        Ok(wrong)
    }

    /// Whether update-initramfs has warned of an initial ram disk without the module, and of no other.
    fn unwarned(&self, initrd: Initrd) -> Result<Option<String>> {
        if initrd.own() {
            return Ok(None);
        }
        let path = self.request.folder.join(format!("{}.said", initrd.file()));
        let said =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let warned = said.contains("There is no union.ko for kernel");
        let ought = initrd == Initrd::WithoutModule;
        Ok((warned != ought).then(|| format!("update-initramfs says of the module: {said}")))
    }

    /// Boots a machine once; returns the lines of its console.
    fn boot(
        &self,
        case: &BootCase,
        boot: &Boot,
        machine_disks: &[(PathBuf, &str)],
        log: &str,
    ) -> Result<Vec<String>> {
        let own = match machine_disks {
            [(root, _), ..] if boot.initrd.own() => Some(self.own(root)?),
            _ => None,
        };
        let mut plan = match &own {
            Some((kernel, initramfs)) => self.plan_of(kernel, initramfs, log)?,
            None => self.plan(boot, log)?,
        };
        if boot.initrd == Initrd::Signed {
            plan.firmware = Some(self.request.folder.join("firmware"));
        }
        plan.words.push(case.root.words().to_owned());
        plan.words.push(boot.words.to_owned());
        plan.disks
            .extend(machine_disks.iter().map(|(image, serial)| Disk {
                serial: (*serial).to_owned(),
                image: image.clone(),
                writes: Writes::Kept,
            }));
        self.listen(plan)
    }

    /// The newest kernel in /boot of a root, and its initial ram disk.
    fn own(&self, root: &Path) -> Result<(Kernel, PathBuf)> {
        let abi = disks::newest_kernel(self.places, root)?;
        let take = |name: &str| -> Result<PathBuf> {
            let file = format!("/boot/{name}-{abi}");
            let to = root.with_extension(name);
            disks::take(self.places, root, &file, &to)?;
            Ok(to)
        };
        let kernel = Kernel {
            architecture: self.kernel.architecture,
            needs: Needs::default(),
            modules: root.to_owned(),
            image: take("vmlinuz")?,
            abi: abi.clone(),
        };
        Ok((kernel, take("initrd.img")?))
    }

    /// A machine without disks.
    fn plan(&self, boot: &Boot, log: &str) -> Result<Plan<'_>> {
        let initramfs = self.request.folder.join(boot.initrd.file());
        self.plan_of(&self.kernel, &initramfs, log)
    }

    /// The same with another kernel and initial ram disk.
    fn plan_of<'k>(&self, kernel: &'k Kernel, initramfs: &Path, log: &str) -> Result<Plan<'k>> {
        let initramfs =
            fs::read(initramfs).with_context(|| format!("reading {}", initramfs.display()))?;
        let timeout = self.request.common.limit(TIMEOUT);
        Ok(Plan {
            words: vec![WORDS.to_owned()],
            ..Plan::new(self.places, kernel, initramfs, log, timeout)?
        })
    }

    /// Runs a machine to its end; returns the lines of its console.
    fn listen(&self, plan: Plan) -> Result<Vec<String>> {
        let mut machine = Machine::start(self.places, plan)?;
        let mut said = Vec::new();
        loop {
            match machine.event() {
                Event::Console(line) => {
                    self.ui().console(&line);
                    said.push(line);
                }
                Event::Prompt(text) if text.contains("Please unlock disk") => {
                    machine.tell(disks::PASSPHRASE)?;
                }
                Event::Prompt(_) => {}
                Event::Stopped(reason) => said.push(format!("the machine was stopped: {reason}")),
                Event::Gone => return Ok(said),
                Event::Verdict(_) | Event::Stdout(_) | Event::Stderr(_) => {}
            }
        }
    }
}

/// Forbidden or missing console lines.
fn judge(boot: &Boot, said: &[String]) -> Vec<String> {
    let says = |text: &str| said.iter().find(|line| line.contains(text));
    let mut wrong = Vec::new();
    for text in boot.says {
        if says(text).is_none() {
            wrong.push(format!("the console does not say: {text}"));
        }
    }
    for text in boot.never {
        wrong.extend(says(text).map(|line| format!("the console says: {line}")));
    }
    // An alarm that a boot must print is no failure.
    let expected = |line: &&String| boot.says.iter().any(|text| line.contains(text));
    let alarm = said.iter().find(|line| is_alarm(line) && !expected(line));
    wrong.extend(alarm.map(|line| format!("the console says: {line}")));
    match (boot.starts, says(END)) {
        (true, None) => wrong.push("the system has not started, or not come to its end".into()),
        (false, Some(_)) => wrong.push("the system has started".into()),
        _ => {}
    }
    if let Some(line) = says("the machine was stopped: ") {
        wrong.push(line.clone());
    }
    wrong
}

/// The offset of ext4's superblock, in which e2fsck records its last run.
const SUPERBLOCK: std::ops::Range<usize> = 1024..2048;

/// Whether two disks with a file system at a multiple of 1 MiB are the same, but for that.
fn same(one: &Path, other: &Path, start: usize) -> Result<bool> {
    let open =
        |path: &Path| File::open(path).with_context(|| format!("opening {}", path.display()));
    let (mut one, mut other) = (open(one)?, open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut at = 0;
    loop {
        let count = one.read(&mut a)?;
        if count == 0 {
            return Ok(true);
        }
        other.read_exact(&mut b[..count])?;
        if at == start && count >= SUPERBLOCK.end {
            a[SUPERBLOCK].fill(0);
            b[SUPERBLOCK].fill(0);
        }
        if a[..count] != b[..count] {
            return Ok(false);
        }
        at += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: Boot = Boot {
        initrd: Initrd::Whole,
        words: "",
        says: &["good"],
        never: &["bad"],
        starts: true,
    };

    fn judged(boot: &Boot, lines: &[&str]) -> usize {
        let said: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        judge(boot, &said).len()
    }

    #[test]
    fn silence_is_failure() {
        assert_eq!(judged(&BOOT, &["it is good", END]), 0);
        assert_eq!(judged(&BOOT, &["it is good"]), 1);
        assert_eq!(judged(&BOOT, &[]), 2);
        assert_eq!(judged(&BOOT, &["good", "bad", "Kernel panic - x", END]), 2);
    }

    #[test]
    fn what_must_not_start_must_say_why() {
        let boot = Boot {
            starts: false,
            ..BOOT
        };
        assert_eq!(judged(&boot, &["good"]), 0);
        assert_eq!(judged(&boot, &["good", END]), 1);
    }

    #[test]
    fn files_are_compared_to_their_ends() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        for (name, text) in [("a", "ab"), ("b", "ab"), ("c", "ac"), ("d", "abc")] {
            fs::write(path(name), text).unwrap();
        }
        assert!(same(&path("a"), &path("b"), 0).unwrap());
        assert!(!same(&path("a"), &path("c"), 0).unwrap());
        assert!(!same(&path("a"), &path("d"), 0).unwrap());
    }
}
