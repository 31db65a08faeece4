// SPDX-License-Identifier: GPL-2.0-only
//! The union of a workload: its layers, the work on it, and the checks after a power cut.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::database;
use super::generate::Theme;
use super::history::History;
use super::judge::{self, Cut, Habits, Order, Seen};
use super::observe::{differences, observe, observe_lenient};
use super::perform::{fill, perform};
use super::sparse;
use super::stages::Stages;
use super::start::{self, LAYERS};
use crate::bench::{Bench, Layout};
use crate::mount::{self, Union};
use crate::process;
use crate::random::Dice;
use crate::sound;
use crate::sys;
use crate::union;

/// Everything is mounted below this directory.
pub struct Site<'a> {
    bench: &'a Bench<'a>,
    /// The file system of the upper layer.
    pub upper_fs: PathBuf,
    layout: Layout,
    union: Union,
    theme: Theme,
    habits: Habits,
    /// Whether the lower layers are on it, too.
    same: bool,
    /// What the database holds after each transaction.
    sums: RefCell<Vec<String>>,
    /// The time the checks take.
    pub stages: Stages,
}

/// The result of checking a state of the disk.
#[derive(Default)]
pub struct Looked {
    /// Faults, in lines for a reader.
    pub wrong: Vec<String>,
    /// The operation that the tree is the one after.
    pub after: Option<usize>,
    /// Whether something was left in the work directory.
    pub garbage: bool,
    /// How many files are partly in the upper layer.
    pub partial: usize,
}

/// The attribute of a file whose data are not all in the upper layer, and its value if some are.
const MARK: (&str, &[u8]) = ("trusted.overlay.metacopy", b"P");

/// Features that overlayfs must know, and the one that keeps it from using an upper layer with such files.
const FEATURES: &str = "incompat";
const GUARD: &str = "work/incompat/union.partial";

/// A file of the upper layer's file system that is not in the union.
const TICK: &str = "tick";

impl<'a> Site<'a> {
    /// Makes the directories to mount on; lower layers that are not on the upper layer's file system are made in
    /// memory.
    pub fn new(
        bench: &'a Bench<'a>,
        theme: Theme,
        habits: Habits,
        same: bool,
    ) -> Result<Self, String> {
        let upper_fs = bench.target("upper_fs")?;
        let below = if same {
            upper_fs.clone()
        } else {
            bench.tmpfs("below")?
        };
        let lower = |number| below.join(format!("lower{number}"));
        let layout = Layout {
            lowers: (0..LAYERS).map(lower).collect(),
            upper: upper_fs.join("upper"),
            work: upper_fs.join("work"),
            target: bench.target("target")?,
        };
        let union = match theme {
            Theme::Partial | Theme::Image | Theme::Database if bench.is_union() => {
                bench.union(&layout).option("partial", "on")
            }
            _ => bench.union(&layout),
        };
        let site = Self {
            bench,
            union,
            theme,
            habits,
            upper_fs,
            layout,
            same,
            sums: RefCell::default(),
            stages: Stages::default(),
        };
        if !same {
            site.make_lowers()?;
        }
        Ok(site)
    }

    /// Makes the layers on a new file system, which is mounted.
    pub fn make(&self) -> Result<(), String> {
        if self.same {
            self.make_lowers()?;
        }
        self.bench.dir(&self.layout.upper)?;
        self.bench.dir(&self.layout.work)?;
        self.bench.file(&self.upper_fs.join(TICK), "")?;
        // The power cut must not be in the preparations of the first mount.
        self.union.mount(&self.layout.target)?;
        self.bench.umount(&self.layout.target)
    }

    /// Unmounts the union, if it is mounted, and the file system of its upper layer; returns those that failed.
    pub fn release(&self) -> Vec<String> {
        let mut refused = mount::unmount_below(&self.layout.target);
        refused.extend(mount::unmount_below(&self.upper_fs));
        refused
    }

