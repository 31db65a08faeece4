// SPDX-License-Identifier: GPL-2.0-only
//! The union against the union of an earlier run: what costs more than it did, or is no longer safe.

use crate::Mode;
use crate::results::{Results, RowResults};

/// How much longer an instruction time may be; a wall time says nothing so exact.
const TIME: f64 = 1.10;

/// Counters of which there may not be more, and by how much they may differ for other reasons: the rest of a block
/// allocated, requests that were merged or not.
const COUNTERS: &[(&str, f64)] = &[
    ("journal_handles", 0.02),
    ("journal_commits", 0.02),
    ("flushes", 0.02),
    ("top_lookups", 0.02),
    ("lower_lookups", 0.02),
    ("lower_misses", 0.1),
    ("top_bytes", 1024.0),
    ("slab_bytes", 64.0),
];

/// Counters of which there may not be fewer either: without its flush a copy can be lost that was said to be there.
const EXACT: &[&str] = &["journal_commits", "flushes"];

/// What has become worse, a line each.
pub fn regressions(before: &Results, now: &Results) -> Vec<String> {
    let same_mode = before.mode == now.mode;
    let times = same_mode && now.mode == Mode::Icount && before.kernel == now.kernel;
    let mut worse = Vec::new();
    for row in &now.rows {
        if let Some(old) = before.rows.iter().find(|old| old.row == row.row) {
            worse.extend(row_regressions(&row.row, old, row, times));
        }
    }
    for grown in &now.growth {
        let same = |old: &&crate::results::GrownResults| {
            old.row.row == grown.row.row && old.axis == grown.axis && old.at == grown.at
        };
        if let Some(old) = before.growth.iter().find(same) {
            let name = format!("{}@{:?}={}", grown.row.row, grown.axis, grown.at).to_lowercase();
            worse.extend(row_regressions(&name, &old.row, &grown.row, times));
        }
    }
    worse
}

fn row_regressions(name: &str, old: &RowResults, new: &RowResults, times: bool) -> Vec<String> {
    const UNION: &str = "union";
    let mut worse = Vec::new();
    if let (true, Some(before), Some(now)) = (times, old.median.get(UNION), new.median.get(UNION))
        && *now > before * TIME
    {
        worse.push(format!(
            "{name}: {now:.0} {} where it was {before:.0}",
            new.unit
        ));
    }
    for (counter, slack) in COUNTERS {
        let count = |row: &RowResults| row.counters.get(*counter)?.get(UNION).copied();
        if let (Some(before), Some(now)) = (count(old), count(new))
            && (now > before + slack || EXACT.contains(counter) && now < before - slack)
        {
            worse.push(format!("{name}: {now} {counter} where it was {before}"));
        }
    }
    worse
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

    #[test]
    fn more_is_worse_and_less_is_not() {
        let before = results(1000.0, 1.0);
        assert!(regressions(&before, &results(1050.0, 1.0)).is_empty());
        assert!(regressions(&before, &results(500.0, 1.0)).is_empty());
        assert_eq!(regressions(&before, &results(500.0, 0.0)).len(), 1);
        assert_eq!(regressions(&before, &results(1200.0, 1.0)).len(), 1);
        assert_eq!(regressions(&before, &results(1000.0, 2.0)).len(), 1);
    }

    #[test]
    fn times_of_another_kernel_say_nothing() {
        let mut before = results(1000.0, 1.0);
        before.kernel = "other".into();
        assert!(regressions(&before, &results(9000.0, 1.0)).is_empty());
        assert_eq!(regressions(&before, &results(9000.0, 2.0)).len(), 1);
    }
}
