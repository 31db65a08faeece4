// SPDX-License-Identifier: GPL-2.0-only
//! The verdict on a suite: test by test, the union against the plain file system.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::known;
use crate::report::{Outcome, Test};

/// The combined result of both sides of a suite.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Tests that passed on both sides, or found something good about the layers.
    pub passed: usize,
    /// Tests that were skipped on both sides.
    pub skipped: usize,
    /// Tests that failed on both sides, in the same way: not the union's fault.
    pub failed_alike: Vec<String>,
    /// Tests with intended differences, with the reason.
    pub known: Vec<(String, String)>,
    /// Tests with other differences, with the message of each side.
    pub wrong: Vec<(String, String)>,
}

impl Verdict {
    /// Compares the two sides.
    pub fn of(suite: &str, plain: &[Test], union: &[Test]) -> Self {
        let (plain, union) = (named(plain), named(union));
        let names: BTreeSet<_> = plain.keys().chain(union.keys()).collect();
        let mut verdict = Self::default();
        for name in names {
            let sides = (plain.get(name).copied(), union.get(name).copied());
            if let (Some(plain), Some(union)) = sides
                && plain.outcome == union.outcome
                && plain.said == union.said
            {
                match plain.outcome {
                    Outcome::Passed => verdict.passed += 1,
                    Outcome::Skipped => verdict.skipped += 1,
                    Outcome::Failed => verdict.failed_alike.push(name.clone()),
                }
                continue;
            }
            let (plain, union) = stories(sides.0, sides.1);
            if let Some(reason) = known::reason(suite, name, &union) {
                verdict.known.push((name.clone(), reason.to_owned()));
            } else {
                let story = format!("plain: {plain}\nunion: {union}");
                verdict.wrong.push((name.clone(), story));
            }
        }
        if verdict.passed == 0 {
            let story = "no test passed on the plain file system: the suite is not working";
            verdict.wrong.push(("suite".into(), story.into()));
        }
        verdict
    }

    /// Adds tests that run on one side only.
    pub fn add(&mut self, tests: &[Test]) {
        for test in tests {
            match test.outcome {
                Outcome::Failed => self.wrong.push((test.name.clone(), test.why.clone())),
                Outcome::Passed | Outcome::Skipped => self.passed += 1,
            }
        }
    }

    /// Adds a failure.
    pub fn fail(&mut self, name: &str, story: &str) {
        self.wrong.push((name.to_owned(), story.to_owned()));
    }
}

/// The tests by name; those of the same name are numbered.
fn named(tests: &[Test]) -> BTreeMap<String, &Test> {
    let mut found = BTreeMap::new();
    for test in tests {
        let mut name = test.name.clone();
        let mut number = 1;
        while found.contains_key(&name) {
            number += 1;
            name = format!("{} ({number})", test.name);
        }
        found.insert(name, test);
    }
    found
}

/// The output of each side; of its results only the differences.
fn stories(plain: Option<&Test>, union: Option<&Test>) -> (String, String) {
    let one = |test: Option<&Test>, other: Option<&Test>| {
        let Some(test) = test else {
            return "no such test".into();
        };
        let word = format!("{:?}", test.outcome).to_lowercase();
        let mut story = format!("{word} {}", test.why.trim_end());
        if let Some(other) = other.filter(|other| other.outcome == test.outcome) {
            let known: BTreeSet<_> = other.said.lines().collect();
            let own = test.said.lines().filter(|line| !known.contains(line));
            for line in own.take(20) {
                story += &format!("\n  {line}");
            }
        }
        story
    };
    (one(plain, union), one(union, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, outcome: Outcome, said: &str) -> Test {
        Test {
            said: said.into(),
            ..Test::new(name, outcome, "")
        }
    }

    #[test]
    fn failing_alike_is_no_difference() {
        let side = [
            test("a", Outcome::Passed, "1"),
            test("b", Outcome::Failed, ""),
        ];
        let verdict = Verdict::of("s", &side, &side);
        assert_eq!(verdict.passed, 1);
        assert_eq!(verdict.failed_alike, ["b"]);
        assert!(verdict.wrong.is_empty());
    }

    #[test]
    fn what_differs_is_wrong() {
        let plain = [
            test("a", Outcome::Passed, "1"),
            test("b", Outcome::Passed, ""),
            test("c", Outcome::Passed, ""),
            test("d", Outcome::Passed, ""),
        ];
        let union = [
            test("a", Outcome::Passed, "2"),
            test("b", Outcome::Skipped, ""),
            test("c", Outcome::Passed, ""),
        ];
        let verdict = Verdict::of("s", &plain, &union);
        assert_eq!(verdict.passed, 1);
        let names: Vec<_> = verdict.wrong.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "d"]);
    }

    #[test]
    fn a_suite_in_which_nothing_passes_fails() {
        let side = [test("a", Outcome::Failed, "")];
        assert_eq!(Verdict::of("s", &side, &side).wrong.len(), 1);
        assert_eq!(Verdict::of("s", &[], &[]).wrong.len(), 1);
    }

    #[test]
    fn tests_of_the_same_name_are_told_apart() {
        let side = [
            test("a", Outcome::Passed, ""),
            test("a", Outcome::Skipped, ""),
        ];
        let verdict = Verdict::of("s", &side, &side);
        assert_eq!((verdict.passed, verdict.skipped), (1, 1));
    }
}
