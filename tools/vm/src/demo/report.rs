// SPDX-License-Identifier: GPL-2.0-only
//! The report of a virtual machine: one line each, fields separated by tabs.

use std::collections::BTreeMap;

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A step succeeded.
    Ok { step: String, story: String },
    /// A step did not.
    Failed { step: String, reason: String },
    /// An object in the upper layer.
    Upper { kind: Kind, path: String },
    /// Something measured.
    Fact { name: String, value: String },
    /// The machine waits for the other one.
    Meet,
    /// The report is complete.
    End,
    /// The steps were ended after a failure.
    Stop,
    /// An unknown line: a defect of the steps.
    Unknown(String),
}

/// The role of an object in the upper layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Hides a name of the lower layer.
    Whiteout,
    /// A directory that hides the one below.
    Opaque,
    /// A file that exists below, with changes.
    Copied,
    /// A file that exists only here.
    New,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "whiteout" => Self::Whiteout,
            "opaque" => Self::Opaque,
            "copied" => Self::Copied,
            "new" => Self::New,
            _ => return None,
        })
    }
}

impl Line {
    /// Parses one line.
    pub fn parse(line: &str) -> Self {
        let fields: Vec<_> = line.splitn(3, '\t').collect();
        match fields[..] {
            ["ok", step, story] => Self::Ok {
                step: step.into(),
                story: story.into(),
            },
            ["failed", step, reason] => Self::Failed {
                step: step.into(),
                reason: reason.into(),
            },
            ["fact", name, value] => Self::Fact {
                name: name.into(),
                value: value.into(),
            },
            ["upper", kind, path] => match Kind::named(kind) {
                Some(kind) => Self::Upper {
                    kind,
                    path: path.into(),
                },
                None => Self::Unknown(line.into()),
            },
            ["meet"] => Self::Meet,
            ["end"] => Self::End,
            ["stop"] => Self::Stop,
            _ => Self::Unknown(line.into()),
        }
    }
}

/// The result of one boot.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The steps that succeeded, in order.
    pub done: Vec<String>,
    /// The steps that failed.
    pub failed: Vec<String>,
    /// Other failures.
    pub failures: Vec<String>,
    /// The contents of the upper layer.
    pub upper: BTreeMap<Kind, Vec<String>>,
    /// What was measured.
    pub facts: BTreeMap<String, String>,
    /// The report is complete.
    pub ended: bool,
    /// The steps were ended after a failure.
    pub stopped: bool,
}

impl Outcome {
    /// Takes in one line.
    pub fn add(&mut self, line: Line) {
        match line {
            Line::Ok { step, .. } => self.done.push(step),
            Line::Failed { step, .. } => self.failed.push(step),
            Line::Upper { kind, path } => self.upper.entry(kind).or_default().push(path),
            Line::Fact { name, value } => drop(self.facts.insert(name, value)),
            Line::Meet => {}
            Line::End => self.ended = true,
            Line::Stop => self.stopped = true,
            Line::Unknown(line) => self
                .failures
                .push(format!("unknown line in the report: {line}")),
        }
    }

    /// Adds a failure if the report is not complete, or else for each expected step that it lacks, and for each
    /// expected object that the upper layer lacks.
    pub fn expect(&mut self, steps: &[&str], in_upper: &[(Kind, &str)]) {
        if self.stopped {
            return;
        }
        if !self.ended {
            let last = self.done.last().map_or("nothing", String::as_str);
            self.failures.push(format!(
                "the machine has hung, crashed or not started; its last step was: {last}"
            ));
            return;
        }
        for step in steps {
            if !self
                .done
                .iter()
                .chain(&self.failed)
                .any(|done| done == step)
            {
                self.failures.push(format!("not done: {step}"));
            }
        }
        for (kind, path) in in_upper {
            if !self.in_upper(*kind).contains(path) {
                self.failures
                    .push(format!("the upper layer lacks {path} as {kind:?}"));
            }
        }
    }

    /// How many things went wrong.
    pub fn count(&self) -> usize {
        self.failed.len() + self.failures.len()
    }

    /// The objects of one kind in the upper layer, sorted.
    pub fn in_upper(&self, kind: Kind) -> Vec<&str> {
        let mut paths: Vec<_> = self
            .upper
            .get(&kind)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        paths.sort_unstable();
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(
            Line::parse("ok\ta\tit\tworks"),
            Line::Ok {
                step: "a".into(),
                story: "it\tworks".into()
            }
        );
        assert_eq!(
            Line::parse("upper\twhiteout\t/etc/x"),
            Line::Upper {
                kind: Kind::Whiteout,
                path: "/etc/x".into()
            }
        );
        assert_eq!(Line::parse("end"), Line::End);
        for bad in ["", "upper\tx\t/y", "ok", "end\tx"] {
            assert_eq!(Line::parse(bad), Line::Unknown(bad.into()));
        }
    }

    #[test]
    fn what_is_missing_is_a_failure() {
        let count = |lines: &[&str]| {
            let mut outcome = Outcome::default();
            lines.iter().for_each(|line| outcome.add(Line::parse(line)));
            outcome.expect(&["one", "two"], &[(Kind::New, "/x")]);
            outcome.count()
        };
        assert_eq!(
            count(&["ok\tone\t", "ok\ttwo\t", "upper\tnew\t/x", "end"]),
            0
        );
        assert_eq!(count(&["ok\tone\t", "failed\ttwo\tno", "end"]), 2);
        assert_eq!(count(&["end"]), 3);
        assert_eq!(count(&["ok\tone\t"]), 1);
        assert_eq!(count(&["failed\tone\tno", "stop"]), 1);
    }
}