    fn make_lowers(&self) -> Result<(), String> {
        for lower in &self.layout.lowers {
            self.bench.dir(lower)?;
        }
        if self.theme == Theme::Database {
            let path = self.layout.lowers[0].join(database::NAME);
            database::make(&path)?;
            self.sums.borrow_mut().push(database::check(&path)?.1);
        }
        let start = self.theme.start();
        fill(&self.layout.lowers, start, &start::tree(start).tree)
    }

    /// Carries out a workload; calls `before` before each operation and, with the next number, at the end.
    pub fn work(
        &self,
        history: &History,
        seed: u64,
        before: &mut dyn FnMut(usize) -> Result<(), String>,
    ) -> Result<(), String> {
        self.union.mount(&self.layout.target)?;
        if matches!(self.theme, Theme::Tree | Theme::Partial) {
            // Contents of directories are recorded a second after they are read, amid the workload, and at unmount.
            observe(&self.layout.target)?;
        }
        let committer = process::background(|| commit(&self.upper_fs, seed))?;
        let ran = match self.theme {
            Theme::Database => self.transactions(history, seed, before),
            _ => self.operations(history, seed, before),
        };
        process::kill(committer);
        process::wait(committer)?;
        ran?;
        self.bench.umount(&self.layout.target)
    }

    fn operations(
        &self,
        history: &History,
        seed: u64,
        before: &mut dyn FnMut(usize) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut dice = Dice::new(seed);
        for number in 1..=history.len() {
            before(number)?;
            perform(&self.layout.target, history, number)
                .map_err(|error| format!("operation {number}, {}: {error}", history.op(number)))?;
            if history.op(number).syncs_all() {
                self.flush(number)
                    .map_err(|error| format!("flushing the disk of the upper layer: {error}"))?;
            }
            if dice.roll(4) == 0 {
                std::thread::sleep(Duration::from_millis(dice.roll(8) as u64));
            }
        }
        before(history.len() + 1)?;
        // Without a power cut the tree follows the rules, or the rules are wrong.
        let end = Cut {
            done: history.len(),
            begun: history.len(),
        };
        self.expect_end(history, end)
    }

    fn transactions(
        &self,
        history: &History,
        seed: u64,
        before: &mut dyn FnMut(usize) -> Result<(), String>,
    ) -> Result<(), String> {
        let path = self.layout.target.join(database::NAME);
        let mut worker = database::Worker::start(&path, seed)?;
        for number in 1..=history.len() {
            before(number)?;
            let sum = worker.transact();
            let sum = sum.map_err(|error| format!("transaction {number}: {error}"))?;
            self.sums.borrow_mut().push(sum);
        }
        before(history.len() + 1)?;
        worker.end()?;
        let end = Cut {
            done: history.len(),
            begun: history.len(),
        };
        self.expect_end(history, end)
    }

    fn expect_end(&self, history: &History, end: Cut) -> Result<(), String> {
        let mut looked = Looked::default();
        self.judge(history, &[end], Habits::STRICT, &mut looked)?;
        match looked.wrong.is_empty() {
            true => Ok(()),
            false => Err(format!("without a power cut:\n{}", looked.wrong.join("\n"))),
        }
    }

    /// Judges what the union shows; returns the tree.
    fn judge(
        &self,
        history: &History,
        cuts: &[Cut],
        habits: Habits,
        looked: &mut Looked,
    ) -> Result<Seen, String> {
        let target = &self.layout.target;
        match self.theme {
            Theme::Tree | Theme::Partial => {
                let seen = observe(target)?;
                self.stages.end("walk union");
                for cut in cuts {
                    match judge::judge(history, *cut, habits, &seen) {
                        Ok(number) => looked.after = Some(number),
                        Err(lines) => looked.wrong.extend(lines),
                    }
                }
                Ok(seen)
            }
            Theme::Image => {
                for (path, ino, _) in history
                    .tree(0)
                    .entries()
                    .filter(|(path, ..)| !path.is_empty())
                {
                    let file = sparse::Opened::new(&target.join(path))?;
                    for cut in cuts {
                        looked
                            .wrong
                            .extend(judge::judge_sparse(history, *cut, ino, &file)?);
                        looked.after = Some(cut.done);
                    }
                }
                Ok(Seen::new())
            }
            Theme::Database => {
                let found = database::check(&target.join(database::NAME))?;
                for cut in cuts {
                    match database::judge(&self.sums.borrow(), *cut, &found) {
                        Ok(number) => looked.after = Some(number),
                        Err(line) => looked.wrong.push(line),
                    }
                }
                Ok(Seen::new())
            }
        }
    }

