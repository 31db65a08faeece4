// SPDX-License-Identifier: GPL-2.0-only
//! fio with checksums in every block, on files that lie in the lower layer at first.

use std::process::Command;

use anyhow::{Result, bail};

use super::Suite;
use crate::bench::Bench;
use crate::report::{Outcome, Test};

pub const SUITE: Suite = Suite {
    name: "fio",
    about: "fio with verify: engines, buffered and direct, on files of the lower layer",
    prepare,
    run,
    left_out: &[],
};

/// How data is transferred: the name, which is that of the file, the engine, and more arguments.
const WAYS: &[(&str, &str, &[&str])] = &[
    ("sync", "sync", &[]),
    ("psync-direct", "psync", &["--direct=1"]),
    ("pvsync2-fsync", "pvsync2", &["--fsync=16"]),
    ("mmap", "mmap", &[]),
    ("libaio", "libaio", &["--iodepth=8"]),
    ("libaio-direct", "libaio", &["--iodepth=8", "--direct=1"]),
    ("io_uring", "io_uring", &["--iodepth=8"]),
    (
        "io_uring-direct",
        "io_uring",
        &["--iodepth=8", "--direct=1"],
    ),
    ("posixaio", "posixaio", &["--iodepth=4"]),
    ("splice", "splice", &[]),
];

/// The runs on each file, in this order.
const PASSES: &[(&str, &[&str])] = &[
    ("reads what lies below", &["--rw=read"]),
    ("writes half of it", &["--rw=randwrite", "--io_size=1m"]),
    ("reads old and new", &["--rw=randread"]),
    ("reads and writes", &["--rw=randrw"]),
    ("writes it anew", &["--rw=write"]),
    ("reads it in the end", &["--rw=read"]),
];

/// Common arguments: a header with a checksum and its position in every block.
fn fio() -> Command {
    let mut command = Command::new("fio");
    command.args(["--size=2m", "--bs=4k", "--thread", "--stonewall"]);
    command.args(["--verify=crc32c", "--verify_fatal=1", "--randrepeat=1"]);
    command.args(["--minimal", "--fallocate=none"]);
    command
}

fn prepare(bench: &Bench) -> Result<()> {
    let mut command = fio();
    command.args(["--rw=write", "--do_verify=0"]);
    for (name, ..) in WAYS {
        command.arg(format!("--name={name}"));
        command.arg(format!("--filename={name}"));
    }
    let ended = bench.run(command, 120)?;
    if !ended.well() {
        bail!("laying out the files: {}", ended.story());
    }
    Ok(())
}

fn run(bench: &Bench) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for (way, engine, more) in WAYS {
        let mut command = fio();
        command.arg(format!("--filename={way}"));
        command.arg(format!("--ioengine={engine}"));
        command.args(*more);
        for (what, how) in PASSES {
            command.arg(format!("--name={what}")).args(*how);
        }
        let ended = bench.run(command, 120)?;
        for (what, _) in PASSES {
            let name = format!("{way} {what}");
            tests.push(match error(&ended.stdout, what) {
                Some(0) => Test::new(name, Outcome::Passed, ""),
                _ => Test::new(name, Outcome::Failed, ended.story()),
            });
        }
        let wrong = (!ended.well()).then(|| ended.story());
        tests.push(Test::unless(way, wrong));
    }
    Ok(tests)
}

/// The error number of a job, from the line "3;VERSION;JOB;GROUP;ERROR;...".
fn error(text: &str, job: &str) -> Option<u32> {
    text.lines()
        .map(|line| line.split(';').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&job))
        .and_then(|fields| fields.get(4)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_lines_are_understood() {
        let text = "a warning\n3;fio-3.39;reads it;0;0;4096\n3;fio-3.39;writes it;1;84;0\n";
        assert_eq!(error(text, "reads it"), Some(0));
        assert_eq!(error(text, "writes it"), Some(84));
        assert_eq!(error(text, "is not there"), None);
    }
}
