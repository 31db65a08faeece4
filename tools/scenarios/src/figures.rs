// SPDX-License-Identifier: GPL-2.0-only
//! What a union says of itself in `/proc/self/mountstats`.

use std::path::Path;

/// Figures of one mount, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Directories of which something is or was known.
    pub directories: u64,
    /// Bytes of memory that what is known takes.
    pub bytes: u64,
    /// Sets that were read from layers.
    pub merged: u64,
    /// Sets that are recorded in the upper layer, and bytes they take there.
    pub records: (u64, u64),
    /// Sets that were read from there.
    pub loaded: u64,
    /// Sets that were written there.
    pub recorded: u64,
    /// Records that were of no use.
    pub refused: u64,
}

/// Those of the union mounted on `target`.
pub fn of(target: &Path) -> Result<Figures, String> {
    let all = std::fs::read_to_string("/proc/self/mountstats")
        .map_err(|error| format!("/proc/self/mountstats: {error}"))?;
    let place = format!(" mounted on {} with fstype union", target.display());
    let lines = all.lines().skip_while(|line| !line.contains(&place));
    let mut figures = Figures::default();
    let mut found = false;
    for line in lines.skip(1).take_while(|line| line.starts_with('\t')) {
        let numbers: Vec<u64> = line
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|word| word.parse().ok())
            .collect();
        match (line.trim().split(':').next(), numbers.as_slice()) {
            (Some("fallthrus"), &[directories, bytes, merged]) => {
                (figures.directories, figures.bytes, figures.merged) = (directories, bytes, merged);
                found = true;
            }
            (Some("records"), &[count, bytes, loaded, recorded, refused]) => {
                figures.records = (count, bytes);
                (figures.loaded, figures.recorded, figures.refused) = (loaded, recorded, refused);
            }
            _ => return Err(format!("a line that is not understood: {line:?}")),
        }
    }
    match found {
        true => Ok(figures),
        false => Err(format!("no figures of {}: {all}", target.display())),
    }
}
