// SPDX-License-Identifier: GPL-2.0-only
//! What came of one case, and its form in KTAP, which the guest writes and the host reads.

use std::io::{self, Write};
use std::time::Duration;

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it must be; the notes say what was allowed to differ.
    Pass(Vec<String>),
    /// Not as it must be, in lines for a reader.
    Fail(Vec<String>),
    /// Not run, with the reason.
    Skip(String),
}

/// Writes the version and plan lines.
pub fn write_plan(out: &mut dyn Write, cases: usize) -> io::Result<()> {
    writeln!(out, "KTAP version 1\n1..{cases}")?;
    out.flush()
}

/// Says that a case begins, so that a crash can be laid at its door.
pub fn write_start(out: &mut dyn Write, name: &str) -> io::Result<()> {
    writeln!(out, "# start {name}")?;
    out.flush()
}

/// Writes the result line of a case, its diagnostics before it.
pub fn write(
    out: &mut dyn Write,
    number: usize,
    name: &str,
    outcome: &Outcome,
    took: Duration,
) -> io::Result<()> {
    let notes: &[String] = match outcome {
        Outcome::Pass(lines) | Outcome::Fail(lines) => lines,
        Outcome::Skip(_) => &[],
    };
    for line in notes.iter().flat_map(|line| line.lines()) {
        writeln!(out, "#   {line}")?;
    }
    let millis = took.as_millis();
    match outcome {
        Outcome::Pass(_) => writeln!(out, "ok {number} {name} # {millis}ms")?,
        Outcome::Fail(_) => writeln!(out, "not ok {number} {name} # {millis}ms")?,
        Outcome::Skip(why) => writeln!(out, "ok {number} {name} # SKIP {why}")?,
    }
    out.flush()
}

/// The last line of a complete report.
pub const END: &str = "# end of report";
