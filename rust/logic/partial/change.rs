// SPDX-License-Identifier: GPL-2.0-only

//! Changing data: write, zero, truncate.

use super::class::Class;
use super::commit::{fsync, settle, update_attribute, write_attribute};
use super::format::Mark;
use super::state::{Form, Partial};
use super::store::{Depth, Store, Writing};
use core::ops::Range;

/// Bytes that are copied together with what is around them, and then replaced: copying the two sides one
/// after the other takes longer.
const LITTLE: u64 = 4096;

/// Whether a write returns before its data are durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// It does.
    Later,
    /// It does not (`O_DSYNC`).
    Now,
}

/// Whether [`write`] would do nothing but write: neither data nor attributes have to be brought to the
/// upper file before or after. `upper_size`: bytes of the upper file.
pub fn is_ready(file: &Partial, bytes: &Range<u64>, upper_size: u64, sync: Sync) -> bool {
    let grows = bytes.end > file.size(upper_size);
    file.mark_allows(grows)
        && file.missing(bytes).is_none()
        && !(grows && file.needs_attribute())
        && match sync {
            Sync::Later => true,
            Sync::Now => !file.needs_attribute() && file.is_durable(bytes),
        }
}

/// Writes the caller's data of `bytes`, and returns how many of them. The caller holds the lock of
/// the file's data, shared.
///
/// # Errors
///
/// With [`Sync::Now`] an error may also mean that the data are written and not durable.
pub fn write<S: Store>(store: &mut S, bytes: Range<u64>, sync: Sync) -> Result<u64, S::Error> {
    if sync == Sync::Later {
        return change(store, bytes, |store, bytes| {
            store.write(bytes, Writing::Back)
        });
    }
    if store.with(|file| !file.needs_attribute() && file.is_durable(&bytes)) {
        return store.write(bytes, Writing::Through);
    }
    let written = change(store, bytes, |store, bytes| {
        store.write(bytes, Writing::Back)
    })?;
    fsync(store, Depth::Full)?;
    Ok(written)
}

/// Makes `bytes` zeros, as far as the file reaches (`FALLOC_FL_PUNCH_HOLE` and the like). The caller
/// holds the lock of the file's data, exclusively.
pub fn zero<S: Store>(store: &mut S, bytes: Range<u64>) -> Result<(), S::Error> {
    let bytes = bytes.start..bytes.end.min(size(store));
    change(store, bytes, |store, bytes| {
        let len = bytes.end.saturating_sub(bytes.start);
        store.zero(bytes).map(|()| len)
    })
    .map(drop)
}

/// Changes `bytes` by `act`, which returns how many of them it has changed. Missing granules that
/// they touch come to the upper file.
fn change<S: Store>(
    store: &mut S,
    bytes: Range<u64>,
    act: impl FnOnce(&mut S, Range<u64>) -> Result<u64, S::Error>,
) -> Result<u64, S::Error> {
    if bytes.start >= bytes.end {
        return Ok(0);
    }
    let grows = bytes.end > size(store);
    prepare_change(store, grows)?;
    if grows {
        store_limit(store)?;
    }
    let Some(missing) = store.with(|file| file.missing(&bytes)) else {
        return act(store, bytes);
    };
    let lower = store.with(|file| file.lower_bytes(&missing));
    store.filling(lower, |store| {
        // Meanwhile another one may have filled some of them.
        let Some(missing) = store.with(|file| file.missing(&bytes)) else {
            return act(store, bytes);
        };
        let done = change_missing(store, &bytes, &missing, act);
        give_back(store, &missing);
        done
    })
}

/// As [`change`], of which some granules are missing, and nobody else fills them.
fn change_missing<S: Store>(
    store: &mut S,
    bytes: &Range<u64>,
    missing: &Range<u64>,
    act: impl FnOnce(&mut S, Range<u64>) -> Result<u64, S::Error>,
) -> Result<u64, S::Error> {
    let lower = store.with(|file| file.lower_bytes(missing));
    let (has_head, has_tail) = (lower.start < bytes.start, bytes.end < lower.end);
    let len = bytes.end.saturating_sub(bytes.start);
    if has_head && has_tail && len <= LITTLE {
        store.fill(lower)?;
    } else {
        if has_head {
            store.fill(lower.start..bytes.start)?;
        }
        if has_tail {
            store.fill(bytes.end..lower.end)?;
        }
    }
    let changed = act(store, bytes.clone())?;
    finish(store, bytes, missing, changed)
}