    /// Makes the disk keep its data: xfs forces its log for syncfs(2), and flushes the disk only if there was something
    /// in it (7.2), so that overwritten contents may be lost.
    fn flush(&self, number: usize) -> sys::Result<()> {
        if sys::statfs(&self.upper_fs)?.f_type != libc::XFS_SUPER_MAGIC {
            return Ok(());
        }
        let fd = sys::open(self.upper_fs.join(TICK), libc::O_RDWR, 0)?;
        let flushed = sys::fchmod(fd, 0o400 + number as u32 % 64).and_then(|()| sys::fsync(fd));
        sys::close(fd).and(flushed)
    }

    /// Checks the union after a power cut; the file system of the upper layer is mounted. An error means that it could
    /// not be checked.
    pub fn look(&self, history: &History, cuts: &[Cut], thorough: bool) -> Result<Looked, String> {
        let Layout { target, work, .. } = &self.layout;
        let left = std::fs::read_dir(work.join("work")).map_or(0, |entries| {
            let names = entries.flatten().map(|entry| entry.file_name());
            names.filter(|name| name != FEATURES).count()
        });
        let mut looked = Looked {
            // One is the whiteout that is linked to names.
            garbage: left > 1,
            ..Looked::default()
        };
        self.union.mount(target)?;
        self.stages.end("mount union");
        let seen = self.judge(history, cuts, self.habits, &mut looked)?;
        self.stages.end("judge");
        self.bench.work_idle(&self.layout)?;
        // A log tree may have a copy and not the mark of its directory, by which the copy is listed with its number.
        if thorough && self.habits.order == Order::Kept {
            sound::consistent(target)?;
        }
        self.stages.end("check");
        self.bench.umount(target)?;
        self.stages.end("umount union");
        self.bench.work_empty(&self.layout)?;
        self.stages.end("check");
        if matches!(self.theme, Theme::Image | Theme::Database) {
            looked.partial = self.partial(["image", database::NAME]);
            return Ok(looked);
        }
        looked.partial = self.partial(seen.keys());
        if self.bench.is_union() {
            looked
                .wrong
                .extend(self.guarded_overlayfs(&seen, looked.partial)?);
        }
        if thorough {
            if self.theme == Theme::Partial && self.bench.is_union() {
                looked.wrong.extend(self.settled(&seen)?);
                self.stages.end("settle");
            }
            self.go_on(&seen)?;
            self.stages.end("go on");
        }
        Ok(looked)
    }

    /// How many of these files are partly in the upper layer.
    fn partial(&self, paths: impl IntoIterator<Item: AsRef<Path>>) -> usize {
        let (name, value) = MARK;
        let is_partial = |path: &_| {
            let found = sys::getxattr(self.layout.upper.join(path), name);
            found.is_ok_and(|found| found == value)
        };
        paths.into_iter().filter(is_partial).count()
    }

