// SPDX-License-Identifier: GPL-2.0-only
//! The tools of a check: scratch directories, mounts, and assertions with messages.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::errno::Errno;
use crate::mount::{Failure, Union};
use crate::outcome::Outcome;
use crate::scenario::Notes;
use crate::shape::Fs;
use crate::sys;

/// Where the module under test is in the machine, unless its kernel has it built in.
pub const MODULE: &str = "/union.ko";

/// The workbench of one check; everything it mounts is unmounted afterwards.
pub struct Bench<'a> {
    /// Type under test.
    pub fstype: &'a str,
    base: &'a Path,
    disks: &'a HashMap<Fs, PathBuf>,
    skipped: RefCell<Option<String>>,
}

/// The usual layers: each on a tmpfs of its own, work beside upper.
pub struct Layout {
    /// Lower layers, the topmost first; the topmost holds `file` with the text `below` and an empty `dir`.
    pub lowers: Vec<PathBuf>,
    /// The upper layer.
    pub upper: PathBuf,
    /// Its work directory.
    pub work: PathBuf,
    /// An empty directory to mount on.
    pub target: PathBuf,
}

impl<'a> Bench<'a> {
    /// A workbench below the empty directory `base`.
    pub fn new(fstype: &'a str, base: &'a Path, disks: &'a HashMap<Fs, PathBuf>) -> Self {
        Self {
            fstype,
            base,
            disks,
            skipped: RefCell::default(),
        }
    }

    /// Whether the real union is under test.
    pub fn is_union(&self) -> bool {
        self.fstype == "union"
    }

    /// Notes that the check cannot run here, and why; returns the error with which it ends.
    pub fn skip(&self, why: impl Into<String>) -> String {
        let why = why.into();
        self.skipped.replace(Some(why.clone()));
        why
    }

    /// The outcome of a check that has ended in this way.
    pub fn outcome(&self, notes: Notes) -> Outcome {
        match (notes, self.skipped.take()) {
            (Ok(notes), _) => Outcome::Pass(notes),
            (Err(_), Some(why)) => Outcome::Skip(why),
            (Err(why), None) => Outcome::Fail(vec![why]),
        }
    }

    /// Skips the check, with the reason, if overlayfs stands in for the union.
    pub fn union_only(&self, why: &str) -> Result<(), String> {
        match self.is_union() {
            true => Ok(()),
            false => Err(self.skip(why)),
        }
    }

    /// Whether the real union is under test and is a module, which can be unloaded.
    pub fn is_module(&self) -> bool {
        self.is_union() && Path::new(MODULE).exists()
    }

    /// The directory that everything is mounted below.
    pub fn base(&self) -> &Path {
        self.base
    }

    /// Where the scratch disk of a file system is mounted.
    pub fn disk(&self, fs: Fs) -> Result<&Path, String> {
        self.disks
            .get(&fs)
            .map(PathBuf::as_path)
            .ok_or_else(|| self.skip(format!("no {} disk in this run", fs.name())))
    }

    /// A fresh tmpfs.
    pub fn tmpfs(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.base.join(name);
        std::fs::create_dir_all(&path).map_err(|e| format!("mkdir {}: {e}", path.display()))?;
        sys::mount("tmpfs", &path, "tmpfs", 0, b"mode=755")
            .map_err(|e| format!("mounting a tmpfs on {}: {e}", path.display()))?;
        Ok(path)
    }

    /// An empty directory to mount on.
    pub fn target(&self, name: &str) -> Result<PathBuf, String> {
        self.dir(&self.base.join(name))
    }

    /// A directory with its parents.
    pub fn dir(&self, path: &Path) -> Result<PathBuf, String> {
        std::fs::create_dir_all(path).map_err(|e| format!("mkdir {}: {e}", path.display()))?;
        Ok(path.to_owned())
    }

    /// A file.
    pub fn file(&self, path: &Path, text: &str) -> Result<(), String> {
        std::fs::write(path, text).map_err(|e| format!("writing {}: {e}", path.display()))
    }

    /// The usual layers, `lowers` of them below the upper layer.
    pub fn layout(&self, lowers: usize) -> Result<Layout, String> {
        let upper_fs = self.tmpfs("upper_fs")?;
        let below = self.tmpfs("below")?;
        let mut layout = Layout {
            lowers: Vec::new(),
            upper: self.dir(&upper_fs.join("upper"))?,
            work: self.dir(&upper_fs.join("work"))?,
            target: self.target("target")?,
        };
        for number in 0..lowers {
            layout
                .lowers
                .push(self.dir(&below.join(number.to_string()))?);
        }
        if let Some(first) = layout.lowers.first() {
            self.file(&first.join("file"), "below")?;
            self.dir(&first.join("dir"))?;
        }
        Ok(layout)
    }

    /// A union without layers of the type under test.
    pub fn new_union(&self) -> Union {
        Union::new(self.fstype)
    }

    /// The union of the usual layers.
    pub fn union(&self, layout: &Layout) -> Union {
        self.new_union()
            .lowers(&layout.lowers)
            .upper(&layout.upper, &layout.work)
    }

    /// Mounting must fail with one of `expected`; returns the failure.
    pub fn refused(
        &self,
        union: &Union,
        target: &Path,
        expected: &[i32],
    ) -> Result<Failure, String> {
        match union.mount(target) {
            Ok(()) => Err(format!(
                "the mount must be refused, it succeeded: {}",
                union.data_string()
            )),
            Err(failure) if expected.contains(&failure.errno.0) => Ok(failure),
            Err(failure) => {
                let expected: Vec<_> = expected.iter().map(|number| Errno(*number)).collect();
                Err(format!("expected one of {expected:?}, got {failure}"))
            }
        }
    }

    /// umount(2) must succeed.
    pub fn umount(&self, target: &Path) -> Result<(), String> {
        sys::umount(target, 0).map_err(|e| format!("umount {}: {e}", target.display()))
    }

    /// syncfs(2) of the file system of a directory must succeed.
    pub fn syncfs(&self, dir: &Path) -> Result<(), String> {
        let fd = self.works("open", sys::open(dir, libc::O_RDONLY, 0))?;
        self.works("syncfs", sys::syncfs(fd))?;
        self.works("close", sys::close(fd))
    }

    /// A call must fail with `expected`.
    pub fn fails<T>(
        &self,
        what: &str,
        result: sys::Result<T>,
        expected: i32,
    ) -> Result<(), String> {
        match result {
            Ok(_) => Err(format!(
                "{what}: expected {}, it succeeded",
                Errno(expected)
            )),
            Err(error) if error.0 == expected => Ok(()),
            Err(error) => Err(format!("{what}: expected {}, got {error}", Errno(expected))),
        }
    }

    /// A call must succeed.
    pub fn works<T>(&self, what: &str, result: sys::Result<T>) -> Result<T, String> {
        result.map_err(|error| format!("{what}: expected success, got {error}"))
    }

    /// A file must hold `text`.
    pub fn holds(&self, path: &Path, text: &str) -> Result<(), String> {
        match std::fs::read_to_string(path) {
            Ok(found) if found == text => Ok(()),
            Ok(found) => Err(format!(
                "{} must hold {text:?}, it holds {found:?}",
                path.display()
            )),
            Err(error) => Err(format!("reading {}: {error}", path.display())),
        }
    }
}
