// SPDX-License-Identifier: GPL-2.0-only
//! The end of a machine's console output, for finding out why it died.

use std::collections::VecDeque;

use union_support::kernel_log;

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

    /// The lines from the beginning of the failure report, or the last few lines; at most `limit`
    /// lines.
    pub fn story(&self, limit: usize) -> Vec<String> {
        let failure = |line: &String| kernel_log::is_failure_on_console(line);
        let from = match self.0.iter().position(failure) {
            Some(index) => index,
            None => self.0.len().saturating_sub(12),
        };
        let lines = self.0.iter().skip(from).filter(|line| !noise(line));
        lines.take(limit).map(|line| format!("| {line}")).collect()
    }
}

/// Registers, code bytes and guesses of the stack walk; the log has them.
fn noise(line: &str) -> bool {
    let text = line
        .split_once("] ")
        .map_or(line, |(_, text)| text)
        .trim_start();
    let register = text.len() > 3
        && text.as_bytes()[3] == b':'
        && text[..3]
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
    (register
        && !text.starts_with("CPU:")
        && !text.starts_with("BUG:")
        && !text.starts_with("RIP:"))
        || text.starts_with("Code:")
        || text.starts_with("? ")
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

    #[test]
    fn registers_and_guesses_are_left_out() {
        for line in [
            "[    1.0] RAX: 0000",
            "[    1.0] R10: 0000",
            "[  1.0]  ? f+0x1/0x2",
            "[ 1.0] Code: 0f",
        ] {
            assert!(noise(line), "{line}");
        }
        for line in [
            "[    1.0] RIP: 0010:f",
            "[    1.0] CPU: 1",
            "[    1.0] BUG: x",
            "[  1.0]  f+0x1/0x2",
        ] {
            assert!(!noise(line), "{line}");
        }
    }
}
