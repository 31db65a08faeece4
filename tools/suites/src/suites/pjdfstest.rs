// SPDX-License-Identifier: GPL-2.0-only
//! pjdfstest: the rules of POSIX for the calls that work on names.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::bench::{Bench, Ended};
use crate::report::{Outcome, Test};

pub const SUITE: Suite = Suite {
    name: "pjdfstest",
    about: "pjdfstest, in a merged directory that is not empty, with remounting",
    prepare,
    run,
    left_out: &[
        ("chflags", "is a call of other systems"),
        ("NFSv4 ACLs", "are not what Linux has"),
    ],
};

const CONFIG: &str = r#"
[features]
posix_fallocate = {}
rename_ctime = {}
stat_st_birthtime = {}
utime_now = {}
utimensat = {}
[settings]
# Longer than the clock of a file's times ticks.
naptime = NAP
allow_remount = REMOUNT
[dummy_auth]
entries = [["nobody", "nogroup"], ["tests", "tests"]]
"#;

fn prepare(bench: &Bench) -> Result<()> {
    for index in 0..20 {
        fs::create_dir(bench.dir.join(format!("dir{index}")))?;
        fs::write(bench.dir.join(format!("file{index}")), "below")?;
    }
    Ok(())
}

fn run(bench: &Bench) -> Result<Vec<Test>> {
    let mut tests: Vec<Test> = Vec::new();
    // It keeps some descriptors open, which makes a remount fail: tests that remount are a run of their own.
    for remount in [false, true] {
        let patterns: &[&str] = if remount { &["erofs"] } else { &[] };
        let ended = pjdfstest(bench, remount, "0.02", patterns)?;
        let mut found = parse(&ended.stdout);
        if !remount {
            found.retain(|test| !test.name.contains("::erofs_"));
        }
        tests.extend(found);
        let how = if remount { "remounting" } else { "run" };
        tests.push(Test::unless(how, incomplete(&ended)));
    }
    // On a busy machine the clock may stand still for longer than it sleeps.
    for test in &mut tests {
        if test.outcome == Outcome::Failed && test.why.contains("did not change as expected") {
            let pattern = format!("pjdfstest::tests::{}", test.name);
            let ended = pjdfstest(bench, false, "0.5", &["--exact", &pattern])?;
            if let [again] = parse(&ended.stdout).as_slice() {
                *test = again.clone();
            }
        }
    }
    Ok(tests)
}

fn pjdfstest(bench: &Bench, remount: bool, nap: &str, patterns: &[&str]) -> Result<Ended> {
    let config = bench.other.join("pjdfstest.toml");
    let text = CONFIG.replace("REMOUNT", &remount.to_string());
    fs::write(&config, text.replace("NAP", nap))?;
    let mut command = Command::new("pjdfstest");
    command.arg("--configuration-file").arg(config);
    command.arg("--path").arg(&bench.dir);
    command.arg("--secondary-fs").arg(&bench.other);
    command.args(patterns);
    bench.run(command, 300)
}

/// It returns 1 when tests fail, with a summary in either case.
fn incomplete(ended: &Ended) -> Option<String> {
    let complete = ended.stdout.contains(" total") && matches!(ended.status, Some(0 | 1));
    (!complete).then(|| ended.story())
}

/// Lines "NAME   ok|FAILED|skipped", followed by indented reasons.
fn parse(text: &str) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    for line in text.lines() {
        if let Some(reason) = line.strip_prefix('\t') {
            if let Some(test) = tests.last_mut() {
                test.why += reason;
                test.why.push('\n');
            }
            continue;
        }
        let mut words = line.split_whitespace();
        if let (Some(name), Some(word), None) = (words.next(), words.next(), words.next())
            && name.contains("::")
        {
            let outcome = match word {
                "ok" => Outcome::Passed,
                "skipped" => Outcome::Skipped,
                _ => Outcome::Failed,
            };
            tests.push(Test::new(name, outcome, ""));
        }
    }
    tests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_lines_are_understood() {
        let text = "chmod::a     ok\nlink::b    skipped\n\tno limit\nopen::c   FAILED\n\tassertion `x == y` failed\n\nSummary: 1 failed, 3 total\n";
        let tests = parse(text);
        assert_eq!(tests.len(), 3);
        assert_eq!(tests[0], Test::new("chmod::a", Outcome::Passed, ""));
        assert_eq!(
            tests[1],
            Test::new("link::b", Outcome::Skipped, "no limit\n")
        );
        assert_eq!(tests[2].outcome, Outcome::Failed);
    }
}