/// Gives back what has been written to granules that are missing nevertheless: nobody sees it, and it takes
/// space that may be what was lacking. The caller is [filling](Store::filling) them.
pub(super) fn give_back<S: Store>(store: &mut S, granules: &Range<u64>) {
    let mut at = granules.start;
    while let Some(missing) = store.with(|file| file.missing_from(&(at..granules.end))) {
        let bytes = store.with(|file| file.lower_bytes(&missing));
        if bytes.start < bytes.end {
            store.give_back(bytes);
        }
        at = missing.end;
    }
}

/// The first `changed` of `bytes` have been changed, and what `missing` granules have around `bytes`
/// is filled: says which granules there are now. Returns how many bytes are seen as changed.
fn finish<S: Store>(
    store: &mut S,
    bytes: &Range<u64>,
    missing: &Range<u64>,
    changed: u64,
) -> Result<u64, S::Error> {
    let end = bytes.start.saturating_add(changed);
    let lower = store.with(|file| file.lower_bytes(missing));
    if end >= bytes.end || end >= lower.end {
        store.with(|file| file.set_present(missing));
        return Ok(changed);
    }
    if changed == 0 {
        return Ok(0);
    }
    // It ended early. The granule in which it did is filled up, or the change is not seen there.
    let (granule, is_missing) = store.with(|file| {
        let granule = file.geometry().granule(end);
        (granule, file.is_missing(granule))
    });
    let rest = store.with(|file| file.lower_bytes(&(granule..granule.saturating_add(1))));
    let filled = match is_missing && rest.start < end {
        true => store.fill(end..rest.end.min(bytes.end)),
        false => Ok(()),
    };
    let whole = match (is_missing && rest.start < end, &filled) {
        (true, Ok(())) => missing.start..granule.saturating_add(1),
        _ => missing.start..granule,
    };
    store.with(|file| file.set_present(&whole));
    match filled {
        Ok(()) => Ok(changed),
        Err(_) if rest.start > bytes.start => Ok(rest.start - bytes.start),
        Err(error) => Err(error),
    }
}

/// Changes the size of the file to `to`, with all that the same call changes. The caller holds the
/// lock of the file's data, exclusively: nothing is being filled.
///
/// The upper file is cut first, then the limit falls: after a crash between the two its size says
/// the same. It grows only when its limit is stored, or what was cut off would be seen again.
pub fn truncate<S: Store>(store: &mut S, to: u64) -> Result<(), S::Error> {
    let before = size(store);
    if to != before {
        prepare_change(store, true)?;
    }
    if to > before {
        store_limit(store)?;
    }
    store.set_size(to)?;
    store.with(|file| file.set_size(to));
    // The file has its new size. If the rest fails, it is done before the file grows, or at the next
    // commit.
    let _ = match to {
        // Nothing is missing from an empty file.
        0 => store.committing(|store| match store.with(|file| file.form()) {
            Form::Partial => settle(store),
            Form::Metadata | Form::Whole => Ok(()),
        }),
        _ => store_limit(store),
    };
    Ok(())
}

/// The size that the file shows.
fn size<S: Store>(store: &mut S) -> u64 {
    let upper = store.upper_size();
    store.with(|file| file.size(upper))
}

/// Does what must be done before data change, or the size if it does. A file without data becomes
/// one that is partial, without a granule yet, if it cannot stay what it is. Between the steps it
/// does.
pub(super) fn prepare_change<S: Store>(store: &mut S, changes_size: bool) -> Result<(), S::Error> {
    if store.with(|file| file.form()) != Form::Metadata {
        return Ok(());
    }
    store.committing(|store| {
        if store.with(|file| file.form()) != Form::Metadata {
            return Ok(());
        }
        let size = size(store);
        if size != store.upper_size() {
            store.match_size(size)?;
        }
        match store.with(|file| file.mark_allows(changes_size)) {
            true => Ok(()),
            false => mark_partial(store),
        }
    })
}

/// Makes a file without data one that is partial, without a granule yet. It shows the same data.
pub fn begin<S: Store>(store: &mut S) -> Result<(), S::Error> {
    prepare_change(store, true)
}

/// Marks an upper file that has the size of the lower one as partial, without a granule yet.
pub(super) fn mark_partial<S: Store>(store: &mut S) -> Result<(), S::Error> {
    // An fsync of the file must not show it without its guard.
    let durable = store.class() != Class::Journal;
    store.make_guard(durable)?;
    write_attribute(store, false)?;
    store.set_mark(Mark::Partial)?;
    store.with(|file| file.set_form(Form::Partial));
    Ok(())
}

/// Stores the limit, if the attribute has another one.
fn store_limit<S: Store>(store: &mut S) -> Result<(), S::Error> {
    match store.with(|file| file.needs_attribute()) {
        true => store.committing(update_attribute),
        false => Ok(()),
    }
}
