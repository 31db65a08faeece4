// SPDX-License-Identifier: GPL-2.0-only
//! The results of all machines together: medians, spreads, counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Mode;
use crate::plan::{Axis, Point};
use crate::report::Counters;
use crate::subject::Subject;

/// Everything of one point.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Times of the repetitions of all boots, in nanoseconds.
    pub samples: BTreeMap<Subject, Vec<f64>>,
    /// The counts of the last boot.
    pub counters: BTreeMap<Subject, Counters>,
    /// Failures, and their reasons.
    pub failed: BTreeMap<Subject, String>,
}

impl Found {
    /// The median of a subject.
    pub fn median(&self, subject: Subject) -> Option<f64> {
        self.samples
            .get(&subject)
            .and_then(|samples| median(samples))
    }

    /// The median of a subject over that of the plain file system.
    pub fn ratio(&self, subject: Subject) -> Option<f64> {
        Some(self.median(subject)? / self.median(Subject::Native)?)
    }
}

/// The middle one, or between the two in the middle.
pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// The results for programs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// Release of the kernel.
    pub kernel: String,
    /// How time was measured.
    pub mode: Mode,
    /// How often the machine was booted.
    pub boots: usize,
    /// The rows.
    pub rows: Vec<RowResults>,
    /// How rows grow.
    pub growth: Vec<GrownResults>,
}

/// One row.
#[derive(Debug, Serialize, Deserialize)]
pub struct RowResults {
    /// Its name.
    pub row: String,
    /// The unit of the times.
    pub unit: String,
    /// The operation that takes the time.
    pub per: String,
    /// The median time of each subject.
    pub median: BTreeMap<String, f64>,
    /// The shortest and the longest time of each subject.
    pub spread: BTreeMap<String, [f64; 2]>,
    /// For each counter, the count of each subject.
    pub counters: BTreeMap<String, BTreeMap<String, f64>>,
}

/// One row with another number of layers or entries.
#[derive(Debug, Serialize, Deserialize)]
pub struct GrownResults {
    /// What grows.
    pub axis: Axis,
    /// How large it is.
    pub at: usize,
    /// The rest.
    #[serde(flatten)]
    pub row: RowResults,
}

impl GrownResults {
    /// The name of its point.
    pub fn point(&self) -> Point {
        Point {
            row: self.row.row.clone(),
            grown: Some((self.axis, self.at)),
        }
    }
}

impl RowResults {
    /// Puts together what was found.
    pub fn new(point: &Point, per: &str, found: &Found) -> Self {
        let mut counters = BTreeMap::<String, BTreeMap<String, f64>>::new();
        for (subject, counts) in &found.counters {
            for (counter, count) in counts {
                let of = counters.entry(counter.clone()).or_default();
                of.insert(subject.name().to_owned(), rounded(*count));
            }
        }
        let spread = |samples: &Vec<f64>| {
            let least = samples.iter().copied().fold(f64::INFINITY, f64::min);
            let most = samples.iter().copied().fold(0.0, f64::max);
            [rounded(least), rounded(most)]
        };
        let name = |subject: &Subject| subject.name().to_owned();
        Self {
            row: point.row.clone(),
            unit: "ns".into(),
            per: per.into(),
            median: found
                .samples
                .iter()
                .filter_map(|(subject, samples)| Some((name(subject), rounded(median(samples)?))))
                .collect(),
            spread: found
                .samples
                .iter()
                .map(|(subject, samples)| (name(subject), spread(samples)))
                .collect(),
            counters,
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    /// Other programs read this.
    #[test]
    fn results_have_the_form_that_was_agreed() {
        let point = |grown| Point {
            row: "cold_stat_1".into(),
            grown,
        };
        let found = Found {
            samples: BTreeMap::from([(Subject::Native, vec![2.0]), (Subject::Union, vec![3.0])]),
            counters: BTreeMap::from([(
                Subject::Union,
                Counters::from([("flushes".to_owned(), 1.0)]),
            )]),
            ..Found::default()
        };
        let results = Results {
            kernel: "7.2".into(),
            mode: Mode::Icount,
            boots: 3,
            rows: vec![RowResults::new(&point(None), "file", &found)],
            growth: vec![GrownResults {
                axis: Axis::Lowers,
                at: 10,
                row: RowResults::new(&point(Some((Axis::Lowers, 10))), "file", &found),
            }],
        };
        let row = json!({
            "row": "cold_stat_1", "unit": "ns", "per": "file",
            "median": {"native": 2.0, "union": 3.0},
            "spread": {"native": [2.0, 2.0], "union": [3.0, 3.0]},
            "counters": {"flushes": {"union": 1.0}},
        });
        let mut grown = row.clone();
        grown["axis"] = json!("lowers");
        grown["at"] = json!(10);
        let expected = json!({
            "kernel": "7.2", "mode": "icount", "boots": 3, "rows": [row], "growth": [grown],
        });
        let value = serde_json::to_value(&results).unwrap();
        assert_eq!(value, expected);
        let read: Results = serde_json::from_value(value).unwrap();
        assert_eq!(read.growth[0].point().to_string(), "cold_stat_1@lowers=10");
    }

    #[test]
    fn results_are_by_name() {
        let point = Point {
            row: "stat".into(),
            grown: None,
        };
        let found = Found {
            samples: BTreeMap::from([(Subject::OverlayfsBest, vec![2.0, 1.0, 9.0])]),
            ..Found::default()
        };
        let row = RowResults::new(&point, "call", &found);
        assert_eq!(row.median["overlayfs-best"], 2.0);
        assert_eq!(row.spread["overlayfs-best"], [1.0, 9.0]);
        assert_eq!(found.ratio(Subject::OverlayfsBest), None);
    }
}
