// SPDX-License-Identifier: GPL-2.0-only

//! Removing a name: unlink and rmdir.

use super::{Below, Expect, Holds, Leftover, Shown, Store, Vacated};

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
    // Those of a merged directory hide what is in its lower parts, which are not beneath its name if it was moved.
    let hides_names = matches!(
        victim.shown,
        Shown::Directory {
            merged: true,
            holds: Holds::Whiteouts
        }
    );
    match (victim.below, victim.shown) {
        (below, Shown::Directory { .. }) if hides_names || below == Below::Something => {
            let whiteout = store.stage_whiteout()?;
            // First moved out of sight: deleting its whiteouts in place would show the names that
            // they hide.
            let (_, removed) = store.publish_exchange(whiteout, place, Expect::Object(object))?;
            if let Err(why) = store.clear_staged(&removed, object) {
                store.tolerate(Leftover::Directory, why);
            }
            drop(removed);
            Ok(match below {
                Below::Something => Vacated::Whiteout,
                Below::Nothing => remove_whiteout(store, place),
            })
        }
        (Below::Nothing, shown) => {
            if matches!(
                shown,
                Shown::Directory {
                    holds: Holds::Whiteouts,
                    ..
                }
            ) {
                // They hide nothing.
                store.clear(object)?;
            }
            store.remove(place, object)?;
            Ok(Vacated::Nothing)
        }
        (Below::Something, _) => {
            let whiteout = store.stage_whiteout()?;
            store.publish(whiteout, place, Expect::Object(object))?;
            Ok(Vacated::Whiteout)
        }
    }
}

/// Removes a whiteout that hides nothing. Returns what the upper layer holds there then.
pub(super) fn remove_whiteout<S: Store>(store: &mut S, place: S::Place) -> Vacated {
    match store.remove_whiteout(place) {
        Ok(()) => Vacated::Nothing,
        Err(why) => {
            store.tolerate(Leftover::Whiteout, why);
            Vacated::Whiteout
        }
    }
}
