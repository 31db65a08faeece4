// SPDX-License-Identifier: GPL-2.0-only
//! What is found on a disk after a power cut.

use super::rule::{Fact, Purpose};
use crate::crash::cell::CELL;

/// How many false facts are described.
const TOLD: usize = 3;

/// Facts, and how many of them are false.
#[derive(Debug, Default)]
pub struct Seen {
    /// All facts.
    pub facts: usize,
    /// Granules that have zeros in the place of data.
    pub zeros: usize,
    /// Granules that hold something else, and facts that are false in another way.
    pub other: usize,
    /// The first false ones.
    pub examples: Vec<String>,
}

impl Seen {
    /// Adds what was found after another cut.
    pub fn add(&mut self, cut: &str, seen: Seen) {
        self.facts += seen.facts;
        self.zeros += seen.zeros;
        self.other += seen.other;
        for example in seen.examples {
            self.tell(|| format!("{cut}: {example}"));
        }
    }

    /// Compares a granule with what it must hold; what is missing at its end counts as zeros.
    pub fn granule(&mut self, expected: &[u8], found: &[u8], what: impl FnOnce() -> String) {
        if found == expected {
            return;
        }
        let mut cells = found.chunks(CELL).zip(expected.chunks(CELL));
        let is_empty = |(found, expected): (&[u8], &[u8])| {
            found == expected || found.iter().all(|byte| *byte == 0)
        };
        if cells.all(is_empty) {
            self.zeros += 1;
            self.tell(|| format!("{} reads zeros", what()));
        } else {
            self.other += 1;
            self.tell(|| format!("{} holds something else", what()));
        }
    }

    /// Describes a false fact, if it is one of the first.
    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.examples.len() < TOLD {
            self.examples.push(what());
        }
    }

    /// Whether some are false.
    pub fn is_false(&self) -> bool {
        self.zeros + self.other > 0
    }

    /// The figures of so many cuts.
    pub fn note(&self, fact: Fact, cuts: usize) -> String {
        let Self {
            facts,
            zeros,
            other,
            ..
        } = self;
        let granules = format!("{zeros} granules read zeros, {other} hold something else");
        match fact {
            Fact::Bits | Fact::File => format!("{cuts} cuts: {facts} bits, {granules}"),
            Fact::Mark => format!("{cuts} cuts: {facts} files without the mark, {granules}"),
            Fact::Limit => {
                format!("{cuts} cuts: {facts} extensions, {other} without their limit")
            }
        }
    }
}

impl Purpose {
    /// What is said behind the figures.
    pub fn remark(self) -> &'static str {
        match self {
            Self::Rule => "",
            Self::Control => " (control)",
            Self::Figure => " (for information)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::cell;

    #[test]
    fn zeros_are_told_from_other_bytes() {
        let right = cell::encode_run(1, 1, 0, 64);
        let mut half = right.clone();
        half[CELL..3 * CELL].fill(0);
        let mut torn = right.clone();
        torn[5] = 0;
        let mut seen = Seen::default();
        for found in [&right[..], &half, &right[..100], &[], &torn] {
            seen.granule(&right, found, || "it".into());
        }
        assert_eq!((seen.zeros, seen.other), (2, 2));
        assert_eq!(seen.examples.len(), TOLD);
    }
}
