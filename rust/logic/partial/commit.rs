// SPDX-License-Identifier: GPL-2.0-only

//! Commit: what is known in memory is written down, in an order in which it is true.

use super::super::alloc::Vec;
use super::class::Class;
use super::format::{MapAt, SidecarId};
use super::granules::Granules;
use super::state::{Form, Lost, Partial, Pending};
use super::store::{Depth, Store};
use core::ops::Range;

/// Writes down which granules the upper file has, or, if none is missing, that it has all data.
///
/// In the order of the file system the data come first. Nothing is durable when this returns:
/// [`fsync`] makes it so. Granules that are added while the data are waited for belong to the next
/// commit.
///
/// # Errors
///
/// Those of the steps, and [`Lost`]: then [`revert`] has to be called.
pub fn commit<S: Store>(store: &mut S) -> Result<(), S::Error> {
    store.prepare()?;
    store.committing(|store| {
        if store.with(|file| file.is_lost()) {
            return Err(Lost.into());
        }
        let Some(pending) = store.with(Partial::capture) else {
            return Ok(());
        };
        // Granules in a sidecar are durable before the rest of this; what they mean must be as well.
        if !pending.is_whole && store.with(|file| file.map()) != MapAt::Attribute {
            update_attribute(store)?;
        }
        make_data_stable(store, pending)?;
        match pending.is_whole {
            true => settle(store),
            false => write_map(store, pending),
        }
    })
}

/// The data of the new granules are in the order of the file system before all that follows.
fn make_data_stable<S: Store>(store: &mut S, pending: Pending) -> Result<(), S::Error> {
    let Some((first, end)) = pending.granules else {
        return Ok(());
    };
    // The map in a sidecar is data, too, which no journal keeps in order.
    let is_attribute = pending.is_whole || store.with(|file| file.map()) == MapAt::Attribute;
    let done = match (store.class(), is_attribute) {
        (Class::Journal, true) => {
            let bytes = store.with(|file| file.geometry().bytes(&(first..end)));
            store.wait(bytes)
        }
        _ => store.sync(Depth::Full),
    };
    note_lost(store, done)
}

fn write_map<S: Store>(store: &mut S, pending: Pending) -> Result<(), S::Error> {
    match (store.with(|file| file.map()), pending.granules) {
        (MapAt::Attribute, _) => {
            write_attribute(store, true)?;
            store.with(Partial::set_stable);
        }
        (MapAt::Sidecar(_), None) => {}
        (MapAt::Sidecar(id), Some((first, end))) => {
            let bytes = first / 8..Granules::bytes_for(end);
            match id {
                Some(id) => fill_sidecar(store, id, bytes)?,
                None => new_sidecar(store, bytes)?,
            }
            store.with(Partial::set_stable);
        }
    }
    Ok(())
}

/// Makes a sidecar with `bytes` of the map. The attribute names it when it is durable.
fn new_sidecar<S: Store>(store: &mut S, bytes: Range<u64>) -> Result<(), S::Error> {
    let id = store.make_sidecar()?;
    let done = fill_sidecar(store, id, bytes).and_then(|()| {
        store.with(|file| file.set_map(MapAt::Sidecar(Some(id))));
        write_attribute(store, false)
    });
    if done.is_err() {
        store.with(|file| file.set_map(MapAt::Sidecar(None)));
        store.remove_sidecar(id);
    }
    done
}

/// Writes `bytes` of the map, and makes them durable.
fn fill_sidecar<S: Store>(store: &mut S, id: SidecarId, bytes: Range<u64>) -> Result<(), S::Error> {
    store.with(Partial::set_written);
    let mut at = bytes.start;
    while at < bytes.end {
        let mut piece = [0; 256];
        let mut len = 0;
        store.with(|file| {
            for (byte, from) in piece.iter_mut().zip(at..bytes.end) {
                *byte = file.captured_byte(from);
                len += 1;
            }
        });
        store.write_sidecar(id, at, piece.get(..len).unwrap_or(&[]))?;
        at = at.saturating_add(len as u64);
    }
    store.sync_sidecar(id)
}

/// Sets the attribute, with the captured granules or those that are stable. The caller is
/// [committing](Store::committing).
pub(super) fn write_attribute<S: Store>(store: &mut S, captured: bool) -> Result<(), S::Error> {
    let mut value = Vec::new();
    value.reserve(store.with(|file| file.attribute_len())?)?;
    let header = store.with(|file| file.attribute(captured, &mut value))?;
    store.set_part(&value)?;
    store.with(|file| file.set_stored(&header));
    Ok(())
}

/// Sets the attribute, without new granules, if it says something else. The caller is
/// [committing](Store::committing).
pub(super) fn update_attribute<S: Store>(store: &mut S) -> Result<(), S::Error> {
    match store.with(|file| file.needs_attribute()) {
        true => write_attribute(store, false),
        false => Ok(()),
    }
}

/// Removes the mark: the upper file has all data, in the order of the file system before this. The
/// caller is [committing](Store::committing).
pub(super) fn settle<S: Store>(store: &mut S) -> Result<(), S::Error> {
    store.remove_mark()?;
    let map = store.with(|file| {
        file.set_form(Form::Whole);
        file.map()
    });
    // Without the mark they mean nothing. What stays is in nobody's way.
    if store.remove_part().is_ok() {
        if let MapAt::Sidecar(Some(id)) = map {
            store.remove_sidecar(id);
        }
    }
    Ok(())
}

/// Makes a file durable.
///
/// What the map does not say yet is committed first, which one commit of the journal then makes
/// durable together with the rest. Attributes need a full fsync.
pub fn fsync<S: Store>(store: &mut S, depth: Depth) -> Result<(), S::Error> {
    commit(store)?;
    let (is_synced, changes) = store.with(|file| (file.is_synced(), file.changes()));
    let depth = match is_synced {
        true => depth,
        false => Depth::Full,
    };
    let done = store.sync(depth);
    note_lost(store, done)?;
    if depth == Depth::Full {
        store.with(|file| file.set_synced(changes));
    }
    Ok(())
}

fn note_lost<S: Store, T>(store: &mut S, done: Result<T, S::Error>) -> Result<T, S::Error> {
    if done.is_err() {
        store.with(Partial::set_lost);
        if !store.with(|file| file.is_lost()) {
            // There is nothing to take back, as on any file system.
            store.forget_errors();
        }
    }
    done
}

/// Takes back the granules of which data may be lost: the lower file is the truth for them again,
/// as after a crash. The caller excludes all other use of the data, and lets the next fsync of
/// everybody who has the file open fail.
///
/// The page cache may keep what it holds of them: a granule that is missing is not read from it,
/// and filled as a whole before it is.
pub fn revert<S: Store>(store: &mut S) -> Result<(), S::Error> {
    store.committing(|store| {
        if store.with(|file| file.is_lost()) {
            store.forget_errors();
            store.with(Partial::revert);
        }
        Ok(())
    })
}
