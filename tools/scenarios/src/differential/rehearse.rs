// SPDX-License-Identifier: GPL-2.0-only
//! Trying operations out while they are chosen, so that the next ones concern objects that exist.

use std::path::Path;

use super::generate::{self, Limits};
use super::op::{ACTORS, Op, Step};
use super::perform::{Side, succeeded};
use super::twins::second_names;
use crate::process::{self, End};
use crate::sys;
use crate::tree::{self, Spread};

/// The operations of a seed on the tree of some layers, which the directory `root` holds; it is used up.
///
/// They depend on what calls answer there, so it should be on the same file system for all.
pub fn steps(
    seed: u64,
    count: usize,
    layers: &Spread,
    limits: Limits,
    root: &Path,
) -> Result<Vec<Step>, String> {
    let tree = &tree::merge(layers);
    let rehearsal = process::run(super::LIMIT, |out| {
        let mut stage = Stage::new(root).expect("the tree is there");
        let mut answers = Vec::new();
        generate::steps(seed, count, tree, limits, |_, step| {
            let tried = stage.try_out(step);
            answers.push(tried.0);
            tried
        });
        out.write_all(&answers).expect("the pipe takes it");
    });
    match rehearsal {
        Ok((answers, End::Done)) if answers.len() == count => {
            Ok(generate::steps(seed, count, tree, limits, |index, _| {
                Tried(answers[index])
            }))
        }
        Ok((answers, end)) => {
            let given = answers.len();
            Err(format!(
                "trying the operations out ended with {end:?}, {given} answers of {count}"
            ))
        }
        Err(error) => Err(format!("fork: {error}")),
    }
}

/// The result of trying an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried(u8);

impl Tried {
    /// It succeeded, and all its names exist.
    #[cfg(test)]
    pub const WELL: Self = Self(1);

    const GONE: u32 = 1;
    const CLOSED: u32 = 4;

    /// Whether it succeeded.
    pub fn succeeded(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether its `index`th name is missing afterwards.
    pub fn gone(self, index: usize) -> bool {
        self.has(Self::GONE, index)
    }

    /// Whether its `index`th descriptor is not open afterwards.
    pub fn closed(self, index: usize) -> bool {
        self.has(Self::CLOSED, index)
    }

    fn has(self, what: u32, index: usize) -> bool {
        self.0 & Self::bit(what, index) != 0
    }

    /// No operation has more than three names or two descriptors.
    fn bit(what: u32, index: usize) -> u8 {
        1 << (what as usize + index)
    }
}

/// The tree as all the processes see it; they are one here.
struct Stage {
    sides: Vec<Side>,
}

impl Stage {
    fn new(root: &Path) -> Result<Self, String> {
        Ok(Self {
            sides: (0..ACTORS)
                .map(|_| Side::new(root, root))
                .collect::<Result<_, _>>()?,
        })
    }

    fn try_out(&mut self, step: &Step) -> Tried {
        let mut tried = u8::from(self.perform(step));
        let side = &self.sides[step.actor];
        side.enter();
        for (index, path) in step.op.paths().iter().enumerate() {
            if sys::stat(*path, libc::AT_SYMLINK_NOFOLLOW).is_err() {
                tried |= Tried::bit(Tried::GONE, index);
            }
        }
        for (index, slot) in step.op.slots().iter().enumerate() {
            if !side.is_open(*slot) {
                tried |= Tried::bit(Tried::CLOSED, index);
            }
        }
        Tried(tried)
    }

    fn perform(&mut self, step: &Step) -> bool {
        match step.op {
            Op::DropCaches => {}
            Op::Remount => self.close(),
            Op::Rotate => {
                self.close();
                self.sides[0].enter();
                let root = self.sides[0].root().to_owned();
                for name in second_names(&root).unwrap_or_default() {
                    let _ = sys::unlink(name);
                }
            }
            _ => return succeeded(&self.sides[step.actor].perform(step)),
        }
        true
    }

    /// Everything is closed and the roots are opened anew.
    fn close(&mut self) {
        for side in &mut self.sides {
            side.leave();
            side.enter_anew().expect("the tree is there");
        }
    }
}
