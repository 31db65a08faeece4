// SPDX-License-Identifier: GPL-2.0-only

//! Removing a name: unlink and rmdir.

use super::{clear_in_place, Below, Expect, Holds, Leftover, Shown, Store, Vacated};

/// What is to be removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Victim<O> {
    /// What the union shows there.
    pub shown: Shown,
    /// The object, if it is in the upper layer.
    pub upper: Option<O>,
    /// Whether the lower layers hold something there.
    pub below: Below,
}

/// Removes what the union shows at `place`. Returns what the upper layer holds there now.
pub fn remove<S: Store>(
    store: &mut S,
    place: S::Place,
    victim: Victim<S::Object>,
) -> Result<Vacated, S::Error> {
    victim.shown.check_removable()?;
    let Some(object) = victim.upper else {
        store.make_whiteout(place)?;
        return Ok(Vacated::Whiteout);
    };
    match (victim.below, victim.shown) {
        (Below::Nothing, shown) => {
            if let Shown::Directory {
                merged,
                holds: Holds::Whiteouts,
            } = shown
            {
                clear_in_place(store, object, merged)?;
            }
            store.remove(place, object)?;
            Ok(Vacated::Nothing)
        }
        (Below::Something, Shown::Directory { .. }) => {
            let whiteout = store.stage_whiteout()?;
            // First moved out of sight: deleting its whiteouts in place would show the names that
            // they hide.
            let (_, removed) = store.publish_exchange(whiteout, place, Expect::Object(object))?;
            if let Err(why) = store.clear_staged(&removed, object) {
                store.tolerate(Leftover::Directory, why);
            }
            drop(removed);
            Ok(Vacated::Whiteout)
        }
        (Below::Something, Shown::Leaf | Shown::Nothing) => {
            let whiteout = store.stage_whiteout()?;
            store.publish(whiteout, place, Expect::Object(object))?;
            Ok(Vacated::Whiteout)
        }
    }
}
