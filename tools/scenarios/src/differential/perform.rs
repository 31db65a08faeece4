// SPDX-License-Identifier: GPL-2.0-only
//! Doing one operation on one of the two trees.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::held::Held;
use super::op::{Slot, Step, USERS};
use crate::run::Run;
use crate::sys;

/// One of the two trees, as one process sees it: its root, and its open files there.
pub struct Side {
    root: PathBuf,
    at_root: RawFd,
    held: Held,
}

impl Side {
    /// The tree at `root`, with nothing open, whose changes go to the file system that `upper_fs` is on.
    pub fn new(root: &Path, upper_fs: &Path) -> Result<Self, String> {
        let mut side = Self {
            root: root.to_owned(),
            at_root: -1,
            held: Held::nothing(sys::statfs(upper_fs).map_or(0, |stat| stat.f_type)),
        };
        side.enter_anew()?;
        Ok(side)
    }

    /// Its path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes it the current directory.
    pub fn enter(&self) {
        sys::fchdir(self.at_root).expect("the root is open");
    }

    /// Opens the root, in whose place another mount may be by now.
    pub fn enter_anew(&mut self) -> Result<(), String> {
        self.at_root = sys::open(&self.root, libc::O_PATH | libc::O_DIRECTORY, 0)
            .map_err(|error| format!("opening {}: {error}", self.root.display()))?;
        Ok(())
    }

    /// Closes everything, the root as well; leaves the tree.
    pub fn leave(&mut self) {
        self.held.drop_all();
        let _ = sys::close(self.at_root);
        self.at_root = -1;
    }

    /// Whether a descriptor is open.
    pub fn is_open(&self, slot: Slot) -> bool {
        sys::fstat(self.held.fd(slot).raw()).is_ok()
    }

    /// Carries the step out; returns the answer.
    pub fn perform(&mut self, step: &Step) -> Vec<u8> {
        self.enter();
        let mut out = Vec::new();
        let mut run = Run::new(&mut out);
        match USERS[step.user] {
            (0, _) => step.op.perform(&mut self.held, &mut run),
            (uid, gid) => run.as_user(uid, gid, |run| step.op.perform(&mut self.held, run)),
        }
        out
    }

    /// Carries the step out; returns the answer, and the attributes of its objects afterwards.
    pub fn perform_and_look(&mut self, step: &Step) -> Vec<u8> {
        let mut out = self.perform(step);
        let mut run = Run::new(&mut out);
        for path in step.op.paths() {
            run.lstat(path);
            // Changes of a name show in the times of its directory.
            run.lstat(
                path.trim_end_matches('/')
                    .rsplit_once('/')
                    .map_or(".", |(dir, _)| dir),
            );
        }
        for slot in step.op.slots() {
            if !self.held.is_removed_dir(slot) {
                run.fstat(self.held.fd(slot));
            }
        }
        out
    }
}

/// Whether the result of [`Side::perform`] is no error: the first line counts, except the one with
/// the caller.
pub fn succeeded(answer: &[u8]) -> bool {
    let mut lines = answer.split(|byte| *byte == b'\n');
    let call = lines.find(|line| !line.starts_with(b"--"));
    call.is_some_and(|line| !contains(line, b" = E"))
}

/// Whether `part` is somewhere in `text`.
pub fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
