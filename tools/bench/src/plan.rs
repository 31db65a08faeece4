// SPDX-License-Identifier: GPL-2.0-only
//! What is measured, in which order: every row, then series of some of them.

use std::fmt;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::rows::{self, Row};
use crate::subject::Subject;

/// What grows along a series of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// The number of lower layers.
    Lowers,
    /// The number of entries of the directory.
    Entries,
}

/// A row, or a row with another number of layers or entries than usual.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Point {
    /// Name of the row.
    pub row: String,
    /// The difference from the row itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grown: Option<(Axis, usize)>,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.grown {
            None => write!(f, "{}", self.row),
            Some((Axis::Lowers, at)) => write!(f, "{}@lowers={at}", self.row),
            Some((Axis::Entries, at)) => write!(f, "{}@entries={at}", self.row),
        }
    }
}

impl Point {
    fn of(row: &Row) -> Self {
        Self {
            row: row.name.to_owned(),
            grown: None,
        }
    }

    /// Finds the point of such a name, as it is printed.
    pub fn parse(text: &str) -> Result<Self> {
        let (row, grown) = match text.split_once('@') {
            None => (text, None),
            Some((row, grown)) => {
                let grown = match grown.split_once('=') {
                    Some(("lowers", at)) => Some((Axis::Lowers, at.parse()?)),
                    Some(("entries", at)) => Some((Axis::Entries, at.parse()?)),
                    _ => bail!("{text:?}: expected lowers=N or entries=N behind the @"),
                };
                (row, grown)
            }
        };
        let row = rows::named(row)?;
        Ok(Self {
            grown,
            ..Self::of(row)
        })
    }

    /// Why a subject takes no part, if it does not.
    pub fn left_out(&self, row: &Row, subject: Subject) -> Option<&'static str> {
        let large = match self.grown {
            Some((Axis::Lowers, at)) => at > 100,
            Some((Axis::Entries, at)) => at > 10_000,
            None => false,
        };
        if large && subject.is_in_userspace() {
            return Some(
                "the largest points of a series would take longer there than all the rest",
            );
        }
        row.left_out(subject)
    }

    /// The number of lower layers.
    pub fn layers(&self, row: &Row) -> usize {
        match self.grown {
            Some((Axis::Lowers, at)) => at,
            _ => row.layers,
        }
    }

    /// The number of entries.
    pub fn entries(&self, row: &Row) -> usize {
        match self.grown {
            Some((Axis::Entries, at)) => at,
            _ => row.entries,
        }
    }
}

/// Rows whose cost may depend on the number of layers.
const BY_LOWERS: &[&str] = &[
    "stat",
    "enoent",
    "cold_stat_1",
    "enoent_100",
    "readdir_first",
    "create_merged",
    "rm_lower",
    "mount_100",
];
const LOWERS: &[usize] = &[1, 10, 100, 500];

/// Rows whose cost may depend on the size of the directory.
const BY_ENTRIES: &[&str] = &[
    "stat",
    "enoent",
    "cold_stat_1",
    "readdir_first",
    "readdir_repeat",
    "create_merged",
    "rm_lower",
];
const ENTRIES: &[usize] = &[100, 1_000, 10_000, 100_000];

/// The points for the rows of these names, or for all; `quick` leaves out the large ones of a series.
pub fn points(names: &[String], quick: bool) -> Result<Vec<Point>> {
    if !names.is_empty() {
        return names.iter().map(|name| Point::parse(name)).collect();
    }
    let rows = rows::ALL.iter().filter(|row| !(quick && row.long));
    let mut points: Vec<_> = rows.map(Point::of).collect();
    let series = [
        (BY_LOWERS, LOWERS, Axis::Lowers),
        (BY_ENTRIES, ENTRIES, Axis::Entries),
    ];
    for (rows, values, axis) in series {
        let values = if quick { &values[..2] } else { values };
        // Rows of the same size follow each other, because they may have the same tree.
        for at in values {
            points.extend(rows.iter().map(|row| Point {
                row: (*row).to_owned(),
                grown: Some((axis, *at)),
            }));
        }
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_printed() {
        let points = points(&[], false).unwrap();
        for point in &points {
            assert_eq!(Point::parse(&point.to_string()).unwrap(), *point);
        }
        assert_eq!(points.len(), rows::ALL.len() + 8 * 4 + 7 * 4);
        let quick = super::points(&[], true).unwrap();
        assert_eq!(quick.len(), rows::ALL.len() - 2 + 8 * 2 + 7 * 2);
        assert!(Point::parse("stat@lowers").is_err());
        assert!(Point::parse("nothing").is_err());
    }
}
