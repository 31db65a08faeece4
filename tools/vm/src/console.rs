// SPDX-License-Identifier: GPL-2.0-only
//! The end of what a machine wrote to its console, for whoever has to tell why it died.

use std::collections::VecDeque;

/// Words with which a kernel in trouble begins.
const TELLING: &[&str] = &[
    "BUG",
    "WARNING",
    "Oops",
    "Kernel panic",
    "general protection",
    "INFO:",
    "panicked",
];

/// The last lines of a console.
#[derive(Default)]
pub struct Tail(VecDeque<String>);

impl Tail {
    /// Adds a line.
    pub fn push(&mut self, line: String) {
        self.0.push_back(line);
        if self.0.len() > 80 {
            self.0.pop_front();
        }
    }

    /// From where the trouble begins, or the last few lines when none is seen; `limit` lines at most.
    pub fn story(&self, limit: usize) -> Vec<String> {
        let telling = |line: &String| TELLING.iter().any(|word| line.contains(word));
        let from = match self.0.iter().position(telling) {
            Some(index) => index,
            None => self.0.len().saturating_sub(12),
        };
        self.0
            .iter()
            .skip(from)
            .take(limit)
            .map(|line| format!("| {line}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_begins_with_the_trouble() {
        let mut tail = Tail::default();
        for line in ["booting", "BUG: at x", "trace"] {
            tail.push(line.to_owned());
        }
        assert_eq!(tail.story(10), ["| BUG: at x", "| trace"]);
        assert_eq!(tail.story(1), ["| BUG: at x"]);
    }
}
