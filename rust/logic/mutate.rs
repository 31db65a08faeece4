// SPDX-License-Identifier: GPL-2.0-only

//! Changing the top: from what is there to the steps that make, remove or move a name.
//!
//! The functions here decide and do nothing. Each plan is a short list of [`Step`]s on the top
//! layer and the work directory, and keeps one promise: **cut off after any of its steps, the union
//! shows either what it showed before or what it shows after the whole plan.** What else is left
//! behind is told by [`CrashState`] and is invisible.
//!
//! Three facts about file systems shape the plans. A rename replaces a non-directory by another in
//! one step, so a leaf and a whiteout trade places by a plain rename. A directory and a
//! non-directory can only be *exchanged*. And a directory that is not empty cannot be replaced or
//! removed, even if all it holds is whiteouts.

pub use super::rename::{rename, ClearTarget, RenameMode, RenamePlan, Side, VfsRename};

use super::entry::Kind;

/// What the top directory holds under a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Upper {
    /// Nothing, or there is no top directory yet.
    Nothing,
    /// A whiteout.
    Whiteout,
    /// An object, which is what the union shows.
    Object(Kind),
}

/// Whether the lower layers would show something under a name if the top held nothing there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Below {
    /// They would not: no layer has the name, a lower whiteout hides it, or the directory of the
    /// name is opaque or in the top only.
    Nothing,
    /// They would: this name must be hidden when the top's object goes away.
    Something,
}

/// Why something cannot be done. The file system turns it into the error number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The name is taken (`EEXIST`).
    Exists,
    /// The name is not there (`ENOENT`).
    NotFound,
    /// The directory shows names (`ENOTEMPTY`).
    NotEmpty,
    /// A directory would replace something else (`ENOTDIR`).
    NotADirectory,
    /// Something else would replace a directory (`EISDIR`).
    IsADirectory,
    /// A directory with parts in lower layers cannot be moved (`EXDEV`).
    CrossDevice,
}

/// One step on the top layer or the work directory. A step happens as a whole or not at all, save
/// the two that delete many names and are invisible at any point of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Make the object under its name in the top directory.
    Make,
    /// Make the object under a name of its own in the work directory, with all its metadata.
    Stage,
    /// Make the directory in the work directory, with all its metadata and the opaque mark.
    StageOpaque,
    /// Make a whiteout in the work directory.
    StageWhiteout,
    /// Rename what is staged to the name, replacing what the top holds there.
    PublishOver,
    /// Exchange what is staged with what the top holds under the name.
    PublishExchange,
    /// Remove what lies in the work directory, with the whiteouts in it if it is a directory.
    DropStaged,

    /// Remove a leaf from the top directory.
    Unlink,
    /// Remove an empty directory from the top directory.
    Rmdir,
    /// Make (or link) a whiteout under the name.
    MakeWhiteout,
    /// Delete the whiteouts in the directory.
    ClearWhiteouts,

    /// Copy the object up, as `copy_up` says.
    CopyUpOld,
    /// The same for the other side of an exchange.
    CopyUpNew,
    /// Mark the directory at the old name opaque.
    MarkOldOpaque,
    /// Mark the directory at the new name opaque.
    MarkNewOpaque,
    /// Delete the whiteouts in the directory at the new name.
    ClearNew,
    /// Rename within the top.
    Rename(VfsRename),
    /// Remove the whiteout that an exchange has left at the old name.
    DropOldWhiteout,
}

/// What a crash between two steps leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CrashState {
    /// The union shows what it showed before; nothing is left over.
    Old,
    /// The union shows what it showed before. Left over: an object in the work directory, which
    /// the next mount clears, or a mark or whiteout in the top that changes nothing visible.
    OldAndGarbage,
    /// The union shows the result. Left over, as above.
    NewAndGarbage,
    /// The union shows the result; nothing is left over.
    New,
}

/// How a name is made: by create, mkdir, mknod, symlink or link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CreatePlan {
    /// Make it in place; nothing is in the way.
    Direct,
    /// Stage it and rename it over the whiteout.
    ReplaceWhiteout,
    /// A directory: stage it opaque, exchange it with the whiteout, remove that.
    ///
    /// Opaque because the whiteout hides what lies beneath, which must stay hidden when the
    /// whiteout is gone. Where nothing lies beneath, the mark does no harm and saves lookups.
    ReplaceWhiteoutOpaque,
}

