// SPDX-License-Identifier: GPL-2.0-only
//! Programs that run on both sides: on the host they start machines, in a machine they do the work
//! and report it as JSON, one event per line.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::options::Common;
use crate::paths::Places;
use crate::run::{self, Request};

/// Options of the part on the host.
#[derive(Args)]
pub struct Options {
    /// Write the results to a file, for programs.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A directory that machines see, with this program in it.
    #[arg(long, value_name = "DIR")]
    pub share: PathBuf,
    #[command(flatten)]
    pub common: Common,
}

impl Options {
    /// A machine on this image, with a log of its own.
    pub fn request(&self, image: &str, log: &str) -> Request {
        Request {
            kernel: self.common.kernel.clone(),
            image: image.into(),
            share: Some(self.share.clone()),
            timeout: self.common.limit(run::TIMEOUT),
            verbose: self.common.verbose,
            log: log.into(),
            ..Request::default()
        }
    }

    /// Writes the results for programs, if they are wanted.
    pub fn write_json(&self, results: &impl Serialize) -> Result<()> {
        let Some(path) = &self.json else {
            return Ok(());
        };
        fs::write(path, serde_json::to_string_pretty(results)?)
            .with_context(|| format!("writing {}", path.display()))
    }
}

/// Runs a command that reports events and must succeed; other lines are shown.
pub fn watch<E: DeserializeOwned>(
    places: &Places,
    request: &Request,
    command: &str,
    mut take: impl FnMut(E) -> Result<()>,
) -> Result<()> {
    let mut lines = Lines::default();
    let status = run::run(places, request, command, |data| {
        for line in lines.add(data) {
            match serde_json::from_str(&line) {
                Ok(event) => take(event)?,
                Err(_) => eprintln!("  | {line}"),
            }
        }
        Ok(())
    })?;
    ensure!(status == 0, "the program ended with status {status}");
    Ok(())
}

/// Bytes to be split into lines.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    /// Returns the lines that are complete now.
    fn add(&mut self, data: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(data);
        let end = self.0.iter().rposition(|byte| *byte == b'\n');
        let complete: Vec<u8> = self.0.drain(..end.map_or(0, |at| at + 1)).collect();
        let text = String::from_utf8_lossy(&complete);
        text.lines().map(str::to_owned).collect()
    }
}

/// Reports an event to the host.
pub fn send(event: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_string(event)?;
    line.push('\n');
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())
        .and_then(|()| out.flush())
        .context("reporting to the host")
}

/// The exit status: success, bad results, or an error, which is printed.
pub fn exit(name: &str, result: Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::from(125)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_may_come_in_pieces() {
        let mut lines = Lines::default();
        assert!(lines.add(b"one").is_empty());
        assert_eq!(lines.add(b" line\nand\nhalf"), ["one line", "and"]);
        assert_eq!(lines.add(b"\n"), ["half"]);
    }
}
