// SPDX-License-Identifier: GPL-2.0-only
//! stress-ng: its stressors of file systems, one after the other, each for a moment and checking itself.

use std::process::Command;

use anyhow::{Result, bail};

use super::Suite;
use crate::process::Bench;
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

fn run(bench: &Bench) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for name in stressors(bench)? {
        let mut command = Command::new("stress-ng");
        command.args([&format!("--{name}"), "2", "--timeout", "1s", "--verify"]);
        command.args(["--no-rand-seed", "--oomable", "--temp-path"]);
        command.arg(&bench.dir);
        let ended = bench.run(command, 60)?;
        let outcome = match ended.status {
            Some(0) if ended.stderr.contains("skipped: 0") || !skipped(&ended.stderr) => {
                Outcome::Passed
            }
            // It cannot run here, or wants something that is not there.
            Some(0 | 3 | 4) => Outcome::Skipped,
            _ => Outcome::Failed,
        };
        let why = match outcome {
            Outcome::Passed => String::new(),
            _ => ended.story(),
        };
        tests.push(Test::new(name, outcome, why));
    }
    Ok(tests)
}

/// What the summary says: "skipped: 2: chattr (2)".
fn skipped(text: &str) -> bool {
    text.lines()
        .filter_map(|line| line.split_once("skipped: "))
        .any(|(_, rest)| !rest.starts_with('0'))
}

/// The names of the class, as the program lists them.
fn stressors(bench: &Bench) -> Result<Vec<String>> {
    let mut command = Command::new("stress-ng");
    command.args(["--class", "filesystem?"]);
    let ended = bench.run(command, 30)?;
    let text = ended.stdout + &ended.stderr;
    let Some((_, names)) = text.split_once("stressors:") else {
        bail!("stress-ng does not list its stressors: {text}");
    };
    let wanted = |name: &&str| !LEFT_OUT.iter().any(|(left_out, _)| left_out == name);
    let names = names.lines().next().unwrap_or("");
    let names = names.split_whitespace().filter(wanted);
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_is_seen() {
        assert!(skipped("stress-ng: info:  [5] skipped: 2: chattr (2)"));
        assert!(!skipped(
            "stress-ng: info:  [5] skipped: 0\nstress-ng: info:  [5] passed: 2: dir (2)"
        ));
    }
}
