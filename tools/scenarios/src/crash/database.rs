// SPDX-License-Identifier: GPL-2.0-only
//! A database of SQLite in a lower layer, under random transactions. The program `union-database` carries them out, and
//! says what the database holds after each of them.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::history::History;
use super::judge::Cut;
use super::op::Op;
use super::start;

/// The program, which `scripts/build-database` makes, and the library it needs.
pub const PROGRAMS: &[&str] = &["out/bin/union-database"];

const PROGRAM: &str = "/usr/bin/union-database";

/// The file in its layer.
pub const NAME: &str = "database";

/// How many transactions there are.
const TRANSACTIONS: usize = 24;

/// The transactions as operations.
pub fn workload() -> History {
    let mut history = History::new(start::tree(start::EMPTY));
    for _ in 0..TRANSACTIONS {
        history.push(Op::Transact);
    }
    history
}

/// How the database keeps its transactions whole; each is on the disk when it has ended.
fn mode(seed: u64) -> &'static str {
    const MODES: [&str; 4] = ["DELETE", "WAL", "PERSIST", "TRUNCATE"];
    // Neighbouring seeds differ in how the upper layer is mounted.
    MODES[(seed / 4 + seed) as usize % MODES.len()]
}

/// Makes the database.
pub fn make(path: &Path) -> Result<(), String> {
    run("make", path).map(drop)
}

/// Checks the database; returns how many transactions it has, and what stands for its contents.
pub fn check(path: &Path) -> Result<(usize, String), String> {
    let text = run("check", path)?;
    let (count, sum) = text.trim().split_once(' ').ok_or(text.clone())?;
    let count = count.parse().map_err(|_| text.clone())?;
    Ok((count, sum.to_owned()))
}

fn run(what: &str, path: &Path) -> Result<String, String> {
    let output = Command::new(PROGRAM).arg(what).arg(path).output();
    let output = output.map_err(|error| format!("running {PROGRAM}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(format!(
            "{what} of the database: {}: {}{}",
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        )),
    }
}

/// Whether the database is as after one of the transactions that a cut allows.
pub fn judge(sums: &[String], cut: Cut, found: &(usize, String)) -> Result<usize, String> {
    let (count, sum) = found;
    if !(cut.done..=cut.begun).contains(count) {
        return Err(format!(
            "the database has {count} transactions; {} had ended, {} had begun",
            cut.done, cut.begun
        ));
    }
    match sums.get(*count) {
        Some(expected) if expected == sum => Ok(*count),
        expected => Err(format!(
            "after {count} transactions the database holds {sum}; it was {expected:?}"
        )),
    }
}

/// The program at work.
pub struct Worker {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Opens the database.
    pub fn start(path: &Path, seed: u64) -> Result<Self, String> {
        let mut child = Command::new(PROGRAM)
            .arg("work")
            .arg(path)
            .args([mode(seed), &seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("running {PROGRAM}: {error}"))?;
        let answers = child.stdout.take().ok_or("no output")?;
        Ok(Self {
            orders: child.stdin.take(),
            answers: BufReader::new(answers),
            child,
        })
    }

    /// Carries out one transaction; returns what stands for the contents afterwards.
    pub fn transact(&mut self) -> Result<String, String> {
        let orders = self.orders.as_mut().ok_or("no input")?;
        orders.write_all(b"\n").map_err(|error| error.to_string())?;
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        match read {
            Ok(count) if count > 0 => Ok(line.trim().to_owned()),
            other => Err(format!("{PROGRAM} does not answer: {other:?}")),
        }
    }

    /// Closes the database.
    pub fn end(mut self) -> Result<(), String> {
        drop(self.orders.take());
        let status = self.child.wait().map_err(|error| error.to_string())?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("{PROGRAM}: {status}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_that_had_ended_is_there() {
        let sums = ["a", "b", "c"].map(str::to_owned);
        let cut = Cut { done: 1, begun: 2 };
        for (count, sum, right) in [
            (1, "b", true),
            (2, "c", true),
            (2, "b", false),
            (0, "a", false),
        ] {
            let found = (count, sum.to_owned());
            assert_eq!(judge(&sums, cut, &found).is_ok(), right, "{found:?}");
        }
    }
}
