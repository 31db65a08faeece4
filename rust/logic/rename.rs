// SPDX-License-Identifier: GPL-2.0-only

//! Moving a name: the one change that has two places.
//!
//! A rename must do up to three things at once: show the object at the new name, hide what is
//! beneath the new name, and hide what is beneath the old one. The first two come together, since
//! the top's object hides all under its name; a directory must be marked opaque for it. The third
//! needs a whiteout at the old name, in the same step: by `RENAME_WHITEOUT`, or, where a whiteout
//! stands at the new name already, by exchanging the two.

use super::entry::Kind;
use super::mutate::{Below, CrashState, Refusal, Step, Upper};

/// One of the two names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Side {
    /// What the union shows there.
    pub kind: Option<Kind>,
    /// What the top holds there.
    pub upper: Upper,
    /// Whether the lower layers hold something there.
    pub below: Below,
    /// For a directory: whether it has parts in lower layers.
    pub merged: bool,
    /// For a directory that may be replaced: whether it shows no names.
    pub empty: bool,
    /// For a directory that may be replaced: whether its top part holds whiteouts.
    pub holds_whiteouts: bool,
}

impl Side {
    /// A name under which the union shows nothing.
    pub const fn absent(upper: Upper, below: Below) -> Side {
        Side {
            kind: None,
            upper,
            below,
            merged: false,
            empty: false,
            holds_whiteouts: false,
        }
    }

    /// A name under which the union shows a leaf.
    pub const fn leaf(kind: Kind, upper: Upper, below: Below) -> Side {
        Side {
            kind: Some(kind),
            upper,
            below,
            merged: false,
            empty: false,
            holds_whiteouts: false,
        }
    }

    const fn is_directory(self) -> bool {
        matches!(self.kind, Some(Kind::Directory))
    }

    const fn is_lower(self) -> bool {
        matches!(self.upper, Upper::Nothing)
    }

    const fn covers_something(self) -> bool {
        matches!(self.below, Below::Something)
    }
}

/// What the caller asks for. A whiteout (`RENAME_WHITEOUT`) he cannot ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RenameMode {
    /// Replace what is at the new name.
    Replace,
    /// Refuse if something is at the new name.
    NoReplace,
    /// Let the two trade places.
    Exchange,
}

/// How the rename is done within the top.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VfsRename {
    /// Without flags.
    Plain,
    /// With `RENAME_EXCHANGE`.
    Exchange,
    /// With `RENAME_WHITEOUT`.
    Whiteout,
}

/// What to do with an empty directory at the new name before it can be replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClearTarget {
    /// Nothing: there is none in the top, or it holds nothing.
    No,
    /// Delete its whiteouts; they hide nothing.
    Whiteouts,
    /// Mark it opaque, so that it stays empty, and then delete its whiteouts.
    OpaqueThenWhiteouts,
}

/// How to rename. The fields are in the order in which they are carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RenamePlan {
    /// Copy the object at the old name up.
    pub copy_up_old: bool,
    /// Copy the object at the new name up (exchange only).
    pub copy_up_new: bool,
    /// Mark the directory at the old name opaque, since its new place covers something.
    pub old_opaque: bool,
    /// Mark the directory at the new name opaque, likewise (exchange only).
    pub new_opaque: bool,
    /// Make the directory at the new name replaceable.
    pub clear_new: ClearTarget,
    /// Rename within the top.
    pub vfs: VfsRename,
    /// Remove the whiteout which the exchange has brought to the old name, where it hides nothing.
    pub remove_old_whiteout_after: bool,
}

/// How to rename `old` to `new`. That both are the same object is the caller's matter.
pub const fn rename(old: Side, new: Side, mode: RenameMode) -> Result<RenamePlan, Refusal> {
    if old.kind.is_none() {
        return Err(Refusal::NotFound);
    }
    if let Err(refusal) = movable(old) {
        return Err(refusal);
    }
    match mode {
        RenameMode::Exchange => exchange(old, new),
        RenameMode::NoReplace if new.kind.is_some() => Err(Refusal::Exists),
        RenameMode::NoReplace | RenameMode::Replace => replace(old, new),
    }
}

