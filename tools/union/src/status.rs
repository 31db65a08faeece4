// SPDX-License-Identifier: GPL-2.0-only
//! Where the data of files are.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;
use union_logic::ioctl::Place;

use crate::regular::Regular;
use crate::tree::{Failure, Visitor, Walk};

/// Prints the figures of each path, or the names of files without data; continues after a failure.
/// Returns whether there was none.
pub fn print(paths: &[PathBuf], list: bool, json: bool) -> Result<bool> {
    let mut all = true;
    let mut results = Vec::new();
    for path in paths {
        let mut counts = Counts {
            keeps_names: list,
            prints_errors: !json,
            ..Counts::default()
        };
        let walked = Walk::default().visit(path, &mut counts);
        let has_figures = walked.is_ok();
        if let Err(error) = walked {
            counts.failed(error);
        }
        all &= counts.errors.is_empty();
        if json {
            results.push(counts.json(path, list));
        } else if !has_figures {
            // Zeros would look like an answer.
        } else if list {
            for name in &counts.names {
                println!("{}", name.display());
            }
        } else {
            println!("{}", path.display());
            for (name, value) in counts.figures() {
                println!("  {name:<22} {value:>12}");
            }
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&results)?);
    }
    Ok(all)
}

/// The files of a tree.
#[derive(Default)]
struct Counts {
    lower: u64,
    upper: u64,
    without_data: u64,
    in_parts: u64,
    copied: u64,
    saved: u64,
    names: Vec<PathBuf>,
    errors: Vec<String>,
    keeps_names: bool,
    prints_errors: bool,
}

impl Counts {
    fn figures(&self) -> [(&'static str, u64); 6] {
        [
            ("files.lower", self.lower),
            ("files.upper", self.upper),
            ("files.without_data", self.without_data),
            ("files.in_parts", self.in_parts),
            ("bytes.copied", self.copied),
            ("bytes.saved", self.saved),
        ]
    }

    fn json(&self, path: &Path, list: bool) -> Value {
        let mut object = serde_json::json!({
            "path": path.to_string_lossy(),
            "errors": self.errors,
        });
        for (name, value) in self.figures() {
            if let Some((line, name)) = name.split_once('.') {
                object[line][name] = value.into();
            }
        }
        if list {
            let names = self.names.iter().map(|name| name.to_string_lossy());
            object["without_data"] = names.collect();
        }
        object
    }
}

impl Visitor for Counts {
    fn file(&mut self, path: &Path, file: &Regular) -> Result<(), Failure> {
        let data = file.data().map_err(|error| Failure::new(&error))?;
        match data.place {
            Place::Lower => self.lower += 1,
            Place::Upper => self.upper += 1,
            Place::Below | Place::Both => {
                self.upper += 1;
                match data.place {
                    Place::Both => {
                        let size = file.size().map_err(|error| Failure::new(&error))?;
                        self.in_parts += 1;
                        self.copied += size.saturating_sub(data.bytes);
                    }
                    _ => self.without_data += 1,
                }
                self.saved = self.saved.saturating_add(data.bytes);
                if self.keeps_names {
                    self.names.push(path.to_owned());
                }
            }
        }
        Ok(())
    }

    fn failed(&mut self, error: anyhow::Error) {
        let error = format!("{error:#}");
        if self.prints_errors {
            eprintln!("union: {error}");
        }
        self.errors.push(error);
    }
}
