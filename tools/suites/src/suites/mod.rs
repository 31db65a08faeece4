// SPDX-License-Identifier: GPL-2.0-only
//! The suites, one a file.

mod fio;
mod loads;
mod pjdfstest;
mod programs;
mod python;
mod stress;

use anyhow::{Context, Result, bail};

use crate::bench::Bench;
use crate::report::{Outcome, Test};

/// A program, or several of a kind, that test file systems.
pub struct Suite {
    /// Name in the table.
    pub name: &'static str,
    /// A line of description.
    pub about: &'static str,
    /// Fills a directory before the suite begins: on the union, in the lower layer.
    pub prepare: fn(&Bench) -> Result<()>,
    /// Runs it.
    pub run: fn(&Bench) -> Result<Vec<Test>>,
    /// The tests that are left out, with the reasons.
    pub left_out: &'static [(&'static str, &'static str)],
}

/// All suites, the quick ones first.
pub const ALL: &[Suite] = &[
    pjdfstest::SUITE,
    fio::SUITE,
    programs::GIT,
    programs::SQLITE,
    programs::TREES,
    programs::DPKG,
    programs::APT,
    loads::DBENCH,
    loads::FSMARK,
    loads::POSTMARK,
    loads::BONNIE,
    python::SUITE,
    stress::SUITE,
];

/// The suites of these names, or all.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Suite>> {
    for name in names {
        if !ALL.iter().any(|suite| suite.name == name) {
            let known: Vec<_> = ALL.iter().map(|suite| suite.name).collect();
            bail!("there is no suite {name:?}; there are {}", known.join(", "));
        }
    }
    let wanted = |suite: &&Suite| names.is_empty() || names.iter().any(|n| n == suite.name);
    Ok(ALL.iter().filter(wanted).collect())
}

/// The time limit of most lines, in seconds.
const LIMIT: u64 = 180;

/// Runs lines that must succeed; `common` is put in front of each.
fn prepare_by(bench: &Bench, common: &str, line: &str) -> Result<()> {
    let ended = bench.shell(&format!("{common}\n{line}"), LIMIT)?;
    if !ended.well() {
        bail!("{line}: {}", ended.story());
    }
    Ok(())
}

/// Runs one line after the other, each of the form NAME: LINE FOR THE SHELL; their output must be the same on both
/// sides.
fn run_steps(bench: &Bench, common: &str, steps: &str) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for step in steps.lines().map(str::trim).filter(|step| !step.is_empty()) {
        let (name, line) = step.split_once(": ").context("a step is NAME: LINE")?;
        let ended = bench.shell(&format!("{common}\n{line}"), LIMIT)?;
        tests.push(if ended.well() {
            Test {
                said: ended.stdout,
                ..Test::new(name, Outcome::Passed, "")
            }
        } else {
            Test::new(name, Outcome::Failed, ended.story())
        });
    }
    Ok(tests)
}
