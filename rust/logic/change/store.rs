// SPDX-License-Identifier: GPL-2.0-only

//! What the operations need of the upper layer: the port that the module and the tests implement.

use super::{redirect::Change, Refusal, UpperEntry};

/// The upper layer and its work directory.
///
/// Each method is one step: it happens as a whole or not at all, and a later step does not reach the
/// disk before an earlier one. [`clear`](Self::clear) and [`clear_staged`](Self::clear_staged) are
/// the exceptions: they delete many names, one after the other.
///
/// The directories of all places are in the upper layer already. The caller excludes other changes
/// through the union. Direct changes of the upper layer are detected, as far as [`Expect`] says,
/// and refused.
pub trait Store {
    /// Why a step failed.
    type Error: From<Refusal>;
    /// A name in a directory of the upper layer.
    type Place: Copy;
    /// An object that the union shows.
    type Object: Copy;
    /// What is to be made.
    type New: Copy;
    /// A new object under its name.
    type Made;
    /// An object under a temporary name in the work directory. Dropping it removes it.
    type Staged;
    /// The times of an object before it was renamed.
    type OldTimes;

    /// Makes an object at `place`, unless the upper layer holds something there.
    fn make(
        &mut self,
        place: Self::Place,
        new: Self::New,
    ) -> Result<Attempt<Self::Made>, Self::Error>;

    /// Makes an object in the work directory, with all the metadata it would have got at `place`.
    fn stage(&mut self, place: Self::Place, new: Self::New) -> Result<Self::Staged, Self::Error>;

    /// Makes a whiteout in the work directory.
    fn stage_whiteout(&mut self) -> Result<Self::Staged, Self::Error>;

    /// Marks a staged directory opaque.
    fn set_staged_opaque(&mut self, staged: &Self::Staged) -> Result<(), Self::Error>;

    /// Renames what is staged to `place`, replacing what is there.
    fn publish(
        &mut self,
        staged: Self::Staged,
        place: Self::Place,
        over: Expect<Self::Object>,
    ) -> Result<Self::Made, Self::Error>;

    /// Exchanges what is staged with what is at `place`, which is then the staged object.
    fn publish_exchange(
        &mut self,
        staged: Self::Staged,
        place: Self::Place,
        with: Expect<Self::Object>,
    ) -> Result<(Self::Made, Self::Staged), Self::Error>;

    /// Removes an object, a directory only if it holds nothing, from `place`.
    fn remove(&mut self, place: Self::Place, object: Self::Object) -> Result<(), Self::Error>;

    /// Makes a whiteout at `place`, where the upper layer holds nothing.
    fn make_whiteout(&mut self, place: Self::Place) -> Result<(), Self::Error>;

    /// Removes the whiteout from `place`.
    fn remove_whiteout(&mut self, place: Self::Place) -> Result<(), Self::Error>;

    /// Deletes the whiteouts in a directory of the upper layer.
    fn clear(&mut self, dir: Self::Object) -> Result<(), Self::Error>;

    /// Deletes the whiteouts in the staged directory, which was `dir`.
    fn clear_staged(&mut self, staged: &Self::Staged, dir: Self::Object)
        -> Result<(), Self::Error>;

    /// Marks a directory of the upper layer opaque.
    fn set_opaque(&mut self, dir: Self::Object) -> Result<(), Self::Error>;

    /// Marks a directory of the upper layer that is about to be moved with a redirect to the place where
    /// its lower parts are ([`plan`](super::redirect::plan)); one that it carries already may be enough.
    fn set_redirect(&mut self, dir: Self::Object, change: Change) -> Result<(), Self::Error>;

    /// Records, in memory only, that a directory has no lower parts any more. Its opaque mark is
    /// set.
    fn forget_lower_parts(&mut self, dir: Self::Object);

    /// Marks the directory of `place` impure: an entry of it may carry the inode number of a lower
    /// object.
    fn set_impure(&mut self, place: Self::Place) -> Result<(), Self::Error>;

    /// Whether an object of the upper layer carries the inode number of a lower object.
    fn has_lower_number(&self, object: Self::Object) -> bool;

    /// Reserves the inode number of an object for it, if it is that of a lower object.
    fn reserve_number(&mut self, object: Self::Object) -> Result<(), Self::Error>;

    /// Whether both places are in the same directory.
    fn same_directory(&self, one: Self::Place, other: Self::Place) -> bool;

    /// Renames within the upper layer.
    fn rename(
        &mut self,
        old: (Self::Place, Self::Object),
        new: (Self::Place, Expect<Self::Object>),
        how: How,
    ) -> Result<Self::OldTimes, Self::Error>;

    /// Gives an object that was exchanged with a whiteout the times that a rename would have left.
    fn restore_times(
        &mut self,
        object: Self::Object,
        before: Self::OldTimes,
    ) -> Result<(), Self::Error>;

    /// Reports a failure that leaves something invisible behind and does not fail the call.
    fn tolerate(&mut self, left: Leftover, why: Self::Error);
}

/// How an attempt to make an object ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt<T> {
    /// It is made.
    Made(T),
    /// The upper layer holds this there, a whiteout or an object. Nothing was changed.
    Taken(UpperEntry),
}

/// The required state of a place for a step. Anything else was created directly in the upper layer:
/// [`Refusal::Stale`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect<O> {
    /// A whiteout.
    Whiteout,
    /// Nothing, or a whiteout.
    NoObject,
    /// This object.
    Object(O),
}

/// How to rename within the upper layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// Replace what is there.
    Replace,
    /// Exchange the two (`RENAME_EXCHANGE`).
    Exchange,
    /// Replace what is there, and leave a whiteout at the old name (`RENAME_WHITEOUT`).
    LeaveWhiteout,
}

/// What a failure that is tolerated leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leftover {
    /// A whiteout that hides nothing.
    Whiteout,
    /// A removed directory in the work directory.
    Directory,
    /// Times that do not say that the object was moved.
    Times,
}
