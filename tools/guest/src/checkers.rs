// SPDX-License-Identifier: GPL-2.0-only
//! Findings of a debug kernel's checkers, queried at the end: KUnit, lockdep, kmemleak, KCSAN.
//!
//! Others, such as KASAN, report to the kernel log; see [`crate::health`].

use std::fs;
use std::path::Path;
use std::time::Duration;

use union_scenarios::debugfs;
use union_support::outcome::Outcome;

/// One question.
pub struct Checker {
    /// Name of its case.
    pub name: &'static str,
    /// Whether this kernel can answer.
    there: fn() -> bool,
    /// Asks.
    pub ask: fn() -> Result<Vec<String>, String>,
}

const CHECKERS: &[Checker] = &[
    Checker {
        name: "health/kunit",
        there: || debugfs::has("kunit"),
        ask: kunit,
    },
    Checker {
        name: "health/lockdep",
        there: || Path::new(LOCKDEP).exists(),
        ask: lockdep,
    },
    Checker {
        name: "health/leaks",
        there: || debugfs::has("kmemleak"),
        ask: leaks,
    },
    Checker {
        name: "health/kcsan",
        there: || debugfs::has("kcsan"),
        ask: kcsan,
    },
];

const LOCKDEP: &str = "/proc/lockdep_stats";
/// The suite of rust/kunit.rs.
const SUITE: &str = "kunit/union_vfs/results";

/// Those this kernel has.
pub fn present() -> Vec<&'static Checker> {
    CHECKERS
        .iter()
        .filter(|checker| (checker.there)())
        .collect()
}

impl Checker {
    /// Reports the result as a case: any finding is a failure.
    pub fn outcome(&self) -> Outcome {
        match (self.ask)() {
            Ok(notes) => Outcome::Pass(notes),
            Err(wrong) => Outcome::Fail(wrong.lines().map(str::to_owned).collect()),
        }
    }
}

/// The tests in the module itself, which ran when it was loaded.
fn kunit() -> Result<Vec<String>, String> {
    kunit_verdict(&debugfs::read(SUITE)?)
}

fn kunit_verdict(results: &str) -> Result<Vec<String>, String> {
    let lines = results.lines().map(str::trim);
    let passed = lines.clone().filter(|line| line.starts_with("ok ")).count();
    let bad = |line: &&str| {
        line.starts_with("not ok ") || line.contains("FAILED") || line.contains("# SKIP")
    };
    if passed == 0 || lines.clone().any(|line| bad(&line)) {
        return Err(format!("the KUnit tests of the module:\n{results}"));
    }
    // The suite has a line of its own.
    Ok(vec![format!("{} KUnit tests", passed - 1)])
}

/// Lockdep switches itself off at its first finding, or when its tables are full: it must be active
/// to the end.
fn lockdep() -> Result<Vec<String>, String> {
    let text =
        fs::read_to_string(LOCKDEP).map_err(|error| format!("reading {LOCKDEP}: {error}"))?;
    lockdep_verdict(&text)
}

fn lockdep_verdict(stats: &str) -> Result<Vec<String>, String> {
    let value = |name: &str| {
        let line = stats
            .lines()
            .find(|line| line.trim_start().starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    match value("debug_locks").as_deref() {
        Some("1") => {
            let sizes = [
                "lock-classes",
                "direct dependencies",
                "dependency chains",
                "stack-trace entries",
            ];
            let notes = sizes
                .iter()
                .filter_map(|name| Some(format!("{name} {}", value(name)?)));
            Ok(vec![format!(
                "lockdep: {}",
                notes.collect::<Vec<_>>().join(", ")
            )])
        }
        Some(_) => {
            Err("lockdep switched itself off: the kernel log on the console says why".into())
        }
        None => Err(format!("{LOCKDEP} does not say whether lockdep is on")),
    }
}

/// KCSAN watches only if enabled at boot; its findings are in the kernel log.
fn kcsan() -> Result<Vec<String>, String> {
    kcsan_verdict(&debugfs::read("kcsan")?)
}

fn kcsan_verdict(stats: &str) -> Result<Vec<String>, String> {
    let value = |name: &str| {
        let values = stats.lines().filter_map(|line| line.split_once(": "));
        let found = values.into_iter().find(|(key, _)| *key == name);
        found.and_then(|(_, value)| value.trim().parse::<u64>().ok())
    };
    match (value("enabled"), value("setup_watchpoints")) {
        (Some(1), Some(watched @ 1..)) => {
            let races = value("data_races").unwrap_or(0);
            Ok(vec![format!(
                "KCSAN watched {watched} accesses and saw {races} races in the whole kernel"
            )])
        }
        _ => Err(format!("KCSAN watches nothing:\n{stats}")),
    }
}

/// Leaked objects.
fn leaks() -> Result<Vec<String>, String> {
    // kmemleak reports only objects that are some seconds old; they must be found twice, because
    // references on stacks move.
    std::thread::sleep(Duration::from_secs(6));
    for _ in 0..2 {
        debugfs::write("kmemleak", "scan")?;
    }
    leaks_verdict(&debugfs::read("kmemleak")?)
}

fn leaks_verdict(report: &str) -> Result<Vec<String>, String> {
    const LINES: usize = 60;
    let count = report
        .lines()
        .filter(|line| line.starts_with("unreferenced object"))
        .count();
    if count == 0 {
        return Ok(Vec::new());
    }
    let shown: Vec<_> = report
        .lines()
        .filter(|line| !line.contains("hex dump"))
        .take(LINES)
        .collect();
    Err(format!(
        "kmemleak reports {count} leaked objects:\n{}",
        shown.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kcsan_must_have_watched() {
        let stats = "enabled: 1\nused_watchpoints: 0\nsetup_watchpoints: 7\ndata_races: 2\n";
        assert!(kcsan_verdict(stats).unwrap()[0].contains("watched 7"));
        for stats in [
            "",
            "enabled: 0\nsetup_watchpoints: 7",
            "enabled: 1\nsetup_watchpoints: 0",
        ] {
            assert!(kcsan_verdict(stats).is_err(), "{stats}");
        }
    }

    #[test]
    fn kunit_results_are_read() {
        let good = "    KTAP version 1\n    # Subtest: union_vfs\n    1..2\n    ok 1 a\n    ok 2 b\nok 1 union_vfs\n";
        assert_eq!(kunit_verdict(good), Ok(vec!["2 KUnit tests".to_owned()]));
        assert!(kunit_verdict(&good.replace("    ok 2", "    not ok 2")).is_err());
        assert!(kunit_verdict("").is_err());
    }

    #[test]
    fn lockdep_must_be_on() {
        let stats = " lock-classes:                         1200 [max: 8192]\n debug_locks:                             1\n";
        assert!(lockdep_verdict(stats).unwrap()[0].contains("1200"));
        assert!(lockdep_verdict(&stats.replace("  1\n", "  0\n")).is_err());
        assert!(lockdep_verdict("").is_err());
    }

    #[test]
    fn every_leak_is_counted() {
        assert_eq!(leaks_verdict(""), Ok(Vec::new()));
        let report =
            "unreferenced object 0x1 (size 8):\n  comm x\nunreferenced object 0x2 (size 8):\n";
        assert!(
            leaks_verdict(report)
                .unwrap_err()
                .contains("2 leaked objects")
        );
    }
}
