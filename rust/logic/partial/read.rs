// SPDX-License-Identifier: GPL-2.0-only

//! Reading: which file has which bytes.

use super::state::{Partial, Source};
use super::store::{Seek, Store};
use core::ops::Range;

/// Bytes that are in one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Which.
    pub source: Source,
    /// Where.
    pub bytes: Range<u64>,
    /// Whether the file ends where they do.
    pub is_last: bool,
}

/// The first run of `bytes`; `None` at the end of the file. `upper_size` gives the size of the upper file,
/// which is asked for last, as in [`runs`].
pub fn first_run(
    file: &Partial,
    bytes: &Range<u64>,
    upper_size: impl FnOnce() -> u64,
) -> Option<Run> {
    let (source, end) = file.source(bytes.start, bytes.end);
    let size = file.size(upper_size());
    let end = end.min(size);
    (bytes.start < end).then_some(Run {
        source,
        bytes: bytes.start..end,
        is_last: end >= size,
    })
}

/// Calls `each` with the pieces of `bytes`, in order, up to the end of the file: each is in one of
/// the two files. Ends early if `each` says so.
///
/// No lock is needed: what a granule shows does not change when it comes to the upper file, and a
/// truncation that happens meanwhile may be seen or not. That is why the size is read last.
pub fn runs<S: Store>(
    store: &mut S,
    bytes: Range<u64>,
    mut each: impl FnMut(&mut S, Source, Range<u64>) -> Result<bool, S::Error>,
) -> Result<(), S::Error> {
    let mut at = bytes.start;
    while at < bytes.end {
        let (source, end) = store.with(|file| file.source(at, bytes.end));
        let upper = store.upper_size();
        let end = end.min(store.with(|file| file.size(upper)));
        if end <= at || !each(store, source, at..end)? {
            break;
        }
        at = end;
    }
    Ok(())
}

/// The first data or hole from `at` on; `None` if there is none (`ENXIO`). The end of the file is a
/// hole. Holes of the upper file count only where it has the data.
pub fn seek<S: Store>(store: &mut S, at: u64, what: Seek) -> Result<Option<u64>, S::Error> {
    let upper = store.upper_size();
    let size = store.with(|file| file.size(upper));
    if at >= size {
        return Ok(None);
    }
    let mut found = None;
    runs(store, at..size, |store, source, run| {
        found = store.seek(source, run, what)?;
        Ok(found.is_none())
    })?;
    Ok(match (found, what) {
        (None, Seek::Hole) => Some(size),
        (found, _) => found,
    })
}