/// How to make a name. `kind` is that of the new object; a hard link is made like a new leaf.
pub const fn create(kind: Kind, upper: Upper, below: Below) -> Result<CreatePlan, Refusal> {
    match (upper, below) {
        (Upper::Object(_), _) | (Upper::Nothing, Below::Something) => Err(Refusal::Exists),
        (Upper::Nothing, Below::Nothing) => Ok(CreatePlan::Direct),
        (Upper::Whiteout, _) if kind.is_directory() => Ok(CreatePlan::ReplaceWhiteoutOpaque),
        (Upper::Whiteout, _) => Ok(CreatePlan::ReplaceWhiteout),
    }
}

impl CreatePlan {
    /// The steps, in order.
    pub const fn steps(self) -> &'static [Step] {
        match self {
            CreatePlan::Direct => &[Step::Make],
            CreatePlan::ReplaceWhiteout => &[Step::Stage, Step::PublishOver],
            CreatePlan::ReplaceWhiteoutOpaque => {
                &[Step::StageOpaque, Step::PublishExchange, Step::DropStaged]
            }
        }
    }

    /// What is left when only the first `done` steps have happened.
    pub const fn after_crash(self, done: usize) -> CrashState {
        match (self, done) {
            (_, 0) => CrashState::Old,
            (CreatePlan::Direct, _) => CrashState::New,
            (_, 1) => CrashState::OldAndGarbage,
            (CreatePlan::ReplaceWhiteout, _) => CrashState::New,
            (CreatePlan::ReplaceWhiteoutOpaque, 2) => CrashState::NewAndGarbage,
            (CreatePlan::ReplaceWhiteoutOpaque, _) => CrashState::New,
        }
    }
}

/// How a name is removed, by unlink or rmdir.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RemovePlan {
    /// A leaf of the top only: remove it.
    Unlink,
    /// A directory of the top only, holding nothing: remove it.
    Rmdir,
    /// Nothing is in the top: put a whiteout straight to the name.
    WhiteoutInPlace,
    /// A leaf of the top with something beneath: replace it by a whiteout.
    WhiteoutOver,
    /// A directory of the top only, holding whiteouts: they hide nothing, so delete them and
    /// remove it.
    ClearThenRmdir,
    /// A directory of the top with something beneath: exchange it with a whiteout, then clear and
    /// remove it in the work directory.
    ///
    /// In this order, because its whiteouts are what makes it empty: once one of them is deleted
    /// in place, the name it hides would be back.
    WhiteoutOverThenClear,
}

/// How to remove a name.
///
/// `target` is the kind of what the union shows there (ignored where it shows nothing). For a
/// directory, `empty` says that it shows no names and `top_dir_has_whiteouts` that its top part
/// holds whiteouts all the same.
pub const fn remove(
    target: Kind,
    upper: Upper,
    below: Below,
    empty: bool,
    top_dir_has_whiteouts: bool,
) -> Result<RemovePlan, Refusal> {
    let dir = target.is_directory();
    match (upper, below) {
        (Upper::Whiteout, _) | (Upper::Nothing, Below::Nothing) => Err(Refusal::NotFound),
        _ if dir && !empty => Err(Refusal::NotEmpty),
        (Upper::Nothing, Below::Something) => Ok(RemovePlan::WhiteoutInPlace),
        (Upper::Object(_), Below::Something) if dir => Ok(RemovePlan::WhiteoutOverThenClear),
        (Upper::Object(_), Below::Something) => Ok(RemovePlan::WhiteoutOver),
        (Upper::Object(_), Below::Nothing) if !dir => Ok(RemovePlan::Unlink),
        (Upper::Object(_), Below::Nothing) if top_dir_has_whiteouts => {
            Ok(RemovePlan::ClearThenRmdir)
        }
        (Upper::Object(_), Below::Nothing) => Ok(RemovePlan::Rmdir),
    }
}

