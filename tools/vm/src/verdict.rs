// SPDX-License-Identifier: GPL-2.0-only
//! Reading the report of a guest. Silence is a failure: a case has passed only if its line says so, and a report is
//! complete only with as many results as planned and its last line.

use serde::Serialize;
use union_machine::console::Tail;
use union_support::outcome::END;

/// How one case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it must be.
    Passed,
    /// Not as it must be.
    Failed,
    /// Not run, with a reason.
    Skipped,
    /// It crashed the kernel, or hung.
    Crashed,
}

/// One case of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// `shape/scenario`, `check/name` or `health/name`.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// The reason of a skip, permitted differences, or failures.
    pub lines: Vec<String>,
    /// How long it took in the guest.
    pub millis: u64,
}

/// The report as far as it has been read.
#[derive(Debug, Default)]
pub struct Report {
    /// Number of cases planned.
    pub planned: Option<usize>,
    /// The case that runs now.
    pub running: Option<String>,
    /// Why the guest gave up, if it did.
    pub bailed: Option<String>,
    lines: Vec<String>,
    ended: bool,
}

impl Report {
    /// Takes one line; returns a case when the line completes one.
    pub fn take(&mut self, line: &str) -> Option<Case> {
        if line == END {
            self.ended = true;
        } else if let Some(name) = line.strip_prefix("# start ") {
            self.running = Some(name.to_owned());
            self.lines.clear();
        } else if let Some(detail) = line.strip_prefix("#   ") {
            self.lines.push(detail.to_owned());
        } else if let Some(plan) = line.strip_prefix("1..") {
            self.planned = plan.parse().ok();
        } else if let Some(why) = line.strip_prefix("Bail out! ") {
            self.bailed = Some(why.to_owned());
        } else if let Some(rest) = line.strip_prefix("ok ") {
            return self.result(rest, Status::Passed);
        } else if let Some(rest) = line.strip_prefix("not ok ") {
            return self.result(rest, Status::Failed);
        }
        None
    }

    /// Whether the last line was seen.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The end of a machine whose report is incomplete, or that was stopped.
    pub fn unfinished(&self, why: Option<&str>, console: &Tail) -> Vec<String> {
        let first = match (why, &self.bailed) {
            (_, Some(bailed)) => format!("the guest gave up: {bailed}"),
            (Some(why), None) => format!("the machine was stopped: {why}"),
            (None, None) => "the machine ended before its report did".to_owned(),
        };
        let console = console.story(50);
        let begin = [first, "the end of its console:".to_owned()];
        begin.into_iter().chain(console).collect()
    }

    fn result(&mut self, rest: &str, status: Status) -> Option<Case> {
        let (_, rest) = rest.split_once(' ')?;
        let (name, remark) = rest.split_once(" # ").unwrap_or((rest, ""));
        let mut case = Case {
            name: name.to_owned(),
            status,
            lines: std::mem::take(&mut self.lines),
            millis: remark.trim_end_matches("ms").parse().unwrap_or(0),
        };
        if let Some(why) = remark.strip_prefix("SKIP ") {
            case.status = Status::Skipped;
            case.lines = vec![why.to_owned()];
        }
        self.running = None;
        Some(case)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let mut report = Report::default();
        for line in ["KTAP version 1", "1..3", "# start a/b", "#   call: x"] {
            assert_eq!(report.take(line), None);
        }
        assert_eq!(report.running.as_deref(), Some("a/b"));
        let failed = report.take("not ok 1 a/b # 12ms").unwrap();
        assert_eq!(failed.status, Status::Failed);
        assert_eq!(
            (failed.millis, failed.lines),
            (12, vec!["call: x".to_owned()])
        );
        assert_eq!(
            report.take("ok 2 a/c # 1ms").unwrap().status,
            Status::Passed
        );
        let skipped = report.take("ok 3 a/d # SKIP no holes").unwrap();
        assert_eq!(skipped.lines, ["no holes"]);
        assert!(!report.ended());
        report.take(END);
        assert!(report.ended());
        assert_eq!(report.planned, Some(3));
    }
}
