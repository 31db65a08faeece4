// SPDX-License-Identifier: GPL-2.0-only
//! Comparing the results of the union with those of the oracle.

use std::collections::HashMap;

use crate::scenario::Allow;
use crate::walk::Tree;

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Differences that are failures, in lines for a reader.
    pub wrong: Vec<String>,
    /// The reasons of differences that are permitted.
    pub allowed: Vec<&'static str>,
}

impl Diff {
    fn differ(&mut self, what: &str, oracle: &str, union: &str, allow: &[Allow]) {
        let permit = allow.iter().find(|allow| what.contains(allow.line));
        match permit {
            Some(allow) if !self.allowed.contains(&allow.why) => self.allowed.push(allow.why),
            Some(_) => {}
            None => {
                self.wrong.push(format!("call:  {what}"));
                self.wrong.push(format!("plain: {oracle}"));
                self.wrong.push(format!("union: {union}"));
            }
        }
    }
}

/// Compares two transcripts line by line.
pub fn transcripts(oracle: &[String], union: &[String], allow: &[Allow]) -> Diff {
    let mut diff = Diff::default();
    let nothing = String::from("(nothing: the transcript ends here)");
    for index in 0..oracle.len().max(union.len()) {
        let expected = oracle.get(index).unwrap_or(&nothing);
        let found = union.get(index).unwrap_or(&nothing);
        if expected == found {
            continue;
        }
        let (call, expected_answer) = split(expected);
        let (found_call, found_answer) = split(found);
        if call == found_call {
            let what = format!("step {}: {call}", index + 1);
            diff.differ(&what, expected_answer, found_answer, allow);
        } else {
            // The steps went another way: the following lines say nothing new.
            let what = format!("step {}", index + 1);
            diff.differ(&what, expected, found, allow);
            break;
        }
    }
    diff
}

/// Compares two trees name by name; `when` is the moment at which the second was read. A difference that is in
/// `reported`, from an earlier moment, is not reported again.
pub fn trees(
    oracle: &Tree,
    union: &Tree,
    when: &str,
    allow: &[Allow],
    reported: &mut HashMap<String, String>,
) -> Diff {
    let mut diff = Diff::default();
    let nothing = String::from("(no such name)");
    let mut paths: Vec<_> = oracle.keys().chain(union.keys()).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let expected = oracle.get(path).unwrap_or(&nothing);
        let found = union.get(path).unwrap_or(&nothing);
        if expected != found && reported.get(path) != Some(found) {
            reported.insert(path.clone(), found.clone());
            diff.differ(&format!("walk {path} ({when})"), expected, found, allow);
        }
    }
    diff
}

fn split(line: &str) -> (&str, &str) {
    line.rsplit_once(" = ")
        .or_else(|| line.rsplit_once(": "))
        .unwrap_or((line, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn an_answer_that_differs_is_shown_with_its_call() {
        let diff = transcripts(&lines(&["a() = 1"]), &lines(&["a() = EIO"]), &[]);
        assert_eq!(diff.wrong, ["call:  step 1: a()", "plain: 1", "union: EIO"]);
    }

    #[test]
    fn a_short_transcript_is_wrong() {
        assert!(!transcripts(&lines(&["a() = 1"]), &[], &[]).wrong.is_empty());
    }

    #[test]
    fn an_allowed_difference_gives_its_reason() {
        const WHY: &str = "because";
        let allow = [Allow {
            line: "a()",
            why: WHY,
        }];
        let diff = transcripts(&lines(&["a() = 1"]), &lines(&["a() = 2"]), &allow);
        assert!(diff.wrong.is_empty());
        assert_eq!(diff.allowed, [WHY]);
    }
}
