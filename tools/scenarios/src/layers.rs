// SPDX-License-Identifier: GPL-2.0-only
//! Assertions on the layers, after the union is unmounted.

use std::path::PathBuf;

use crate::errno::Errno;
use crate::make::OPAQUE;
use crate::shape::Shape;
use crate::sys;
use crate::walk;

/// The layers of an unmounted union.
pub struct Layers {
    /// The upper layer.
    pub upper: PathBuf,
    /// Its work directory, as given to mount.
    pub work: PathBuf,
    /// The lower layers, the topmost first.
    pub lowers: Vec<PathBuf>,
    /// The shape they are in.
    pub shape: Shape,
    /// The contents of the upper layer before the union was mounted.
    pub given: Vec<String>,
    /// Type of the union: `union`, or `overlay` in its place.
    pub fstype: String,
}

/// The result of an assertion on layers.
pub type Verdict = Result<(), String>;

impl Layers {
    fn lstat(&self, path: &str) -> Option<libc::stat> {
        sys::stat(self.upper.join(path), libc::AT_SYMLINK_NOFOLLOW).ok()
    }

    fn found(&self, path: &str) -> String {
        self.lstat(path)
            .map_or_else(|| "nothing".into(), |stat| walk::describe(&stat))
    }

    /// Whether the real union is under test, not the overlayfs that stands in for it while debugging scenarios.
    pub fn is_union(&self) -> bool {
        self.fstype == "union"
    }

    /// The upper layer has a whiteout under this name.
    pub fn whiteout(&self, path: &str) -> Verdict {
        match self.lstat(path) {
            Some(stat) if walk::kind(&stat) == libc::S_IFCHR && stat.st_rdev == 0 => Ok(()),
            _ => Err(format!(
                "the upper layer must have a whiteout {path}, it has {}",
                self.found(path)
            )),
        }
    }

    /// The upper layer has nothing under this name: neither a copy nor a whiteout.
    pub fn absent(&self, path: &str) -> Verdict {
        match self.lstat(path) {
            None => Ok(()),
            Some(_) => Err(format!(
                "the upper layer must not have {path}, it has {}",
                self.found(path)
            )),
        }
    }

    /// The upper layer has this object, and it is not a whiteout.
    pub fn in_upper(&self, path: &str) -> Verdict {
        match self.lstat(path) {
            Some(stat) if walk::kind(&stat) != libc::S_IFCHR || stat.st_rdev != 0 => Ok(()),
            _ => Err(format!(
                "the upper layer must have {path}, it has {}",
                self.found(path)
            )),
        }
    }

    /// The directory of the upper layer carries the opaque mark.
    pub fn opaque(&self, path: &str) -> Verdict {
        match sys::getxattr(self.upper.join(path), OPAQUE) {
            Ok(value) if value == b"y" => Ok(()),
            other => Err(format!(
                "{path} of the upper layer must be opaque, its {OPAQUE} is {other:?}"
            )),
        }
    }

    /// The directory of the upper layer does not carry the opaque mark.
    pub fn not_opaque(&self, path: &str) -> Verdict {
        match sys::getxattr(self.upper.join(path), OPAQUE) {
            Ok(value) if value == b"y" => {
                Err(format!("{path} of the upper layer must not be opaque"))
            }
            _ => Ok(()),
        }
    }

    /// The upper layer as a whole holds exactly these names, whiteouts included.
    pub fn upper_is(&self, expected: &[&str]) -> Verdict {
        // For a tree that is a directory of the union, the upper layer may be empty.
        let tree = match sys::stat(&self.upper, 0) {
            Err(Errno(libc::ENOENT)) => walk::Tree::new(),
            _ => walk::walk(&self.upper)?,
        };
        let found: Vec<&str> = tree
            .keys()
            .map(String::as_str)
            .filter(|p| *p != ".")
            .collect();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        if found == expected {
            Ok(())
        } else {
            Err(format!(
                "the upper layer must hold {expected:?}, it holds {found:?}"
            ))
        }
    }

    /// The upper layer holds its former contents and `added`, and no other name.
    pub fn upper_gained(&self, added: &[&str]) -> Verdict {
        let given = self.given.iter().map(String::as_str);
        let mut names: Vec<&str> = given.chain(added.iter().copied()).collect();
        names.sort_unstable();
        names.dedup();
        self.upper_is(&names)
    }

    /// The stat of an object of the upper layer.
    pub fn stat(&self, path: &str) -> Result<libc::stat, String> {
        self.lstat(path)
            .ok_or_else(|| format!("the upper layer must have {path}"))
    }

    /// The work directory holds no leftovers of unfinished operations.
    pub fn work_empty(&self) -> Verdict {
        let inner = self.work.join("work");
        let left = match walk::list(&inner) {
            Ok(left) => left,
            Err(error) if error.0 == libc::ENOENT => return Ok(()),
            Err(error) => return Err(format!("listing {}: {error}", inner.display())),
        };
        let names: Vec<_> = left
            .iter()
            .map(|entry| entry.name.escape_ascii().to_string())
            // A directory in which overlayfs names features that it must not ignore.
            .filter(|name| name != "incompat")
            .collect();
        if names.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "the work directory must be empty, it holds {names:?}"
            ))
        }
    }
}
