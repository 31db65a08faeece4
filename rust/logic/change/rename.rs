// SPDX-License-Identifier: GPL-2.0-only

//! Moving a name: the only change with two places.
//!
//! A rename must do up to three things at once: show the object at the new name, hide what is
//! beneath the new name, and hide what is beneath the old one. The first two are one step, since an
//! object of the upper layer hides everything beneath its name; a directory must be marked for that.
//! One that has lower parts gets a redirect, by which they are found from the new name on; any other
//! one is made opaque. The third needs a whiteout at the old name, in the same step: by
//! `RENAME_WHITEOUT`, or, where a whiteout is at the new name already, by exchanging the two.

use super::{
    redirect::Change, remove::remove_whiteout, Below, Expect, Holds, How, Leftover, Refusal, Shown,
    Store, UpperEntry, Vacated,
};

/// One of the two names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Side {
    /// What the union shows there.
    pub shown: Shown,
    /// What the upper layer holds there.
    pub upper: UpperEntry,
    /// Whether the lower layers hold something there.
    pub below: Below,
    /// Of a directory without lower parts: whether it carries a redirect that leads nowhere here, and might lead
    /// somewhere under the other name.
    pub is_astray: bool,
}

impl Side {
    const fn is_directory(self) -> bool {
        matches!(self.shown, Shown::Directory { .. })
    }

    const fn is_lower(self) -> bool {
        matches!(self.upper, UpperEntry::Nothing)
    }

    const fn covers_something(self) -> bool {
        matches!(self.below, Below::Something)
    }

    /// What a directory is marked with, so that `at`, its new name, shows the same as this one.
    const fn mark(self, at: Side) -> Mark {
        match self.shown {
            Shown::Directory { merged, .. } if merged || self.is_lower() => Mark::Redirect,
            Shown::Directory { .. } if at.covers_something() || self.is_astray => Mark::Opaque,
            Shown::Directory { .. } | Shown::Leaf | Shown::Nothing => Mark::Nothing,
        }
    }
}

/// What is written to a directory before its name changes. Under the old name it changes nothing that is
/// seen: an opaque directory has no lower parts there, and a redirect leads to those that it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    /// Nothing, or it is no directory.
    Nothing,
    /// It has no lower parts.
    Opaque,
    /// Where its lower parts are.
    Redirect,
}

/// What the caller asks for. It cannot ask for a whiteout (`RENAME_WHITEOUT`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RenameMode {
    /// Replace what is at the new name.
    Replace,
    /// Refuse if something is at the new name.
    NoReplace,
    /// Exchange the two.
    Exchange,
}

/// How the rename that has been checked is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RenamePlan {
    /// Whether the object at the old name is to be copied up first.
    pub copy_up_old: bool,
    /// Whether the object at the new name is to be copied up first (exchange only).
    pub copy_up_new: bool,
    /// Of the directory at the old name.
    old_mark: Mark,
    method: Method,
}

impl RenamePlan {
    /// Whether the two are exchanged: nothing is replaced.
    pub const fn is_exchange(self) -> bool {
        matches!(self.method, Method::Exchange { .. })
    }

    /// Whether a directory gets a redirect.
    pub const fn needs_redirect(self) -> bool {
        matches!(self.old_mark, Mark::Redirect)
            || matches!(
                self.method,
                Method::Exchange {
                    new_mark: Mark::Redirect
                }
            )
    }
}

/// What becomes of the two names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Method {
    /// The two change places.
    Exchange {
        /// Of the directory at the new name.
        new_mark: Mark,
    },
    /// What is at the new name is replaced.
    Replace {
        target: TargetState,
        /// Whether something is beneath the old name, which must be hidden then.
        leave_whiteout: bool,
    },
    /// The whiteout at the new name moves to the old one: if something is beneath the old name, or
    /// for a directory, which cannot replace a whiteout.
    TakeWhiteout {
        /// Whether it hides something there.
        needed: bool,
    },
}

/// What must be done to what is at the new name before it can be replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TargetState {
    /// Nothing: there is no directory in the upper layer, or one that holds nothing.
    Ready,
    /// Its whiteouts, which hide nothing, must be deleted.
    HoldsWhiteouts,
    /// Its whiteouts, which hide what is in its lower parts, must be deleted.
    HidesNames,
}

/// Whether, and how, `old` is renamed to `new`; to be called before anything is copied up. The
/// caller handles the case that both are the same object.
pub const fn check_rename(old: Side, new: Side, mode: RenameMode) -> Result<RenamePlan, Refusal> {
    match (mode, old.shown, new.shown) {
        (_, Shown::Nothing, _) | (RenameMode::Exchange, _, Shown::Nothing) => {
            Err(Refusal::NotFound)
        }
        (RenameMode::Exchange, ..) => Ok(exchange(old, new)),
        (RenameMode::NoReplace, _, Shown::Leaf | Shown::Directory { .. }) => Err(Refusal::Exists),
        (RenameMode::NoReplace | RenameMode::Replace, ..) => replace(old, new),
    }
}

const fn exchange(old: Side, new: Side) -> RenamePlan {
    // Both names stay taken, so no whiteout is needed on either side.
    RenamePlan {
        copy_up_old: old.is_lower(),
        copy_up_new: new.is_lower(),
        old_mark: old.mark(new),
        method: Method::Exchange {
            new_mark: new.mark(old),
        },
    }
}

