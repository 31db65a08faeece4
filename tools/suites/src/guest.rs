// SPDX-License-Identifier: GPL-2.0-only
//! Inside the machine: every suite on the plain side, then on the union.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use rustix::fs::Mode;
use union_machine::events::send;
use union_support::mount::tmpfs;

use crate::bench::Bench;
use crate::layers::{DIR, Ground};
use crate::report::{Event, Side, Test};
use crate::suites::Suite;

/// Runs the suites and reports.
pub fn run(upper: &str, fstype: &str, logs: &Path, suites: &[&Suite]) -> Result<()> {
    // Programs check the modes of files they make.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    fs::create_dir_all(logs)?;
    let other = Path::new("/other");
    tmpfs(other, "mode=1777")?;
    let ground = Ground::new(upper)?;
    for suite in suites {
        let bench = |dir: &Path, side: &str| Bench {
            dir: dir.to_owned(),
            other: other.to_owned(),
            log: logs.join(format!("{}-{side}.log", suite.name)),
        };
        ground.plain()?;
        let plain = bench(Path::new(DIR), "plain");
        (suite.prepare)(&plain).with_context(|| format!("preparing {}", suite.name))?;
        side(suite, Side::Plain, &plain)?;
        ground.plain_ends()?;

        let lower = bench(ground.layers()?, "union");
        (suite.prepare)(&lower).with_context(|| format!("preparing {}", suite.name))?;
        let before = ground.lower_tree()?;
        ground.union(fstype)?;
        let _ = messages();
        side(suite, Side::Union, &bench(Path::new(DIR), "union"))?;
        let mut tests = ground.union_ends(fstype, &before)?;
        tests.push(Test::unless("kernel log has no error", messages()));
        send(&Event::Layers {
            suite: suite.name.into(),
            tests,
        })?;
    }
    send(&Event::End)
}

fn side(suite: &Suite, side: Side, bench: &Bench) -> Result<()> {
    let name = suite.name.to_owned();
    send(&Event::Begins {
        suite: name.clone(),
        side,
    })?;
    for entry in fs::read_dir(&bench.other)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    let started = Instant::now();
    let tests = (suite.run)(bench).with_context(|| format!("running {name}"))?;
    send(&Event::Results {
        suite: name,
        side,
        tests,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Takes the errors of the module out of the kernel log.
fn messages() -> Option<String> {
    let output = Command::new("dmesg")
        .args(["--read-clear", "--level=emerg,alert,crit,err", "--notime"])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<_> = text.lines().filter(|l| l.contains("union")).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