    /// overlayfs refuses an upper layer with partial files, and shows the same tree if it does not.
    fn guarded_overlayfs(&self, seen: &Seen, partial: usize) -> Result<Vec<String>, String> {
        if !self.layout.work.join(GUARD).exists() {
            let wrong = match partial {
                0 => Vec::new(),
                count => vec![format!(
                    "nothing keeps overlayfs from {count} partial files"
                )],
            };
            return Ok([wrong, self.as_overlayfs(seen)?].concat());
        }
        let union = self.overlayfs();
        self.bench
            .refused(&union, &self.layout.target, &[libc::EINVAL])?;
        self.stages.end("mount overlay");
        Ok(Vec::new())
    }

    /// All files are settled: then overlayfs shows the same tree. A union without the option does that as well.
    fn settled(&self, seen: &Seen) -> Result<Vec<String>, String> {
        let target = &self.layout.target;
        self.bench.union(&self.layout).mount(target)?;
        union::settle_all(target)?;
        let mut wrong = differences(
            ("before it was settled", seen),
            ("after it", &observe(target)?),
        );
        self.bench.umount(target)?;
        if self.partial(seen.keys()) > 0 || self.layout.work.join(GUARD).exists() {
            wrong.push("a settled union has partial files, or is taken to have some".into());
        } else {
            wrong.extend(self.as_overlayfs(seen)?);
        }
        Ok(wrong)
    }

    fn overlayfs(&self) -> Union {
        Union::overlayfs()
            .lowers(&self.layout.lowers)
            .upper(&self.layout.upper, &self.layout.work)
    }

    fn as_overlayfs(&self, seen: &Seen) -> Result<Vec<String>, String> {
        let target = &self.layout.target;
        self.overlayfs().mount(target)?;
        self.stages.end("mount overlay");
        let other = observe_lenient(target)?;
        self.stages.end("walk overlay");
        self.bench.umount(target)?;
        self.stages.end("umount overlay");
        Ok(differences(
            ("in the union", seen),
            ("in overlayfs", &other),
        ))
    }

    /// The union is usable: every file can be changed, moved, replaced and removed.
    fn go_on(&self, seen: &Seen) -> Result<(), String> {
        let target = &self.layout.target;
        self.union.mount(target)?;
        let aside = target.join("aside");
        for path in seen.keys().filter(|path| !path.is_empty()) {
            let whole = target.join(path);
            let stat = sys::stat(&whole, libc::AT_SYMLINK_NOFOLLOW)
                .map_err(|error| format!("stat of {path:?}, mounted again: {error}"))?;
            if stat.st_mode & libc::S_IFMT != libc::S_IFREG {
                continue;
            }
            let work = || -> sys::Result<()> {
                sys::chmod(&whole, 0o600)?;
                sys::rename(&whole, &aside, 0)?;
                sys::mkdir(&whole, 0o700)?;
                sys::rmdir(&whole)?;
                sys::rename(&aside, &whole, 0)?;
                sys::unlink(&whole)
            };
            work().map_err(|error| format!("going on with {path:?} after the crash: {error}"))?;
        }
        self.bench.umount(target)?;
        self.bench.work_empty(&self.layout)
    }
}

/// Makes the upper layer's file system commit during the workload, until it is killed.
fn commit(upper_fs: &Path, seed: u64) {
    let mut dice = Dice::new(seed);
    // Never, so that some states are far behind; now and then; or all the time.
    let pause = match dice.roll(4) {
        0 => return,
        1 => 10_000,
        2 => 1_000,
        _ => 1,
    };
    let Ok(fd) = sys::open(upper_fs.join(TICK), libc::O_RDWR, 0) else {
        return;
    };
    let is_btrfs = sys::statfs(upper_fs).is_ok_and(|stat| stat.f_type == libc::BTRFS_SUPER_MAGIC);
    for turn in 0.. {
        let _ = sys::fchmod(fd, 0o600 + turn % 64);
        // To sync a file makes the other two commit all metadata, but btrfs log it alone.
        let _ = match is_btrfs {
            true => sys::set_label(fd, &turn.to_string()),
            false => sys::fsync(fd),
        };
        std::thread::sleep(Duration::from_micros(dice.roll(pause) as u64));
    }
}
