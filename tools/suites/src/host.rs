// SPDX-License-Identifier: GPL-2.0-only
//! On the host: a machine for each type of upper layer, the table, the machine-readable results.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use clap::Args;
use serde::Serialize;
use union_machine::events::{self, Options};
use union_machine::paths::Places;
use union_machine::run;
use union_machine::signals;

use crate::compare::Verdict;
use crate::report::{Event, Side, Test};
use crate::suites::{self, Suite};

/// Types of file system the upper layer is on.
const UPPERS: &[&str] = &["tmpfs", "ext4", "xfs"];

/// What to run.
#[derive(Args)]
pub struct Request {
    /// Only these suites.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', env = "SUITE")]
    suite: Vec<String>,
    /// Only these types of the upper layer: tmpfs, ext4, xfs, btrfs.
    #[arg(long, value_name = "TYPES", value_delimiter = ',', env = "UPPER")]
    upper: Vec<String>,
    /// Type of the union; overlay to compare.
    #[arg(long, value_name = "TYPE", env = "FSTYPE", default_value = "union")]
    fstype: String,
    #[command(flatten)]
    options: Options,
}

/// One suite on one type of upper layer.
#[derive(Serialize)]
struct Row {
    suite: String,
    upper: String,
    fstype: String,
    plain_seconds: f64,
    union_seconds: f64,
    #[serde(flatten)]
    verdict: Verdict,
}

/// Runs them; returns whether all succeeded.
pub fn run(request: &Request) -> Result<bool> {
    signals::install()?;
    let places = Places::find()?;
    let chosen = suites::chosen(&request.suite)?;
    let uppers: Vec<&str> = match request.upper.as_slice() {
        [] => UPPERS.to_vec(),
        uppers => uppers.iter().map(String::as_str).collect(),
    };
    for suite in &chosen {
        for (name, why) in suite.left_out {
            println!("{} runs without {name}: {why}", suite.name);
        }
    }
    println!(
        "\n{:7} {:18} {:>7} {:>7} {:>7} {:>7} {:>7}  {:>6} {:>6}",
        "", "suite/upper", "passed", "skipped", "failed", "known", "WRONG", "plain", "union"
    );
    println!("{:51} alike", "");
    let mut rows = Vec::new();
    for upper in uppers {
        // If a suite ends the machine, the others still run.
        let mut left = chosen.as_slice();
        while !left.is_empty() {
            let before = rows.len();
            machine(&places, request, upper, left, &mut rows)?;
            left = &left[rows.len() - before..];
        }
    }
    request.options.write_json(&rows)?;
    let passed: usize = rows
        .iter()
        .map(|row| row.verdict.passed + row.verdict.failed_alike.len() + row.verdict.known.len())
        .sum();
    let failed: usize = rows.iter().map(|row| row.verdict.wrong.len()).sum();
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0 && passed > 0)
}

/// Runs one machine until its suites are complete or it has ended; adds a row for each suite that began.
fn machine(
    places: &Places,
    request: &Request,
    upper: &str,
    suites: &[&Suite],
    rows: &mut Vec<Row>,
) -> Result<()> {
    let mut running = Running::default();
    let mut ended = false;
    let first = rows.len();
    let mut close = |running: Running| {
        let row = running.row(upper, &request.fstype);
        show(&row, request);
        rows.push(row);
    };
    let (machine, command) = machine_and_command(request, upper, suites);
    let outcome = events::watch(places, &machine, &command, |event| {
        match event {
            Event::Begins { suite, side } => {
                running.suite = Some(suite);
                running.side = Some(side);
            }
            Event::Results {
                side,
                tests,
                seconds,
                ..
            } => match side {
                Side::Plain => running.plain = Some((tests, seconds)),
                Side::Union => running.union = Some((tests, seconds)),
            },
            Event::Layers { tests, .. } => {
                running.layers = Some(tests);
                close(std::mem::take(&mut running));
            }
            Event::End => ended = true,
        }
        Ok(())
    });
    if ended {
        return Ok(());
    }
    if running.suite.is_none() {
        // The failure is in the preparation of the next suite, or before all suites.
        let next = suites.get(rows.len() - first).map(|s| s.name.to_owned());
        running.suite = next.filter(|_| rows.len() > first);
    }
    let why = match outcome {
        Ok(()) => anyhow!("the machine ended before its report was complete"),
        Err(why) => why,
    };
    if running.suite.is_none() {
        return Err(why.context("the machine did not get as far as the first suite"));
    }
    eprintln!("{why:#}");
    let row = running.row(upper, &request.fstype);
    show(&row, request);
    rows.push(row);
    Ok(())
}

