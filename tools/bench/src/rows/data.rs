// SPDX-License-Identifier: GPL-2.0-only
//! Reading and writing the contents of files, with fio.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Changes, Row, tree};
use crate::stage::{Stage, Took};

pub const PREAD_4K: Row = Row {
    name: "pread_4k",
    about: "pread of 4 KiB of a file of a lower layer that is in memory (fio)",
    entries: 4,
    tree: tree::LARGE_FILE,
    ready: |stage| {
        fs::read(stage.path("file"))
            .map(drop)
            .context("reading the file")
    },
    time: |stage| buffered(stage, "read", "randread"),
    warm_up: true,
    ..Row::DEFAULT
};

pub const PWRITE_4K: Row = Row {
    name: "pwrite_4k",
    about: "pwrite of 4 KiB into a file of the upper layer that is in memory (fio)",
    tree: tree::EMPTY,
    ready: |stage| tree::large_file(stage.at, stage.entries),
    time: |stage| buffered(stage, "write", "randwrite"),
    changes: Changes::All,
    ..PREAD_4K
};

pub const DIRECT_WRITE_4JOB: Row = Row {
    name: "direct_write_4job",
    about: "four processes write 4 KiB each with O_DIRECT into one file of the upper layer (fio)",
    per: "write",
    entries: 16,
    time: |stage| direct_write(stage, stage.entries),
    ..PWRITE_4K
};

/// Four processes write with `O_DIRECT` into the first MiB of the file.
pub fn direct_write(stage: &Stage, mib: usize) -> Result<Took> {
    let found = fio(
        stage,
        mib,
        "write",
        &[
            "--rw=randwrite",
            "--direct=1",
            "--numjobs=4",
            "--group_reporting",
            "--time_based",
            "--runtime=200ms",
        ],
    )?;
    Ok(Took {
        ns: 1e6 * number(&found, "/runtime")?,
        operations: number(&found, "/total_ios")?,
    })
}

/// One process, through the page cache; fio itself times the calls.
fn buffered(stage: &Stage, side: &str, pattern: &str) -> Result<Took> {
    let found = fio(
        stage,
        stage.entries,
        side,
        &[&format!("--rw={pattern}"), "--loops=2"],
    )?;
    let calls = number(&found, "/total_ios")?;
    Ok(Took {
        ns: number(&found, "/clat_ns/mean")? * calls,
        operations: calls,
    })
}

/// Runs fio on the first MiB of the file; returns its results for one direction.
fn fio(stage: &Stage, mib: usize, side: &str, options: &[&str]) -> Result<Value> {
    let mut command = Command::new("fio");
    command.args([
        "--name=row",
        "--filename=file",
        "--bs=4k",
        "--ioengine=psync",
        "--invalidate=0",
        "--fallocate=none",
        "--overwrite=1",
        "--output-format=json",
    ]);
    command.arg(format!("--size={mib}m")).args(options);
    let text = stage.program(&mut command)?;
    let start = text.find('{').context("fio prints no JSON")?;
    let mut report: Value = serde_json::from_str(&text[start..]).context("what fio prints")?;
    let job = report
        .pointer_mut("/jobs/0")
        .context("the output of fio has no job")?;
    if job["error"] != 0 {
        bail!("fio ended with error {}", job["error"]);
    }
    Ok(job[side].take())
}

fn number(report: &Value, pointer: &str) -> Result<f64> {
    report
        .pointer(pointer)
        .and_then(Value::as_f64)
        .filter(|number| *number > 0.0)
        .with_context(|| format!("the output of fio has no {pointer}"))
}
