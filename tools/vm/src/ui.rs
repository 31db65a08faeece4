// SPDX-License-Identifier: GPL-2.0-only
//! The display of a test run.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::verdict::{Case, Status};

/// How many names are shown for cases that were skipped for the same reason.
const NAMES_SHOWN: usize = 12;

/// Shows progress on standard error and results on standard output.
pub struct Ui {
    /// The command that runs cases of this kind.
    command: String,
    verbose: bool,
    terminal: bool,
    start: Instant,
    last: Instant,
    shown: bool,
    done: usize,
    planned: usize,
}

impl Ui {
    /// A display for so many cases of a command; with `verbose` it shows every case and the console too.
    pub fn new(command: String, verbose: bool, planned: usize) -> Self {
        Self {
            command,
            verbose,
            terminal: std::io::stderr().is_terminal(),
            start: Instant::now(),
            last: Instant::now(),
            shown: false,
            done: 0,
            planned,
        }
    }

    /// A remark on the progress.
    pub fn say(&mut self, text: &str) {
        self.clear();
        eprintln!("[{:4}s] {text}", self.start.elapsed().as_secs());
    }

    /// A line of the console.
    pub fn console(&mut self, line: &str) {
        if self.verbose {
            self.clear();
            eprintln!("  | {line}");
        }
    }

    /// A case has begun.
    pub fn started(&mut self, name: &str) {
        let seconds = self.start.elapsed().as_secs();
        let text = format!("[{seconds:4}s] {}/{} {name}", self.done, self.planned);
        if self.terminal {
            eprint!("\r\x1b[K{text}");
            let _ = std::io::stderr().flush();
            self.shown = true;
        } else if self.last.elapsed() > Duration::from_secs(15) {
            eprintln!("{text}");
            self.last = Instant::now();
        }
    }

    /// A case has ended.
    pub fn case(&mut self, case: &Case) {
        self.done += 1;
        match case.status {
            Status::Failed | Status::Crashed => {
                self.clear();
                println!("FAILED  {}", case.name);
                for line in &case.lines {
                    println!("        {line}");
                }
                println!(
                    "        rerun: union-vm {} --filter '^{}$'",
                    self.command, case.name
                );
            }
            _ if self.verbose => {
                self.clear();
                let word = if case.status == Status::Passed {
                    "passed"
                } else {
                    "skipped"
                };
                println!(
                    "{word:7} {} {}ms {}",
                    case.name,
                    case.millis,
                    case.lines.join("; ")
                );
            }
            _ => {}
        }
    }

    /// The end: skipped cases by reason, failures by name, and the counts as the last line; returns how many passed,
    /// failed and were skipped.
    pub fn summary(mut self, cases: &[Case]) -> (usize, usize, usize) {
        self.clear();
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for case in cases.iter().filter(|case| case.status == Status::Skipped) {
            let why = case.lines.first().map_or("", String::as_str);
            match reasons.iter_mut().find(|(reason, _)| *reason == why) {
                Some((_, names)) => names.push(&case.name),
                None => reasons.push((why, vec![&case.name])),
            }
        }
        for (why, names) in reasons {
            // A few names are enough for a common reason.
            let more = names.len().saturating_sub(NAMES_SHOWN);
            let shown = names[..names.len() - more].join(" ");
            match more {
                0 => println!("skipped {shown}: {why}"),
                more => println!("skipped {shown} and {more} more: {why}"),
            }
        }
        let is_failed = |case: &&Case| matches!(case.status, Status::Failed | Status::Crashed);
        let failed = cases.iter().filter(is_failed).count();
        if failed > 0 {
            println!("failures:");
            for case in cases.iter().filter(is_failed) {
                println!("  {}", case.name);
            }
        }
        let count = |status| cases.iter().filter(|case| case.status == status).count();
        let (passed, skipped) = (count(Status::Passed), count(Status::Skipped));
        println!("{passed} passed, {failed} failed");
        (passed, failed, skipped)
    }

    fn clear(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
            self.shown = false;
        }
    }
}
