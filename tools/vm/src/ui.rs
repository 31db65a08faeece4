// SPDX-License-Identifier: GPL-2.0-only
//! How a test run looks to who watches it.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::verdict::{Case, Status};

/// Shows progress on standard error and results on standard output.
pub struct Ui {
    verbose: bool,
    terminal: bool,
    start: Instant,
    last: Instant,
    shown: bool,
}

impl Ui {
    /// A display; with `verbose` it shows every case and the console too.
    pub fn new(verbose: bool) -> Self {
        Self {
            verbose,
            terminal: std::io::stderr().is_terminal(),
            start: Instant::now(),
            last: Instant::now(),
            shown: false,
        }
    }

    /// A remark on what is being done.
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
    pub fn started(&mut self, name: &str, done: usize, planned: Option<usize>) {
        let planned = planned.map_or("?".into(), |planned| planned.to_string());
        let text = format!(
            "[{:4}s] {done}/{planned} {name}",
            self.start.elapsed().as_secs()
        );
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
        match case.status {
            Status::Failed | Status::Crashed => {
                self.clear();
                println!("FAILED  {}", case.name);
                for line in &case.lines {
                    println!("        {line}");
                }
                println!("        rerun: union-vm test --filter '^{}$'", case.name);
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

    /// The end: skipped cases by reason, failures by name, and the counts as the last line.
    pub fn summary(&mut self, cases: &[Case]) {
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
            println!("skipped {}: {why}", names.join(" "));
        }
        let count =
            |test: fn(Status) -> bool| cases.iter().filter(|case| test(case.status)).count();
        let failed = count(|status| matches!(status, Status::Failed | Status::Crashed));
        if failed > 0 {
            println!("failures:");
            for case in cases {
                if matches!(case.status, Status::Failed | Status::Crashed) {
                    println!("  {}", case.name);
                }
            }
        }
        println!(
            "{} passed, {failed} failed",
            count(|status| status == Status::Passed)
        );
    }

    fn clear(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
            self.shown = false;
        }
    }
}
