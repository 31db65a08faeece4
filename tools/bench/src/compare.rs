// SPDX-License-Identifier: GPL-2.0-only
//! The union against the union of an earlier run: what has become more expensive, or is no longer safe.

use std::collections::BTreeSet;
use std::fmt;

use crate::Mode;
use crate::results::{Results, RowResults};

/// How much longer an instruction time may be; wall times are not exact enough.
const TIME: f64 = 0.10;

/// By how much a count may differ without a change of the union.
enum Slack {
    /// So many.
    By(f64),
    /// So many more or fewer: without its flush, data can be lost that a call reported as safe.
    Exactly(f64),
}

/// The counts that are compared. Handles and lookups are averages over many operations, the first of which may need
/// more; a part of a block may be left over.
const COUNTERS: &[(&str, Slack)] = &[
    ("journal_handles", Slack::By(0.02)),
    ("journal_commits", Slack::Exactly(0.02)),
    ("flushes", Slack::Exactly(0.02)),
    ("upper_lookups", Slack::By(0.02)),
    ("lower_lookups", Slack::By(0.02)),
    ("lower_misses", Slack::By(0.1)),
    ("upper_bytes", Slack::By(1024.0)),
    ("slab_bytes", Slack::By(64.0)),
    ("set_bytes", Slack::By(1.0)),
    ("record_bytes", Slack::By(1.0)),
];

/// Counts whose names have changed, and the names that results of earlier runs have for them.
const FORMER: &[(&str, &str)] = &[
    ("upper_lookups", "top_lookups"),
    ("upper_bytes", "top_bytes"),
];

/// The union of one run against that of an earlier one.
pub struct Comparison {
    /// Points that both runs have.
    points: usize,
    /// Why times are not compared.
    without_times: Option<String>,
    /// What has become worse: the name of the point, and the difference.
    worse: Vec<(String, String)>,
    /// What has become better by as much.
    better: Vec<(String, String)>,
}

impl Comparison {
    /// Compares.
    pub fn of(before: &Results, now: &Results) -> Self {
        let mut comparison = Self {
            points: 0,
            without_times: without_times(before, now),
            worse: Vec::new(),
            better: Vec::new(),
        };
        let old: Vec<_> = points(before).collect();
        for (name, row) in points(now) {
            if let Some((_, old)) = old.iter().find(|(other, _)| *other == name) {
                comparison.points += 1;
                comparison.row(&name, old, row);
            }
        }
        comparison
    }

    /// Names of points where something is worse.
    pub fn worse_points(&self) -> BTreeSet<String> {
        self.worse.iter().map(|(name, _)| name.clone()).collect()
    }

    fn row(&mut self, name: &str, old: &RowResults, new: &RowResults) {
        const UNION: &str = "union";
        let mut put = |worse: bool, what: String| {
            let list = if worse {
                &mut self.worse
            } else {
                &mut self.better
            };
            list.push((name.to_owned(), what));
        };
        let median = |row: &RowResults| row.median.get(UNION).copied();
        if let (None, Some(before), Some(now)) = (&self.without_times, median(old), median(new))
            && (now / before - 1.0).abs() > TIME
        {
            let percent = 100.0 * (now / before - 1.0);
            let (unit, per) = (&new.unit, &new.per);
            let what = format!("{before:.0} -> {now:.0} {unit} a {per} ({percent:+.0} %)");
            put(now > before, what);
        }
        for (counter, slack) in COUNTERS {
            let former = FORMER.iter().find(|(now, _)| now == counter);
            let count = |row: &RowResults| {
                let counts = row.counters.get(*counter);
                let counts = counts.or_else(|| row.counters.get(former?.1));
                counts?.get(UNION).copied()
            };
            let (Some(before), Some(now)) = (count(old), count(new)) else {
                continue;
            };
            let (slack, fewer_is_worse) = match slack {
                Slack::By(slack) => (slack, false),
                Slack::Exactly(slack) => (slack, true),
            };
            let what = format!("{counter} {before} -> {now} a {}", new.per);
            if now > before + slack {
                put(true, what);
            } else if now < before - slack && fewer_is_worse {
                put(
                    true,
                    what + ": data may be lost that was written out before",
                );
            } else if now < before - slack {
                put(false, what);
            }
        }
    }
}