const fn replace(old: Side, new: Side) -> Result<RenamePlan, Refusal> {
    let target = match (old.is_directory(), new.shown) {
        (_, Shown::Nothing) | (false, Shown::Leaf) => TargetState::Ready,
        (true, Shown::Leaf) => return Err(Refusal::NotADirectory),
        (false, Shown::Directory { .. }) => return Err(Refusal::IsADirectory),
        (true, Shown::Directory { merged, holds }) => match holds {
            Holds::Names => return Err(Refusal::NotEmpty),
            Holds::Nothing => TargetState::Ready,
            // Whiteouts of a lower layer do not matter here.
            Holds::Whiteouts if new.is_lower() => TargetState::Ready,
            Holds::Whiteouts if merged => TargetState::HidesNames,
            Holds::Whiteouts => TargetState::HoldsWhiteouts,
        },
    };
    let leave_whiteout = old.covers_something();
    let whiteout = matches!(new.upper, UpperEntry::Whiteout);
    Ok(RenamePlan {
        copy_up_old: old.is_lower(),
        copy_up_new: false,
        old_mark: old.mark(new),
        method: if whiteout && (leave_whiteout || old.is_directory()) {
            Method::TakeWhiteout {
                needed: leave_whiteout,
            }
        } else {
            Method::Replace {
                target,
                leave_whiteout,
            }
        },
    })
}

/// An object that is moved, and the object at its new name. Both are in the upper layer, except a
/// lower object that is replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move<P, O> {
    /// The old name.
    pub old: P,
    /// What is moved.
    pub object: O,
    /// The new name.
    pub new: P,
    /// What the union shows there and the upper layer holds.
    pub target: Option<O>,
}

/// Renames as [checked](check_rename), after the copy-ups of the plan. Returns what the upper layer
/// then holds at the old name.
pub fn rename<S: Store>(
    store: &mut S,
    plan: RenamePlan,
    names: Move<S::Place, S::Object>,
) -> Result<Vacated, S::Error> {
    prepare(store, plan, names)?;
    let (expect, how) = match (plan.method, names.target) {
        (Method::Exchange { .. }, Some(target)) => (Expect::Object(target), How::Exchange),
        (Method::Exchange { .. }, None) => return Err(Refusal::Stale.into()),
        (Method::TakeWhiteout { .. }, _) => (Expect::Whiteout, How::Exchange),
        (Method::Replace { leave_whiteout, .. }, target) => (
            target.map_or(Expect::NoObject, Expect::Object),
            match leave_whiteout {
                true => How::LeaveWhiteout,
                false => How::Replace,
            },
        ),
    };
    let before = store.rename((names.old, names.object), (names.new, expect), how)?;
    match plan.method {
        Method::Exchange { .. } => Ok(Vacated::Exchanged),
        Method::Replace { leave_whiteout, .. } => Ok(match leave_whiteout {
            true => Vacated::Whiteout,
            false => Vacated::Nothing,
        }),
        Method::TakeWhiteout { needed } => Ok(settle(store, names, before, needed)),
    }
}

/// Does what must be done before the names change: nothing of it is seen, or looks different.
fn prepare<S: Store>(
    store: &mut S,
    plan: RenamePlan,
    names: Move<S::Place, S::Object>,
) -> Result<(), S::Error> {
    let Move {
        old,
        object,
        new,
        target,
    } = names;
    // What goes to the old name in exchange.
    let other = target.filter(|_| plan.is_exchange());
    // Beneath its new name there is no object that proves its number.
    for (object, to) in [(Some(object), new), (other, old)] {
        if let Some(object) = object {
            store.reserve_number(object)?;
            if store.has_lower_number(object) && !store.same_directory(old, new) {
                store.set_impure(to)?;
            }
        }
    }
    let change = match store.same_directory(old, new) {
        true => Change::RenameWithin,
        false => Change::RenameAway,
    };
    mark(store, object, plan.old_mark, change)?;
    match (plan.method, target) {
        (Method::Exchange { new_mark }, Some(target)) => mark(store, target, new_mark, change),
        (Method::Replace { target: state, .. }, Some(target)) => make_ready(store, target, state),
        _ => Ok(()),
    }
}

fn mark<S: Store>(
    store: &mut S,
    dir: S::Object,
    mark: Mark,
    change: Change,
) -> Result<(), S::Error> {
    match mark {
        Mark::Nothing => Ok(()),
        Mark::Opaque => store.set_opaque(dir),
        Mark::Redirect => store.set_redirect(dir, change),
    }
}

/// Makes up for an exchange with a whiteout: the caller asked for a move. The whiteout goes if it is not
/// `needed` at the old name.
fn settle<S: Store>(
    store: &mut S,
    names: Move<S::Place, S::Object>,
    before: S::OldTimes,
    needed: bool,
) -> Vacated {
    if let Err(why) = store.restore_times(names.object, before) {
        store.tolerate(Leftover::Times, why);
    }
    if needed {
        return Vacated::Whiteout;
    }
    remove_whiteout(store, names.old)
}

/// Makes an empty directory at the new name replaceable.
fn make_ready<S: Store>(store: &mut S, dir: S::Object, state: TargetState) -> Result<(), S::Error> {
    match state {
        TargetState::Ready => Ok(()),
        TargetState::HoldsWhiteouts => store.clear(dir),
        TargetState::HidesNames => {
            // The mark comes first: without the whiteouts only the mark hides what lies beneath,
            // also if the rename fails afterwards.
            store.set_opaque(dir)?;
            store.forget_lower_parts(dir);
            store.clear(dir)
        }
    }
}
