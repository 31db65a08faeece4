// SPDX-License-Identifier: GPL-2.0-only

//! What the operations need of the upper layer: the port that the module and the tests implement.

use super::super::alloc::AllocError;
use super::class::Class;
use super::format::{Mark, SidecarId};
use super::state::{Lost, Partial, Source};
use core::ops::Range;

/// How much fsync makes durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// The data, and what is needed to find them; no attributes (fdatasync).
    Data,
    /// Everything of the file.
    Full,
}

/// How data are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writing {
    /// To the page cache, or as the caller's file says.
    Back,
    /// And waited for, as by `O_DSYNC`.
    Through,
}

/// What seeking looks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seek {
    /// Data (`SEEK_DATA`).
    Data,
    /// A hole (`SEEK_HOLE`).
    Hole,
}

/// An upper file, the lower file it is a copy of, and what is known of them in memory.
///
/// Each method that can fail is one step: a step that fails may have been done in part where that
/// is said, and has not happened otherwise. Ranges are bytes, and never empty.
pub trait Store {
    /// Why a step failed.
    type Error: From<AllocError> + From<Lost>;

    /// How the upper file system keeps order.
    fn class(&self) -> Class;

    /// Looks at, or changes, what is known in memory, while nobody else does. It is short, does not
    /// sleep, and calls no step.
    fn with<R>(&mut self, look: impl FnOnce(&mut Partial) -> R) -> R;

    /// Does something while nobody else changes what the disk says of the file: the two attributes,
    /// the sidecar. The lock is inside that of the file's data, and can be waited for long, so a
    /// signal may end the wait.
    fn committing<R>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<R, Self::Error>,
    ) -> Result<R, Self::Error>;

    /// Does something while nobody else brings granules of `bytes` to the upper file. A signal may
    /// end the wait. Never held together with [`committing`](Self::committing).
    fn filling<R>(
        &mut self,
        bytes: Range<u64>,
        act: impl FnOnce(&mut Self) -> Result<R, Self::Error>,
    ) -> Result<R, Self::Error>;

    /// Lets others have the lock of the file's data, between two pieces of a long piece of work.
    ///
    /// # Errors
    ///
    /// The work has to end: a signal, an unmount, an upper layer that is nearly full.
    fn pause(&mut self) -> Result<(), Self::Error>;

    /// The size of the upper file.
    fn upper_size(&self) -> u64;

    /// Writes the caller's data of `bytes` to the upper file, and returns how many of them.
    fn write(&mut self, bytes: Range<u64>, how: Writing) -> Result<u64, Self::Error>;

    /// Makes `bytes` of the upper file zeros, by freeing blocks or otherwise. Does not change its
    /// size. May be done in part.
    fn zero(&mut self, bytes: Range<u64>) -> Result<(), Self::Error>;

    /// Copies `bytes` from the lower to the upper file, zeros too: the upper file may hold blocks
    /// there of which nothing is known. Does not change times. May be done in part.
    fn fill(&mut self, bytes: Range<u64>) -> Result<(), Self::Error>;

    /// Frees `bytes` of the upper file, which mean nothing. May be done in part, or not at all. Does not change
    /// size and times.
    fn give_back(&mut self, bytes: Range<u64>);

    /// Changes the size of the upper file, with all that the same call changes.
    fn set_size(&mut self, size: u64) -> Result<(), Self::Error>;

    /// Gives an upper file without data the size of the lower one, which was exchanged. Does not
    /// change times.
    fn match_size(&mut self, size: u64) -> Result<(), Self::Error>;

    /// Sees to it that the upper file can be waited for and synced. What fails here says nothing of data.
    fn prepare(&mut self) -> Result<(), Self::Error>;

    /// Writes what the page cache holds of `bytes`, and waits for it.
    ///
    /// # Errors
    ///
    /// Also if writing any data of the file has failed since
    /// [`forget_errors`](Self::forget_errors), whoever else has been told: the page cache may know
    /// no more of what got lost.
    fn wait(&mut self, bytes: Range<u64>) -> Result<(), Self::Error>;

    /// Makes the upper file durable, and everything before it. Errors as of [`wait`](Self::wait).
    fn sync(&mut self, depth: Depth) -> Result<(), Self::Error>;

    /// What has failed until now is known.
    fn forget_errors(&mut self);

    /// Sets `overlay.union.part`.
    fn set_part(&mut self, value: &[u8]) -> Result<(), Self::Error>;

    /// Removes it, if it is there.
    fn remove_part(&mut self) -> Result<(), Self::Error>;

    /// Sets `overlay.metacopy`.
    fn set_mark(&mut self, mark: Mark) -> Result<(), Self::Error>;

    /// Removes it.
    fn remove_mark(&mut self) -> Result<(), Self::Error>;

    /// Makes the mark in the work directory that keeps overlayfs from mounting an upper layer with
    /// partial files, unless this mount has made it. `durable`: and syncs it.
    fn make_guard(&mut self, durable: bool) -> Result<(), Self::Error>;

    /// Makes a sidecar, with its head and a map without granules.
    fn make_sidecar(&mut self) -> Result<SidecarId, Self::Error>;

    /// Writes bytes of the map to the sidecar, from the `at`-th on. May be done in part.
    fn write_sidecar(&mut self, id: SidecarId, at: u64, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Makes the sidecar durable.
    fn sync_sidecar(&mut self, id: SidecarId) -> Result<(), Self::Error>;

    /// Removes a sidecar. If that fails, it is collected later.
    fn remove_sidecar(&mut self, id: SidecarId);

    /// Where in `bytes` of one of the two files there is the first data or hole.
    fn seek(
        &mut self,
        source: Source,
        bytes: Range<u64>,
        what: Seek,
    ) -> Result<Option<u64>, Self::Error>;
}