/// Every point of a run, by name.
fn points(results: &Results) -> impl Iterator<Item = (String, &RowResults)> {
    let rows = results.rows.iter().map(|row| (row.row.clone(), row));
    let growth = results.growth.iter();
    rows.chain(growth.map(|grown| (grown.point().to_string(), &grown.row)))
}

fn without_times(before: &Results, now: &Results) -> Option<String> {
    if before.mode != now.mode {
        Some("they were measured in another way".into())
    } else if now.mode != Mode::Icount {
        Some("wall time is not exact enough".into())
    } else if before.kernel != now.kernel {
        Some(format!("they are of kernel {}", before.kernel))
    } else {
        None
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, what) in &self.better {
            writeln!(f, "better  {name}: {what}")?;
        }
        for (name, what) in &self.worse {
            writeln!(f, "WORSE   {name}: {what}")?;
        }
        write!(
            f,
            "union against the earlier run: {} points, {} figures worse, {} better; ",
            self.points,
            self.worse.len(),
            self.better.len()
        )?;
        match &self.without_times {
            None => write!(f, "times may be {:.0} % longer; ", 100.0 * TIME)?,
            Some(why) => write!(f, "times are not compared: {why}; ")?,
        }
        write!(f, "fewer commits or flushes count as worse")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn results(ns: f64, commits: f64) -> Results {
        let one = |count: f64| BTreeMap::from([("union".to_owned(), count)]);
        Results {
            kernel: "k".into(),
            mode: Mode::Icount,
            boots: 1,
            rows: vec![RowResults {
                row: "stat".into(),
                unit: "ns".into(),
                per: "call".into(),
                median: one(ns),
                spread: BTreeMap::new(),
                counters: BTreeMap::from([("journal_commits".to_owned(), one(commits))]),
            }],
            growth: Vec::new(),
        }
    }

    fn worse(before: &Results, now: &Results) -> Vec<String> {
        let comparison = Comparison::of(before, now);
        assert_eq!(comparison.points, 1);
        comparison.worse.into_iter().map(|(_, what)| what).collect()
    }

    #[test]
    fn more_is_worse_and_less_is_not() {
        let before = results(1000.0, 1.0);
        assert!(worse(&before, &results(1050.0, 1.0)).is_empty());
        assert!(worse(&before, &results(500.0, 1.0)).is_empty());
        assert_eq!(
            Comparison::of(&before, &results(500.0, 1.0)).better.len(),
            1
        );
        assert_eq!(
            worse(&before, &results(1200.0, 1.0)),
            ["1000 -> 1200 ns a call (+20 %)"]
        );
        assert_eq!(
            worse(&before, &results(1000.0, 2.0)),
            ["journal_commits 1 -> 2 a call"]
        );
    }

    #[test]
    fn fewer_commits_are_worse() {
        let found = worse(&results(1000.0, 1.0), &results(500.0, 0.0));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("journal_commits 1 -> 0 a call"));
    }

    #[test]
    fn counts_of_earlier_runs_are_found_by_their_former_names() {
        let (mut before, mut now) = (results(1000.0, 1.0), results(1000.0, 1.0));
        for (results, name, bytes) in [
            (&mut before, "top_bytes", 0.0),
            (&mut now, "upper_bytes", 4096.0),
        ] {
            let counts = BTreeMap::from([("union".to_owned(), bytes)]);
            results.rows[0].counters.insert(name.into(), counts);
        }
        assert_eq!(worse(&before, &now), ["upper_bytes 0 -> 4096 a call"]);
    }

    #[test]
    fn times_of_another_kernel_say_nothing() {
        let mut before = results(1000.0, 1.0);
        before.kernel = "other".into();
        assert!(worse(&before, &results(9000.0, 1.0)).is_empty());
        assert_eq!(worse(&before, &results(9000.0, 2.0)).len(), 1);
    }
}
