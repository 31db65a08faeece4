// SPDX-License-Identifier: GPL-2.0-only

//! Changing the upper layer: how a name is made, removed or moved.
//!
//! Each operation is one function over a [`Store`], the upper layer with its work directory. The
//! module implements the store with the VFS. The tests implement it with a model, stop after every
//! step, and check what the union shows then. The tested code is therefore the code that runs.
//!
//! Every operation keeps one promise: **stopped after any of its steps, the union shows either what
//! it showed before or what it shows after the whole operation.** Leftovers are invisible: an
//! object in the work directory, which the next mount removes, or a mark or a whiteout in the upper
//! layer that hides nothing.
//!
//! Three facts about file systems shape the operations. A rename replaces a non-directory by
//! another one in one step, so a plain rename can replace a leaf by a whiteout and vice versa. A
//! directory and a non-directory can only be *exchanged*. And a directory that is not empty can be
//! neither replaced nor removed, even if it holds nothing but whiteouts.

pub mod copy_up;
mod create;
pub mod redirect;
mod remove;
mod rename;
mod store;

pub use create::{create, link};
pub use remove::{remove, Victim};
pub use rename::{check_rename, rename, Move, RenameMode, RenamePlan, Side};
pub use store::{Attempt, Expect, How, Leftover, Store};

use super::mode::Kind;

/// What the upper layer holds under a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpperEntry {
    /// Nothing, or the directory itself is not in the upper layer.
    Nothing,
    /// A whiteout.
    Whiteout,
    /// An object, which is what the union shows.
    Object(Kind),
}

/// Whether the lower layers would show something under a name if the upper layer held nothing there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Below {
    /// They would not: no layer has the name, a lower whiteout hides it, or the directory of the
    /// name is opaque or in the upper layer only.
    Nothing,
    /// They would: the name must be hidden when the object of the upper layer goes away.
    Something,
}

/// What a directory holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// Names that the union shows.
    Names,
    /// Nothing that the union shows; whiteouts in its upper part.
    Whiteouts,
    /// Nothing at all.
    Nothing,
}

/// What the union shows under a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// Nothing.
    Nothing,
    /// Anything but a directory.
    Leaf,
    /// A directory.
    Directory {
        /// Whether it has parts in lower layers.
        merged: bool,
        /// What it holds. Matters only for one that is to be removed or replaced.
        holds: Holds,
    },
}

impl Shown {
    /// Whether it can be removed; to be called before anything is copied up.
    pub const fn check_removable(self) -> Result<(), Refusal> {
        match self {
            Shown::Nothing => Err(Refusal::NotFound),
            Shown::Directory {
                holds: Holds::Names,
                ..
            } => Err(Refusal::NotEmpty),
            Shown::Leaf | Shown::Directory { .. } => Ok(()),
        }
    }
}

/// What the upper layer holds at a name that an object has left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vacated {
    /// Nothing.
    Nothing,
    /// A whiteout.
    Whiteout,
    /// The object it was exchanged with.
    Exchanged,
}

/// The reason of a refusal. The file system converts it to an error number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The name is taken (`EEXIST`).
    Exists,
    /// The name does not exist (`ENOENT`).
    NotFound,
    /// The directory shows names (`ENOTEMPTY`).
    NotEmpty,
    /// A directory would replace something else (`ENOTDIR`).
    NotADirectory,
    /// Something else would replace a directory (`EISDIR`).
    IsADirectory,
    /// The upper layer was changed directly, not through the union (`ESTALE`).
    Stale,
}
