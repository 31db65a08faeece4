// SPDX-License-Identifier: GPL-2.0-only
//! The messages of the guest to the host: one event a line, as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::Point;
use crate::subject::Subject;

/// Exact counts for one operation, by name.
pub type Counters = BTreeMap<String, f64>;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The machine has started; this is its kernel.
    Kernel {
        /// Its release.
        release: String,
    },
    /// A row begins.
    Begins {
        /// Which.
        point: Point,
    },
    /// A row begins on a subject.
    Turn {
        /// Which.
        subject: Subject,
    },
    /// One repetition of a row on a subject.
    Sample {
        /// Which.
        subject: Subject,
        /// Time of one operation, in nanoseconds.
        ns: f64,
    },
    /// What one operation costs besides time.
    Counters {
        /// Which.
        subject: Subject,
        /// What was counted.
        counters: Counters,
    },
    /// A row does not work on a subject.
    Failed {
        /// Which.
        subject: Subject,
        /// Why.
        why: String,
    },
    /// The row is complete.
    Ends {
        /// How long the machine was busy with it.
        seconds: f64,
    },
    /// The end of the report.
    End,
}
