// SPDX-License-Identifier: GPL-2.0-only
//! stress-ng: its stressors of file systems, one after the other, each for a short time and with verification.

use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::bench::Bench;
use crate::report::{Outcome, Test};

pub const SUITE: Suite = Suite {
    name: "stress-ng",
    about: "stress-ng, the class filesystem, with verification",
    prepare: |_| Ok(()),
    run,
    left_out: LEFT_OUT,
};

const LEFT_OUT: &[(&str, &str)] = &[
    ("binderfs", "mounts a file system of its own"),
    ("bind-mount", "is about mounts, not about files"),
    ("eventfd", "touches no file"),
    ("ioprio", "is about processes"),
    ("procfs", "reads /proc"),
    ("statmount", "is about mounts, not about files"),
];

/// Those that write as much as they are told to.
const LARGE: &[&str] = &["fallocate", "fiemap", "iomix", "sync-file"];

fn run(bench: &Bench) -> Result<Vec<Test>> {
    let left_out: Vec<_> = LEFT_OUT.iter().map(|(name, _)| *name).collect();
    let mut command = Command::new("stress-ng");
    command.args(["--class", "filesystem", "--seq", "2", "--timeout", "1s"]);
    command.args(["--exclude", &left_out.join(",")]);
    // The usual sizes are half a gibibyte.
    for kind in LARGE {
        command.arg(format!("--{kind}-bytes")).arg("16m");
    }
    command.args(["--verify", "--no-rand-seed", "--oomable", "--temp-path"]);
    command.arg(&bench.dir);
    let ended = bench.run(command, 900)?;
    let mut tests = parse(&(ended.stdout.clone() + &ended.stderr));
    // 2: a stressor failed, 3 and 4: one could not run; which one is in the summary.
    let complete = !tests.is_empty() && matches!(ended.status, Some(0 | 2 | 3 | 4));
    tests.push(Test::unless("run", (!complete).then(|| ended.story())));
    Ok(tests)
}

/// The summary "passed: 4: access (2) acl (2)", and the messages of those that failed.
fn parse(text: &str) -> Vec<Test> {
    let mut tests = Vec::new();
    for line in text.lines() {
        for (word, outcome) in [
            ("passed: ", Outcome::Passed),
            ("skipped: ", Outcome::Skipped),
            ("failed: ", Outcome::Failed),
        ] {
            let Some((_, rest)) = line.split_once(word) else {
                continue;
            };
            let Some((count, names)) = rest.split_once(": ") else {
                continue;
            };
            if count.parse::<u32>().is_err() {
                continue;
            }
            // The file system does not decide how many of the two it is.
            let names = names.split_whitespace().filter(|w| !w.starts_with('('));
            tests.extend(names.map(|name| Test::new(name, outcome, story(text, name))));
        }
    }
    // One of two may pass where the other fails.
    tests.sort_by_key(|test| test.outcome != Outcome::Failed);
    let mut seen = std::collections::BTreeSet::new();
    tests.retain(|test| seen.insert(test.name.clone()));
    tests
}

/// The lines about one stressor.
fn story(text: &str, name: &str) -> String {
    let about = format!("{name}: ");
    let lines = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("] ")?;
        let wanted = line.contains(" fail:") || line.contains("skipping") || line.contains("info:");
        (wanted && rest.starts_with(&about)).then_some(rest)
    });
    lines.take(5).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_summary_is_understood() {
        let text = "stress-ng: fail:  [7] dir: rename failed\nstress-ng: info:  [5] skipped: 2: chattr (2)\n\
                    stress-ng: info:  [5] passed: 3: acl (2) dir (1)\nstress-ng: info:  [5] failed: 1: dir (1)\n\
                    stress-ng: info:  [5] skipped: 0\nstress-ng: info:  [5] metrics untrustworthy: 0\n";
        let mut tests = parse(text);
        tests.sort_by(|one, other| one.name.cmp(&other.name));
        let expected = [
            Test::new("acl", Outcome::Passed, ""),
            Test::new("chattr", Outcome::Skipped, ""),
            Test::new("dir", Outcome::Failed, "dir: rename failed"),
        ];
        assert_eq!(tests, expected);
    }
}