impl RemovePlan {
    /// The steps, in order.
    pub const fn steps(self) -> &'static [Step] {
        match self {
            RemovePlan::Unlink => &[Step::Unlink],
            RemovePlan::Rmdir => &[Step::Rmdir],
            RemovePlan::WhiteoutInPlace => &[Step::MakeWhiteout],
            RemovePlan::WhiteoutOver => &[Step::StageWhiteout, Step::PublishOver],
            RemovePlan::ClearThenRmdir => &[Step::ClearWhiteouts, Step::Rmdir],
            RemovePlan::WhiteoutOverThenClear => {
                &[Step::StageWhiteout, Step::PublishExchange, Step::DropStaged]
            }
        }
    }

    /// What is left when only the first `done` steps have happened.
    pub const fn after_crash(self, done: usize) -> CrashState {
        match (self, done) {
            (_, 0) => CrashState::Old,
            (RemovePlan::Unlink | RemovePlan::Rmdir | RemovePlan::WhiteoutInPlace, _) => {
                CrashState::New
            }
            // Fewer whiteouts in a directory where they hide nothing: as good as untouched.
            (RemovePlan::ClearThenRmdir, 1) => CrashState::Old,
            (_, 1) => CrashState::OldAndGarbage,
            (RemovePlan::WhiteoutOverThenClear, 2) => CrashState::NewAndGarbage,
            _ => CrashState::New,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIR: Kind = Kind::Directory;
    const FILE: Kind = Kind::Regular;

    #[test]
    fn create_where_nothing_is_needs_no_staging() {
        for kind in Kind::ALL {
            let plan = create(kind, Upper::Nothing, Below::Nothing);
            assert_eq!(plan, Ok(CreatePlan::Direct));
        }
    }

    #[test]
    fn create_over_what_is_there() {
        for below in [Below::Nothing, Below::Something] {
            let there = create(FILE, Upper::Object(DIR), below);
            assert_eq!(there, Err(Refusal::Exists));
        }
        let lower = create(DIR, Upper::Nothing, Below::Something);
        assert_eq!(lower, Err(Refusal::Exists));
    }

    #[test]
    fn create_over_a_whiteout() {
        for below in [Below::Nothing, Below::Something] {
            let file = create(FILE, Upper::Whiteout, below);
            assert_eq!(file, Ok(CreatePlan::ReplaceWhiteout));
            let dir = create(DIR, Upper::Whiteout, below);
            assert_eq!(dir, Ok(CreatePlan::ReplaceWhiteoutOpaque));
        }
    }

    #[test]
    fn remove_what_is_not_there() {
        let whiteout = remove(FILE, Upper::Whiteout, Below::Something, true, false);
        assert_eq!(whiteout, Err(Refusal::NotFound));
        let never = remove(FILE, Upper::Nothing, Below::Nothing, true, false);
        assert_eq!(never, Err(Refusal::NotFound));
    }

    #[test]
    fn remove_leaves() {
        let plan = |upper, below| remove(FILE, upper, below, false, false).unwrap();
        let top = Upper::Object(FILE);
        assert_eq!(plan(top, Below::Nothing), RemovePlan::Unlink);
        assert_eq!(plan(top, Below::Something), RemovePlan::WhiteoutOver);
        assert_eq!(
            plan(Upper::Nothing, Below::Something),
            RemovePlan::WhiteoutInPlace
        );
    }

    #[test]
    fn remove_directories() {
        use Below::{Nothing, Something};
        let top = Upper::Object(DIR);
        let plan = |upper, below, whiteouts| remove(DIR, upper, below, true, whiteouts).unwrap();
        assert_eq!(plan(top, Nothing, false), RemovePlan::Rmdir);
        assert_eq!(plan(top, Nothing, true), RemovePlan::ClearThenRmdir);
        for whiteouts in [false, true] {
            assert_eq!(
                plan(top, Something, whiteouts),
                RemovePlan::WhiteoutOverThenClear
            );
        }
        let lower = plan(Upper::Nothing, Something, false);
        assert_eq!(lower, RemovePlan::WhiteoutInPlace);
        let full = remove(DIR, top, Something, false, false);
        assert_eq!(full, Err(Refusal::NotEmpty));
    }
}
