// SPDX-License-Identifier: GPL-2.0-only
//! Printing a fallthru set.

use std::path::Path;

use anyhow::{Result, anyhow};
use union_logic::record::{self, RecordId};

use crate::directory::{Directory, explain};
use crate::layers;

/// Prints the set of a directory, in the order of its positions.
pub fn print(dir: &Path, json: bool) -> Result<()> {
    let record = explain(Directory::open(dir)?.fallthrus(), dir)?;
    let set = record::decode(&record, RecordId::new(), 0, |place| Some(place.into())).map_err(
        |error| {
            anyhow!(
                "{}: the reply of the module is not understood: {error:?}",
                dir.display()
            )
        },
    )?;
    let layers = layers::of(dir).unwrap_or_default();
    let layer = |number: u32| match layers.get(number as usize) {
        Some(path) => path.clone(),
        None => number.to_string(),
    };
    let entries = set.iter().enumerate().map(|(index, fallthru)| {
        let layers: Vec<_> = set.layers(index).map(layer).collect();
        (fallthru, layers)
    });
    if json {
        let entries: Vec<_> = entries
            .map(|(fallthru, layers)| {
                serde_json::json!({
                    "name": String::from_utf8_lossy(fallthru.name),
                    "type": kind(fallthru.dt),
                    "ino": fallthru.ino,
                    "layers": layers,
                })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&entries)?);
        return Ok(());
    }
    for (fallthru, layers) in entries {
        println!(
            "{:<10} {:>20} {} {}",
            kind(fallthru.dt),
            fallthru.ino,
            fallthru.name.escape_ascii(),
            layers.join(" ")
        );
    }
    Ok(())
}

fn kind(dt: u8) -> &'static str {
    match dt {
        libc::DT_REG => "file",
        libc::DT_DIR => "directory",
        libc::DT_LNK => "link",
        libc::DT_CHR => "character",
        libc::DT_BLK => "block",
        libc::DT_FIFO => "fifo",
        libc::DT_SOCK => "socket",
        _ => "unknown",
    }
}
