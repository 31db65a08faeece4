// SPDX-License-Identifier: GPL-2.0-only

//! Completion: bringing all missing data to the upper file.

use super::change::{give_back, prepare_change};
use super::commit::{commit, fsync};
use super::state::{Form, Lost};
use super::store::{Depth, Store};

/// Bytes that are copied before others get the lock of the data.
const PIECE: u64 = 1 << 20;

/// Brings all that is missing to the upper file. The caller holds the lock of the file's data, in
/// any mode; [`Store::pause`] lets it go between the pieces.
pub fn complete<S: Store>(store: &mut S) -> Result<(), S::Error> {
    // Each piece is found anew: meanwhile the file may have been cut, or granules have got lost.
    while complete_piece(store)? {
        store.pause()?;
    }
    Ok(())
}

/// Brings some of what is missing, with the same lock. Returns whether anything was.
pub fn complete_piece<S: Store>(store: &mut S) -> Result<bool, S::Error> {
    prepare_change(store, false)?;
    let piece = store.with(|file| {
        let granules = file.first_missing(PIECE)?;
        Some((file.lower_bytes(&granules), granules))
    });
    let Some((bytes, granules)) = piece else {
        return Ok(false);
    };
    store.filling(bytes, |store| {
        for granule in granules.clone() {
            if store.with(|file| file.is_missing(granule)) {
                let granule = granule..granule.saturating_add(1);
                let bytes = store.with(|file| file.lower_bytes(&granule));
                if let Err(error) = store.fill(bytes) {
                    give_back(store, &granule);
                    return Err(error);
                }
                store.with(|file| file.set_present(&granule));
            }
        }
        Ok(())
    })?;
    Ok(true)
}

/// Completes a file and removes its mark: it is as if it had been copied as a whole.
pub fn settle<S: Store>(store: &mut S) -> Result<(), S::Error> {
    complete(store)?;
    commit(store)
}

/// Prepares a mapping through which data can be changed: from then on msync(2) goes to the upper
/// file, so that file must be all that matters, durably.
///
/// # Errors
///
/// Also if data got lost meanwhile.
pub fn prepare_shared_mapping<S: Store>(store: &mut S) -> Result<(), S::Error> {
    complete(store)?;
    fsync(store, Depth::Full)?;
    match store.with(|file| file.form()) {
        Form::Whole => Ok(()),
        Form::Metadata | Form::Partial => Err(Lost.into()),
    }
}
