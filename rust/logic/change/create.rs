// SPDX-License-Identifier: GPL-2.0-only

//! Making a name: create, mkdir, mknod, symlink and link.

use super::super::mode::Kind;
use super::{Attempt, Expect, Refusal, Store, UpperEntry};

/// Makes an object of `kind` at `place`, where the union shows nothing.
pub fn create<S: Store>(
    store: &mut S,
    place: S::Place,
    kind: Kind,
    new: S::New,
) -> Result<S::Made, S::Error> {
    match store.make(place, new)? {
        Attempt::Made(made) => Ok(made),
        Attempt::Taken(UpperEntry::Whiteout) => replace_whiteout(store, place, kind, new),
        Attempt::Taken(UpperEntry::Nothing | UpperEntry::Object(_)) => Err(Refusal::Stale.into()),
    }
}

/// Makes an object in the place of a whiteout, which hides what lies beneath until the object does.
fn replace_whiteout<S: Store>(
    store: &mut S,
    place: S::Place,
    kind: Kind,
    new: S::New,
) -> Result<S::Made, S::Error> {
    let staged = store.stage(place, new)?;
    if !kind.is_directory() {
        return store.publish(staged, place, Expect::Whiteout);
    }
    // What the whiteout hides must stay hidden after it. If it hides nothing, the mark does no
    // harm, and avoids lookups.
    store.set_staged_opaque(&staged)?;
    let (made, whiteout) = store.publish_exchange(staged, place, Expect::Whiteout)?;
    drop(whiteout);
    Ok(made)
}

/// Gives `object`, which is in the upper layer and no directory, one more name. `new` says the same
/// to the store.
pub fn link<S: Store>(
    store: &mut S,
    object: S::Object,
    place: S::Place,
    new: S::New,
) -> Result<S::Made, S::Error> {
    // Beneath its new name there is no object that proves its number.
    store.reserve_number(object)?;
    if store.has_lower_number(object) {
        store.set_impure(place)?;
    }
    create(store, place, Kind::Regular, new)
}
