// SPDX-License-Identifier: GPL-2.0-only
//! The statistics of mounted unions, from /proc/self/mountstats.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use union_support::mountstats;

use crate::layers;

/// Prints the statistics of one union, or of all.
pub fn print(path: Option<&Path>, json: bool) -> Result<()> {
    let wanted: Vec<PathBuf> = match path {
        Some(path) => vec![layers::union_of(path)?.target],
        None => layers::unions()?
            .into_iter()
            .map(|mount| mount.target)
            .collect(),
    };
    let all: Vec<_> = mountstats::read()
        .context(mountstats::LIST)?
        .into_iter()
        .filter(|(place, _)| wanted.contains(place))
        .collect();
    if path.is_some() && all.is_empty() {
        bail!(
            "/proc/self/mountstats has no statistics of {}",
            wanted[0].display()
        );
    }
    if json {
        let all: Vec<_> = all
            .iter()
            .map(|(place, figures)| {
                let mut object = serde_json::json!({ "mount": place.to_string_lossy() });
                for (line, name, value) in figures {
                    object[line][name] = (*value).into();
                }
                object
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    for (place, figures) in all {
        println!("{}", place.display());
        for (line, name, value) in figures {
            println!("  {:<22} {value:>12}", format!("{line}.{name}"));
        }
    }
    Ok(())
}
