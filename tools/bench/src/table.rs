// SPDX-License-Identifier: GPL-2.0-only
//! The results for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;

use crate::plan::Point;
use crate::results::Found;
use crate::rows;
use crate::subject::Subject;

/// Counters with a table of their own, and its heading.
const COUNTERS: &[(&str, &str)] = &[
    ("journal_handles", "journal handles of the upper layer"),
    (
        "journal_commits",
        "journal commits of the upper layer, before anybody syncs",
    ),
    (
        "flushes",
        "flushes of the upper layer's disk, before anybody syncs",
    ),
    (
        "block_writes",
        "write requests to the upper layer's disk until all is on it",
    ),
    ("upper_bytes", "bytes allocated in the upper layer"),
    ("lower_lookups", "lookups in lower layers"),
    (
        "lower_misses",
        "of these, and of others, those the layer itself has to answer",
    ),
    ("slab_bytes", "bytes of slab memory for each inode found"),
    (
        "set_bytes",
        "bytes of a fallthru set in memory for each name",
    ),
    (
        "record_bytes",
        "bytes of its record in the upper layer for each name",
    ),
];

/// A time in the unit that makes it short.
pub fn time(ns: f64) -> String {
    let (number, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "us"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    let digits = if number < 10.0 { 2 } else { 1 };
    format!("{number:.digits$} {unit}")
}

/// A factor, exact where it matters.
fn factor(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 10.0 => format!("{ratio:.2}"),
        ratio if ratio < 100.0 => format!("{ratio:.1}"),
        ratio => format!("{ratio:.0}"),
    }
}

/// The heading of the columns.
pub fn heading() -> String {
    let mut line = format!("{:26} {:>10}", "", "native");
    for subject in &Subject::ALL[1..] {
        let _ = write!(line, " {:>14}", subject.name());
    }
    line
}

/// One line: the time of the plain file system, and how many times that the others need.
pub fn line(point: &Point, found: &Found) -> String {
    let native = found.median(Subject::Native);
    let mut line = format!(
        "{:26} {:>10}",
        point.to_string(),
        native.map_or("-".into(), time)
    );
    for subject in &Subject::ALL[1..] {
        let text = match found.ratio(*subject) {
            Some(ratio) => factor(ratio),
            None if found.failed.contains_key(subject) => "FAILED".into(),
            // Without the plain file system there is no ratio, but a time.
            None => found.median(*subject).map_or("-".into(), time),
        };
        let _ = write!(line, " {text:>14}");
    }
    line
}

/// Everything.
pub fn all(found: &[(Point, Found)]) -> String {
    let mut text = String::new();
    for (point, found) in found {
        let _ = writeln!(text, "{}", line(point, found));
    }
    for (counter, about) in COUNTERS {
        let counted: Vec<_> = found
            .iter()
            .filter(|(_, found)| found.counters.values().any(|c| c.contains_key(*counter)))
            .collect();
        if counted.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{counter}: {about}, for one operation");
        for (point, found) in counted {
            let _ = write!(text, "{:26}", point.to_string());
            for subject in Subject::ALL {
                let count = found.counters.get(&subject).and_then(|c| c.get(*counter));
                let width = if subject == Subject::Native { 11 } else { 15 };
                let _ = write!(text, "{:>width$}", count.map_or("-".into(), |c| number(*c)));
            }
            text.push('\n');
        }
    }
    text
}

fn number(count: f64) -> String {
    if count.fract().abs() < 0.005 {
        format!("{count:.0}")
    } else {
        format!("{count:.2}")
    }
}

/// The report of a failed row.
pub fn failures(point: &Point, found: &Found) -> Vec<String> {
    let again = format!("make bench ROWS={point}");
    found
        .failed
        .iter()
        .map(|(subject, why)| {
            format!(
                "FAILED  {point} on {}: {why}\n        again: {again}",
                subject.name()
            )
        })
        .collect()
}

/// The file systems left out of rows, by reason.
pub fn left_out(found: &[(Point, Found)]) -> Result<Vec<String>> {
    let mut reasons = BTreeMap::<&str, BTreeMap<&str, Vec<String>>>::new();
    for (point, _) in found {
        let row = rows::named(&point.row)?;
        for subject in Subject::ALL {
            if let Some(why) = point.left_out(row, subject) {
                let of = reasons.entry(why).or_default();
                of.entry(subject.name())
                    .or_default()
                    .push(point.to_string());
            }
        }
    }
    let line = |why, subject, points: &Vec<String>| {
        format!("without {subject}: {}: {why}", points.join(", "))
    };
    Ok(reasons
        .iter()
        .flat_map(|(why, of)| {
            of.iter()
                .map(move |(subject, points)| line(why, subject, points))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(time(1.234), "1.23 ns");
        assert_eq!(time(45_600.0), "45.6 us");
        assert_eq!(time(2.5e9), "2.50 s");
    }

    #[test]
    fn factors_have_three_digits() {
        assert_eq!(factor(1.234), "1.23");
        assert_eq!(factor(43.21), "43.2");
        assert_eq!(factor(4321.0), "4321");
    }
}
