// SPDX-License-Identifier: GPL-2.0-only
//! The statistics of a union in `/proc/self/mountstats`.

use std::path::Path;

use union_support::mountstats;

/// Statistics of one mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Directories of which something is or was cached.
    pub directories: u64,
    /// Bytes of memory for it.
    pub bytes: u64,
    /// Sets that were read from layers.
    pub merged: u64,
    /// Sets that are recorded in the upper layer, and bytes they take there.
    pub records: (u64, u64),
    /// Sets that were read from there.
    pub loaded: u64,
    /// Sets that were written there.
    pub recorded: u64,
    /// Records that could not be used.
    pub refused: u64,
}

/// Those of the union mounted on `target`.
pub fn of(target: &Path) -> Result<Figures, String> {
    let all = mountstats::read().map_err(|error| format!("{}: {error}", mountstats::LIST))?;
    let found = all.iter().rfind(|(place, _)| place == target);
    let (_, figures) = found.ok_or_else(|| format!("no figures of {}", target.display()))?;
    let values: Vec<u64> = figures.iter().map(|(.., value)| *value).collect();
    // Without a place for records, this line is missing.
    let (known, records) = values.split_at(values.len().min(3));
    let (&[directories, bytes, merged], &[count, size, loaded, recorded, refused]) =
        (known, if records.is_empty() { &[0; 5] } else { records })
    else {
        return Err(format!("figures that are not understood: {figures:?}"));
    };
    Ok(Figures {
        directories,
        bytes,
        merged,
        records: (count, size),
        loaded,
        recorded,
        refused,
    })
}
