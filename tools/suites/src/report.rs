// SPDX-License-Identifier: GPL-2.0-only
//! The messages of the guest to the host: one event a line, as JSON.

use serde::{Deserialize, Serialize};

/// Where a suite runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// A plain directory on the file system of the upper layer.
    Plain,
    /// The union.
    Union,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Passed, according to the program.
    Passed,
    /// Failed, according to the program.
    Failed,
    /// The program did not run it.
    Skipped,
}

/// One test of a suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// Its name in the suite.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed or was skipped; for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Its results, which must be the same on both sides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
}

impl Test {
    /// A test with this outcome.
    pub fn new(name: impl Into<String>, outcome: Outcome, why: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            outcome,
            why: why.into(),
            said: String::new(),
        }
    }

    /// A test that passed unless `wrong` has a text.
    pub fn unless(name: &str, wrong: Option<String>) -> Self {
        match wrong {
            None => Self::new(name, Outcome::Passed, ""),
            Some(wrong) => Self::new(name, Outcome::Failed, wrong),
        }
    }
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "event")]
pub enum Event {
    /// A suite begins on a side.
    Begins {
        /// The suite.
        suite: String,
        /// The side.
        side: Side,
    },
    /// It has ended there, with these tests.
    Results {
        /// The suite.
        suite: String,
        /// The side.
        side: Side,
        /// Its tests.
        tests: Vec<Test>,
        /// How long it took.
        seconds: f64,
    },
    /// The results of checking the layers of the union after a suite.
    Layers {
        /// The suite.
        suite: String,
        /// One test for each property.
        tests: Vec<Test>,
    },
    /// The end of the report.
    End,
}
