// SPDX-License-Identifier: GPL-2.0-only
//! Those of Python's own tests that work on files.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::bench::Bench;
use crate::report::{Outcome, Test};

pub const SUITE: Suite = Suite {
    name: "python",
    about: "Python's tests of os, shutil, pathlib, tempfile, mmap, sqlite3 and others",
    prepare: |_| Ok(()),
    run,
    left_out: LEFT_OUT,
};

/// Classes of tests.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "TimerfdTests",
        "is about timers, on a machine that has time",
    ),
    ("PosixPathTest", "is PathTest under another name"),
    ("PathSubclassTest", "is PathTest once more"),
    ("DummyPathTest", "touches no file"),
    ("DummyPathWithSymlinksTest", "touches no file"),
    ("DummyPurePathTest", "touches no file"),
    ("PurePathTest", "touches no file"),
    ("PurePathSubclassTest", "touches no file"),
    ("PurePosixPathTest", "touches no file"),
];

const MODULES: &[&str] = &[
    "test_dbm_dumb",
    "test_fcntl",
    "test_file",
    "test_filecmp",
    "test_fileio",
    "test_fileinput",
    "test_glob",
    "test_mailbox",
    "test_mmap",
    "test_os",
    "test_pathlib",
    "test_posix",
    "test_posixpath",
    "test_shelve",
    "test_shutil",
    "test_sqlite3",
    "test_stat",
    "test_tarfile",
    "test_tempfile",
    "test_zipfile",
];

fn run(bench: &Bench) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    // One of them needs a file system with used blocks, which an empty tmpfs does not have.
    fs::write(bench.dir.join("filler"), "something")?;
    for module in MODULES {
        let report = bench.other.join("junit.xml");
        let _ = fs::remove_file(&report);
        let mut command = Command::new("python3");
        command.args(["-m", "test", "--randseed", "1"]);
        for (pattern, _) in LEFT_OUT {
            command.args(["--ignore", pattern]);
        }
        command.arg("--tempdir");
        command.arg(&bench.dir).arg("--junit-xml").arg(&report);
        command.arg(module);
        let ended = bench.run(command, 600)?;
        let text = fs::read_to_string(&report).unwrap_or_default();
        tests.extend(parse(&text));
        let outcome = match ended.well() {
            true => Outcome::Passed,
            false => Outcome::Failed,
        };
        tests.push(Test::new(*module, outcome, ended.story()));
    }
    Ok(tests)
}

/// The cases of a report: an element each, with the failure inside.
fn parse(xml: &str) -> Vec<Test> {
    let mut tests = Vec::new();
    for case in xml.split("<testcase ").skip(1) {
        let attribute = |name: &str| {
            let (_, rest) = case.split_once(&format!("{name}=\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let Some(name) = attribute("name") else {
            continue;
        };
        let outcome = if case.contains("<failure") || case.contains("<error") {
            Outcome::Failed
        } else if case.contains("<skipped") || attribute("status").as_deref() == Some("skipped") {
            Outcome::Skipped
        } else {
            Outcome::Passed
        };
        let why = match outcome {
            Outcome::Passed => String::new(),
            _ => case.split_once('>').map_or(case, |(_, rest)| rest).into(),
        };
        tests.push(Test::new(name, outcome, why));
    }
    tests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_report_is_understood() {
        let xml = r#"<testsuite><testcase name="test.a" status="run" result="completed" time="0.1"/>
            <testcase name="test.b" status="run" result="completed"><failure type="x">no</failure></testcase>
            <testcase name="test.c" status="run"><skipped>as root</skipped></testcase></testsuite>"#;
        let outcomes: Vec<_> = parse(xml)
            .into_iter()
            .map(|test| (test.name, test.outcome))
            .collect();
        assert_eq!(
            outcomes,
            [
                ("test.a".to_owned(), Outcome::Passed),
                ("test.b".to_owned(), Outcome::Failed),
                ("test.c".to_owned(), Outcome::Skipped)
            ]
        );
    }
}
