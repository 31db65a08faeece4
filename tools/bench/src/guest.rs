// SPDX-License-Identifier: GPL-2.0-only
//! Inside the machine: every point on every subject, in turn, and what is counted.

use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use crate::Mode;
use crate::counters::{self, Counting};
use crate::plan::Point;
use crate::report::{Counters, Event, send};
use crate::rows::{self, Row};
use crate::site::{self, Site};
use crate::stage::Ground;
use crate::subject::Subject;

/// What to measure.
#[derive(Args)]
pub struct Request {
    /// How time is measured.
    #[arg(long)]
    mode: Mode,
    /// How often each row runs on each subject.
    #[arg(long)]
    rounds: usize,
    /// The same where a row grows.
    #[arg(long)]
    grown_rounds: usize,
    /// Only these subjects.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    subjects: Vec<Subject>,
    /// Count, too.
    #[arg(long)]
    counters: bool,
    /// The points, as they are printed.
    #[arg(required = true)]
    points: Vec<String>,
}

/// Runs them and reports.
pub fn run(request: &Request) -> Result<()> {
    site::base()?;
    let timing = match request.mode {
        Mode::Icount => Site::memory()?,
        Mode::Wall => Site::disk()?,
    };
    let counting = if request.counters {
        let site = Site::counting()?;
        Some((Counting::new(&site)?, site))
    } else {
        None
    };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    send(&Event::Kernel {
        release: release.trim().to_owned(),
    })?;
    for name in &request.points {
        let point = Point::parse(name)?;
        let row = rows::named(&point.row)?;
        send(&Event::Begins {
            point: point.clone(),
        })?;
        let mut subjects = Subject::ALL.to_vec();
        let wanted = &request.subjects;
        subjects.retain(|subject| {
            row.left_out(*subject).is_none() && (wanted.is_empty() || wanted.contains(subject))
        });
        let rounds = match point.grown {
            None => request.rounds,
            Some(_) => request.grown_rounds,
        };
        time(row, &point, &timing, &mut subjects, rounds)?;
        if let (Some((counting, site)), None) = (&counting, point.grown) {
            count(row, &point, site, counting, &subjects)?;
        }
        send(&Event::Ends)?;
    }
    send(&Event::End)
}

/// One after the other, again and again, so that what changes with time changes for all.
fn time(
    row: &Row,
    point: &Point,
    site: &Site,
    subjects: &mut Vec<Subject>,
    rounds: usize,
) -> Result<()> {
    let mut ground = ground(row, point, site)?;
    for _ in 0..rounds {
        let mut failed = Vec::new();
        for subject in subjects.iter().copied() {
            match ground.run(subject, |time| time()) {
                Ok(took) => send(&Event::Sample {
                    subject,
                    ns: took.each(),
                })?,
                Err(error) => {
                    failed.push(subject);
                    fail(subject, &error)?;
                }
            }
        }
        subjects.retain(|subject| !failed.contains(subject));
    }
    Ok(())
}

fn count(
    row: &Row,
    point: &Point,
    site: &Site,
    counting: &Counting,
    subjects: &[Subject],
) -> Result<()> {
    let mut ground = ground(row, point, site)?;
    for subject in subjects.iter().copied() {
        let counted = ground.run(subject, |time| -> Result<Counters> {
            let mut slabs = None;
            let mut counters = counting.count(|| {
                let before = row.caches.then(counters::slab_bytes).transpose()?;
                let took = time()?;
                if let Some(before) = before {
                    let grown = counters::slab_bytes()? as f64 - before as f64;
                    slabs = Some(grown / took.operations);
                }
                Ok(took.operations)
            })?;
            counters.extend(slabs.map(|bytes| ("slab_bytes".to_owned(), bytes)));
            Ok(counters)
        });
        match counted {
            Ok(mut counters) => {
                if !subject.is_stacked() {
                    // Others do not look into layers from inside the kernel.
                    counters.retain(|name, _| !name.contains("lookups"));
                }
                send(&Event::Counters { subject, counters })?;
            }
            Err(error) => fail(subject, &error.context("while counting"))?,
        }
    }
    Ok(())
}

fn ground<'a>(row: &'a Row, point: &Point, site: &'a Site) -> Result<Ground<'a>> {
    Ground::new(row, site, point.layers(row), point.entries(row))
        .with_context(|| format!("laying out {point}"))
}

fn fail(subject: Subject, error: &anyhow::Error) -> Result<()> {
    send(&Event::Failed {
        subject,
        why: format!("{error:#}"),
    })
}
