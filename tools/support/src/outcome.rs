// SPDX-License-Identifier: GPL-2.0-only
//! The outcome of one case, and its form in KTAP, which the guest writes and the host reads.

use std::io::{self, Write};
use std::time::Duration;

/// The outcome of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Success; the notes list permitted differences.
    Pass(Vec<String>),
    /// Failure, in lines for a reader.
    Fail(Vec<String>),
    /// Not run, with the reason.
    Skip(String),
}

impl Outcome {
    /// Passed, unless there are failures.
    pub fn unless(wrong: Vec<String>) -> Self {
        Self::Pass(Vec::new()).and_left(wrong)
    }

    /// The same, but failed if there are other failures.
    pub fn and_left(self, wrong: Vec<String>) -> Self {
        match self {
            outcome if wrong.is_empty() => outcome,
            Self::Fail(lines) => Self::Fail(lines.into_iter().chain(wrong).collect()),
            Self::Pass(_) | Self::Skip(_) => Self::Fail(wrong),
        }
    }

    /// Sends it to the process that waits for it.
    pub fn send(&self, out: &mut dyn Write) -> io::Result<()> {
        let (word, lines) = match self {
            Self::Pass(notes) => ("pass", notes.join("\n")),
            Self::Fail(lines) => ("fail", lines.join("\n")),
            Self::Skip(why) => ("skip", why.clone()),
        };
        write!(out, "{word}\n{lines}")
    }

    /// Reads an outcome that was sent completely.
    pub fn receive(said: &[u8]) -> Option<Self> {
        let said = String::from_utf8_lossy(said);
        let (word, text) = said.split_once('\n')?;
        let lines = || text.lines().map(str::to_owned).collect();
        match word {
            "pass" => Some(Self::Pass(lines())),
            "fail" => Some(Self::Fail(lines())),
            "skip" => Some(Self::Skip(text.to_owned())),
            _ => None,
        }
    }
}

/// Writes the version and plan lines.
pub fn write_plan(out: &mut dyn Write, cases: usize) -> io::Result<()> {
    writeln!(out, "KTAP version 1\n1..{cases}")?;
    out.flush()
}

/// Announces that a case begins, so that a crash can be attributed to it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_received() {
        for outcome in [
            Outcome::Pass(vec!["a note".into(), "another".into()]),
            Outcome::Pass(Vec::new()),
            Outcome::Fail(vec!["it".into()]),
            Outcome::Skip("why".into()),
        ] {
            let mut said = Vec::new();
            outcome.send(&mut said).unwrap();
            assert_eq!(Outcome::receive(&said), Some(outcome));
        }
        assert_eq!(Outcome::receive(b""), None);
    }

    #[test]
    fn what_is_left_over_fails_a_case() {
        let left = || vec!["a mount".to_owned()];
        assert_eq!(
            Outcome::Pass(Vec::new()).and_left(left()),
            Outcome::Fail(left())
        );
        assert_eq!(
            Outcome::Skip("x".into()).and_left(Vec::new()),
            Outcome::Skip("x".into())
        );
    }
}