/// Whether the object can be moved at all.
///
/// **The seam for moving merged directories.** A directory with lower parts finds them by its own
/// name; moved, it would need a redirect. Until there is one, the caller must copy (`EXDEV`), as on
/// a rename between file systems.
const fn movable(side: Side) -> Result<(), Refusal> {
    if side.is_directory() && (side.merged || side.is_lower()) {
        return Err(Refusal::CrossDevice);
    }
    Ok(())
}

const fn exchange(old: Side, new: Side) -> Result<RenamePlan, Refusal> {
    if new.kind.is_none() {
        return Err(Refusal::NotFound);
    }
    if let Err(refusal) = movable(new) {
        return Err(refusal);
    }
    // Both names stay taken, so no whiteout is needed on either side.
    Ok(RenamePlan {
        copy_up_old: old.is_lower(),
        copy_up_new: new.is_lower(),
        old_opaque: old.is_directory() && new.covers_something(),
        new_opaque: new.is_directory() && old.covers_something(),
        clear_new: ClearTarget::No,
        vfs: VfsRename::Exchange,
        remove_old_whiteout_after: false,
    })
}

const fn replace(old: Side, new: Side) -> Result<RenamePlan, Refusal> {
    if new.kind.is_some() {
        match (old.is_directory(), new.is_directory()) {
            (true, false) => return Err(Refusal::NotADirectory),
            (false, true) => return Err(Refusal::IsADirectory),
            (true, true) if !new.empty => return Err(Refusal::NotEmpty),
            _ => (),
        }
    }
    let leave_whiteout = old.covers_something();
    // A whiteout at the new name is of use at the old one; and a directory cannot replace it.
    let trade = matches!(new.upper, Upper::Whiteout) && (leave_whiteout || old.is_directory());

    Ok(RenamePlan {
        copy_up_old: old.is_lower(),
        copy_up_new: false,
        old_opaque: old.is_directory() && new.covers_something(),
        new_opaque: false,
        clear_new: if !new.is_directory() || new.is_lower() || !new.holds_whiteouts {
            ClearTarget::No
        } else if new.merged {
            ClearTarget::OpaqueThenWhiteouts
        } else {
            ClearTarget::Whiteouts
        },
        vfs: if trade {
            VfsRename::Exchange
        } else if leave_whiteout {
            VfsRename::Whiteout
        } else {
            VfsRename::Plain
        },
        remove_old_whiteout_after: trade && !leave_whiteout,
    })
}

impl RenamePlan {
    /// The steps, in order.
    pub fn steps(self) -> impl Iterator<Item = Step> {
        let (seal, clear) = match self.clear_new {
            ClearTarget::No => (false, false),
            ClearTarget::Whiteouts => (false, true),
            ClearTarget::OpaqueThenWhiteouts => (true, true),
        };
        [
            self.copy_up_old.then_some(Step::CopyUpOld),
            self.copy_up_new.then_some(Step::CopyUpNew),
            self.old_opaque.then_some(Step::MarkOldOpaque),
            (self.new_opaque || seal).then_some(Step::MarkNewOpaque),
            clear.then_some(Step::ClearNew),
            Some(Step::Rename(self.vfs)),
            self.remove_old_whiteout_after
                .then_some(Step::DropOldWhiteout),
        ]
        .into_iter()
        .flatten()
    }

