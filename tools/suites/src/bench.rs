// SPDX-License-Identifier: GPL-2.0-only
//! Programs with a time limit, whose output is kept.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use union_support::process;

/// Where one suite runs.
pub struct Bench {
    /// The directory under test.
    pub dir: PathBuf,
    /// A directory on another file system.
    pub other: PathBuf,
    /// Where the output of the programs is kept.
    pub log: PathBuf,
}

/// What a program did.
pub struct Ended {
    /// Its exit status; none when it was killed, by a signal or at its time limit.
    pub status: Option<i32>,
    /// How it ended, for people; empty when it ended well.
    pub how: String,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Whether it ended well.
    pub fn well(&self) -> bool {
        self.status == Some(0)
    }

    /// How it ended, with the last lines it printed.
    pub fn story(&self) -> String {
        let mut lines: Vec<_> = self.stderr.lines().rev().take(12).collect();
        if lines.is_empty() {
            lines = self.stdout.lines().rev().take(12).collect();
        }
        lines.push(&self.how);
        lines.reverse();
        lines.join("\n")
    }
}

impl Bench {
    /// Runs a line for the shell in the directory under test.
    pub fn shell(&self, line: &str, limit: u64) -> Result<Ended> {
        let mut command = Command::new("/bin/sh");
        command.args(["-euc", line]);
        self.run(command, limit)
    }

    /// Runs a program in the directory under test, for so many seconds at most.
    pub fn run(&self, mut command: Command, limit: u64) -> Result<Ended> {
        let (out, err) = ("/tmp/stdout", "/tmp/stderr");
        let shown = format!("{command:?}");
        let started = Instant::now();
        command
            .current_dir(&self.dir)
            .env("TMPDIR", &self.dir)
            .env("TEST_DIR", &self.dir)
            .env("OTHER_DIR", &self.other)
            .stdin(Stdio::null())
            .stdout(File::create(out)?)
            .stderr(File::create(err)?);
        let status = process::limited(&mut command, Duration::from_secs(limit))
            .with_context(|| format!("running {shown}"))?;
        let how = match status {
            None => format!("killed after {limit} s"),
            Some(status) => match (status.code(), status.signal()) {
                (Some(0), _) => String::new(),
                (Some(code), _) => format!("exit status {code}"),
                (None, signal) => format!("killed by signal {}", signal.unwrap_or(0)),
            },
        };
        let text = |path| Ok::<_, anyhow::Error>(String::from_utf8_lossy(&fs::read(path)?).into());
        let ended = Ended {
            status: status.and_then(|status| status.code()),
            how,
            stdout: text(out)?,
            stderr: text(err)?,
        };
        self.keep(&format!(
            "$ {shown}\n{}{}[{:.1} s] {}\n",
            ended.stdout,
            ended.stderr,
            started.elapsed().as_secs_f64(),
            ended.how
        ))?;
        Ok(ended)
    }

    fn keep(&self, text: &str) -> Result<()> {
        File::options()
            .append(true)
            .create(true)
            .open(&self.log)
            .and_then(|mut log| log.write_all(text.as_bytes()))
            .with_context(|| format!("writing {}", self.log.display()))
    }
}