fn machine_and_command(
    request: &Request,
    upper: &str,
    suites: &[&Suite],
) -> (run::Request, String) {
    let machine = run::Request {
        fstype: request.fstype.clone(),
        memory: "3G".into(),
        scratch: match upper {
            "tmpfs" => Vec::new(),
            _ => vec![upper.to_owned()],
        },
        ..request.options.request("suites", "suites")
    };
    let names: Vec<_> = suites.iter().map(|suite| suite.name).collect();
    let command = format!(
        "exec ./union-suites guest --upper {upper} --fstype {} --logs log/{upper} {}",
        request.fstype,
        names.join(" ")
    );
    (machine, command)
}

/// The state of the suite that runs.
#[derive(Default)]
struct Running {
    suite: Option<String>,
    side: Option<Side>,
    plain: Option<(Vec<Test>, f64)>,
    union: Option<(Vec<Test>, f64)>,
    layers: Option<Vec<Test>>,
}

impl Running {
    fn row(self, upper: &str, fstype: &str) -> Row {
        let suite = self.suite.unwrap_or_default();
        let mut verdict = match (&self.plain, &self.union) {
            (Some((plain, _)), Some((union, _))) => Verdict::of(&suite, plain, union),
            _ => Verdict::default(),
        };
        match &self.layers {
            Some(tests) => verdict.add(tests),
            None => verdict.fail(
                "machine",
                &match self.side {
                    Some(side) => format!("ended while or after this ran on the {side:?} side"),
                    None => "ended before this ran".to_owned(),
                },
            ),
        }
        let seconds = |side: &Option<(Vec<Test>, f64)>| side.as_ref().map_or(0.0, |(_, s)| *s);
        Row {
            plain_seconds: seconds(&self.plain),
            union_seconds: seconds(&self.union),
            upper: upper.to_owned(),
            fstype: fstype.to_owned(),
            suite,
            verdict,
        }
    }
}

fn show(row: &Row, request: &Request) {
    let verdict = &row.verdict;
    println!(
        "{:7} {:18} {:7} {:7} {:7} {:7} {:7}  {:4.0} s {:4.0} s",
        if verdict.wrong.is_empty() {
            "ok"
        } else {
            "FAILED"
        },
        format!("{}/{}", row.suite, row.upper),
        verdict.passed,
        verdict.skipped,
        verdict.failed_alike.len(),
        verdict.known.len(),
        verdict.wrong.len(),
        row.plain_seconds,
        row.union_seconds,
    );
    if request.options.common.verbose {
        for name in &verdict.failed_alike {
            println!("        fails alike: {name}");
        }
    }
    let mut reasons = BTreeMap::<&str, Vec<&str>>::new();
    for (name, reason) in &verdict.known {
        reasons.entry(reason).or_default().push(name);
    }
    for (reason, names) in reasons {
        let more = match names.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        println!("        known: {}{more}: {reason}", names[0]);
    }
    for (name, story) in &verdict.wrong {
        println!("        WRONG: {name}");
        for line in story.lines() {
            println!("               {line}");
        }
    }
    if !verdict.wrong.is_empty() {
        let log = request.options.share.join("log").join(&row.upper);
        println!("        logs: {}/{}-*.log", log.display(), row.suite);
        println!(
            "        again: make test-suites SUITE={} UPPER={}",
            row.suite, row.upper
        );
    }
}