    /// What is left when only the first `done` steps have happened.
    ///
    /// A copy-up shows nothing new, so an object copied up in vain is as good as untouched; the
    /// same goes for whiteouts deleted where they hide nothing. An opaque mark that turned out not
    /// to be needed counts as garbage.
    pub fn after_crash(self, done: usize) -> CrashState {
        let mut state = CrashState::Old;
        for step in self.steps().take(done) {
            state = match step {
                Step::Rename(_) if self.remove_old_whiteout_after => CrashState::NewAndGarbage,
                Step::Rename(_) | Step::DropOldWhiteout => CrashState::New,
                Step::MarkOldOpaque | Step::MarkNewOpaque => CrashState::OldAndGarbage,
                _ => state,
            };
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP_FILE: Upper = Upper::Object(Kind::Regular);

    fn file(upper: Upper, below: Below) -> Side {
        Side::leaf(Kind::Regular, upper, below)
    }

    fn top_dir(below: Below) -> Side {
        Side {
            kind: Some(Kind::Directory),
            upper: Upper::Object(Kind::Directory),
            below,
            merged: false,
            empty: true,
            holds_whiteouts: false,
        }
    }

    const FREE: Side = Side::absent(Upper::Nothing, Below::Nothing);

    #[test]
    fn a_top_file_to_a_free_name_is_plain() {
        let old = file(TOP_FILE, Below::Nothing);
        let plan = rename(old, FREE, RenameMode::NoReplace).unwrap();
        assert!(plan.steps().eq([Step::Rename(VfsRename::Plain)]));
    }

    #[test]
    fn a_lower_file_is_copied_up_and_leaves_a_whiteout() {
        let old = file(Upper::Nothing, Below::Something);
        let plan = rename(old, FREE, RenameMode::Replace).unwrap();
        let steps = [Step::CopyUpOld, Step::Rename(VfsRename::Whiteout)];
        assert!(plan.steps().eq(steps));
    }

    #[test]
    fn whiteouts_trade_places() {
        let hole = Side::absent(Upper::Whiteout, Below::Something);
        let trade = Step::Rename(VfsRename::Exchange);

        let lower = file(TOP_FILE, Below::Something);
        let plan = rename(lower, hole, RenameMode::Replace).unwrap();
        assert!(plan.steps().eq([trade]));

        let top = file(TOP_FILE, Below::Nothing);
        let plan = rename(top, hole, RenameMode::Replace).unwrap();
        assert!(plan.steps().eq([Step::Rename(VfsRename::Plain)]));

        let plan = rename(top_dir(Below::Nothing), hole, RenameMode::Replace).unwrap();
        let steps = [Step::MarkOldOpaque, trade, Step::DropOldWhiteout];
        assert!(plan.steps().eq(steps));
    }

    #[test]
    fn a_merged_directory_at_the_target_is_sealed_before_it_is_cleared() {
        let target = Side {
            merged: true,
            holds_whiteouts: true,
            ..top_dir(Below::Something)
        };
        let plan = rename(top_dir(Below::Nothing), target, RenameMode::Replace).unwrap();
        let steps = [
            Step::MarkOldOpaque,
            Step::MarkNewOpaque,
            Step::ClearNew,
            Step::Rename(VfsRename::Plain),
        ];
        assert!(plan.steps().eq(steps));
    }

    #[test]
    fn refusals() {
        let old = file(TOP_FILE, Below::Nothing);
        let dir = top_dir(Below::Nothing);
        let full = Side {
            empty: false,
            ..dir
        };
        let merged = Side {
            merged: true,
            ..dir
        };
        let lower_dir = Side {
            upper: Upper::Nothing,
            below: Below::Something,
            ..dir
        };
        use RenameMode::*;
        let refused = |old, new, mode| rename(old, new, mode).unwrap_err();
        assert_eq!(refused(FREE, old, Replace), Refusal::NotFound);
        assert_eq!(refused(old, FREE, Exchange), Refusal::NotFound);
        assert_eq!(refused(old, old, NoReplace), Refusal::Exists);
        assert_eq!(refused(old, dir, Replace), Refusal::IsADirectory);
        assert_eq!(refused(dir, old, Replace), Refusal::NotADirectory);
        assert_eq!(refused(dir, full, Replace), Refusal::NotEmpty);
        assert_eq!(refused(merged, FREE, Replace), Refusal::CrossDevice);
        assert_eq!(refused(lower_dir, FREE, NoReplace), Refusal::CrossDevice);
        assert_eq!(refused(old, merged, Exchange), Refusal::CrossDevice);
        assert!(rename(dir, full, Exchange).is_ok());
    }
}
