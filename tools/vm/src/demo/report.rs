// SPDX-License-Identifier: GPL-2.0-only
//! What a virtual machine reports: one line each, fields separated by tabs.

use std::collections::BTreeMap;

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A step went as it should.
    Ok { step: String, story: String },
    /// A step did not.
    Failed { step: String, reason: String },
    /// An object in the upper layer.
    Top { kind: Kind, path: String },
    /// Something measured.
    Fact { name: String, value: String },
    /// The machine waits for the other one.
    Meet,
    /// The report is complete.
    End,
    /// The steps were given up after a failure.
    Stop,
    /// None of these: a defect of the steps.
    Unknown(String),
}

/// What an object in the upper layer is to the union.
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
            ["top", kind, path] => match Kind::named(kind) {
                Some(kind) => Self::Top {
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
    /// The steps that went well, in order.
    pub done: Vec<String>,
    /// The steps that did not.
    pub failed: Vec<String>,
    /// What else went wrong.
    pub failures: Vec<String>,
    /// The contents of the upper layer.
    pub top: BTreeMap<Kind, Vec<String>>,
    /// What was measured.
    pub facts: BTreeMap<String, String>,
    /// The report came to its end.
    pub ended: bool,
    /// The steps were given up.
    pub stopped: bool,
}

impl Outcome {
    /// Takes in one line.
    pub fn add(&mut self, line: Line) {
        match line {
            Line::Ok { step, .. } => self.done.push(step),
            Line::Failed { step, .. } => self.failed.push(step),
            Line::Top { kind, path } => self.top.entry(kind).or_default().push(path),
            Line::Fact { name, value } => drop(self.facts.insert(name, value)),
            Line::Meet => {}
            Line::End => self.ended = true,
            Line::Stop => self.stopped = true,
            Line::Unknown(line) => self
                .failures
                .push(format!("the report has a line without meaning: {line}")),
        }
    }

    /// Adds a failure if the report is not complete, else for all expected steps that it lacks, and for everything
    /// that should be in the upper layer and is not.
    pub fn expect(&mut self, steps: &[&str], in_top: &[(Kind, &str)]) {
        if self.stopped {
            return;
        }
        if !self.ended {
            let last = self.done.last().map_or("nothing", String::as_str);
            self.failures.push(format!(
                "the machine has hung, crashed or not started; the last it did was: {last}"
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
        for (kind, path) in in_top {
            if !self.in_top(*kind).contains(path) {
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
    pub fn in_top(&self, kind: Kind) -> Vec<&str> {
        let mut paths: Vec<_> = self
            .top
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
            Line::parse("top\twhiteout\t/etc/x"),
            Line::Top {
                kind: Kind::Whiteout,
                path: "/etc/x".into()
            }
        );
        assert_eq!(Line::parse("end"), Line::End);
        for bad in ["", "top\tx\t/y", "ok", "end\tx"] {
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
        assert_eq!(count(&["ok\tone\t", "ok\ttwo\t", "top\tnew\t/x", "end"]), 0);
        assert_eq!(count(&["ok\tone\t", "failed\ttwo\tno", "end"]), 2);
        assert_eq!(count(&["end"]), 3);
        assert_eq!(count(&["ok\tone\t"]), 1);
        assert_eq!(count(&["failed\tone\tno", "stop"]), 1);
    }
}
