// SPDX-License-Identifier: GPL-2.0-only
//! Inside the machine: measures every point on every subject, in turn, and counts.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use union_machine::events::send;

use crate::Mode;
use crate::counters::{self, Counting};
use crate::plan::Point;
use crate::report::{Counters, Event};
use crate::rows::{self, Row};
use crate::site::{self, MountOption, Site};
use crate::stage::Ground;
use crate::subject::Subject;

/// What to measure.
#[derive(Args)]
pub struct Request {
    /// How time is measured.
    #[arg(long)]
    mode: Mode,
    /// How often each row runs on each subject.
    #[arg(long, value_name = "N")]
    rounds: usize,
    /// Ends the rounds of a row after so many seconds.
    #[arg(long, value_name = "S")]
    patience: f64,
    /// Only these subjects.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    subjects: Vec<Subject>,
    /// Count, too.
    #[arg(long)]
    counters: bool,
    /// Options of the union.
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = option)]
    options: Vec<MountOption>,
    /// Where the machines that share the points note which ones they have taken.
    #[arg(long, value_name = "DIR")]
    taken: PathBuf,
    /// The points, as they are printed.
    #[arg(required = true)]
    points: Vec<String>,
}

/// An option of mount(8) that has a value.
///
/// # Errors
///
/// Of one that has none.
pub fn option(text: &str) -> Result<MountOption> {
    let (key, value) = text
        .split_once('=')
        .with_context(|| format!("{text:?} is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Runs them and reports.
pub fn run(request: &Request) -> Result<()> {
    site::base()?;
    let site = match request.mode {
        Mode::Icount => Site::memory()?,
        Mode::Wall => Site::disk()?,
    }
    .with_options(&request.options);
    let mut timing = Place::new(&site);
    let counting_site = request.counters.then(Site::counting).transpose()?;
    let counting_site = counting_site.map(|site| site.with_options(&request.options));
    let mut counting = match &counting_site {
        Some(site) => Some((Counting::new(site)?, Place::new(site))),
        None => None,
    };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    send(&Event::Kernel {
        release: release.trim().to_owned(),
    })?;
    for name in &request.points {
        let point = Point::parse(name)?;
        let row = rows::named(&point.row)?;
        if !take(&request.taken.join(name))? {
            continue;
        }
        let began = busy_seconds()?;
        send(&Event::Begins {
            point: point.clone(),
        })?;
        let mut subjects = Subject::ALL.to_vec();
        let wanted = &request.subjects;
        subjects.retain(|subject| {
            point.left_out(row, *subject).is_none()
                && (wanted.is_empty() || wanted.contains(subject))
        });
        time(row, &point, &mut timing, &mut subjects, request)?;
        if let (Some((counting, place)), None, true) = (&mut counting, point.grown, row.counted) {
            count(row, &point, place, counting, &subjects)?;
        }
        send(&Event::Ends {
            seconds: busy_seconds()? - began,
        })?;
    }
    send(&Event::End)
}

/// How long the processors of this machine have been busy. Waiting is cheap where instructions are counted: the clock
/// advances by itself.
fn busy_seconds() -> Result<f64> {
    let text = fs::read_to_string("/proc/stat").context("reading /proc/stat")?;
    busy(&text).with_context(|| format!("/proc/stat says {text:?}"))
}

/// The time of all processors together, in hundredths of a second of the machine, except idling and waiting for disks.
fn busy(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let mut ticks = [0.0; 8];
    let mut numbers = line.split_whitespace();
    for tick in &mut ticks {
        *tick = numbers.next()?.parse::<f64>().ok()?;
    }
    let [user, nice, system, _idle, _waiting, irq, softirq, steal] = ticks;
    Some((user + nice + system + irq + softirq + steal) / 100.0)
}

/// Takes a point unless another machine has.
fn take(mark: &Path) -> Result<bool> {
    match fs::create_dir(mark) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        made => {
            made.with_context(|| format!("making {}", mark.display()))?;
            Ok(true)
        }
    }
}

/// A site, and its ground, which the next row may use again.
struct Place<'a> {
    site: &'a Site,
    ground: Option<Ground<'a>>,
}

impl<'a> Place<'a> {
    fn new(site: &'a Site) -> Self {
        Self { site, ground: None }
    }

    /// The ground for a point.
    fn ground(&mut self, row: &Row, point: &Point) -> Result<&mut Ground<'a>> {
        let (layers, entries) = (point.layers(row), point.entries(row));
        let fits = |ground: &Ground| ground.serves(row.tree, layers, entries);
        if !self.ground.as_ref().is_some_and(fits) {
            // The old one is removed first.
            self.ground = None;
            let ground = Ground::new(row.tree, self.site, layers, entries);
            self.ground = Some(ground.with_context(|| format!("laying out {point}"))?);
        }
        self.ground.as_mut().context("the ground is laid out")
    }
}

/// One after the other, again and again, so that slow changes affect all alike.
fn time(
    row: &Row,
    point: &Point,
    place: &mut Place,
    subjects: &mut Vec<Subject>,
    request: &Request,
) -> Result<()> {
    let started = busy_seconds()?;
    let ground = place.ground(row, point)?;
    if row.warm_up {
        let stacked = subjects.iter().find(|subject| subject.is_stacked());
        if let Some(subject) = stacked.or(subjects.first()) {
            send(&Event::Turn { subject: *subject })?;
            // A warm-up that is not measured. A failure here occurs again below.
            let _ = ground.run(row, *subject, |time| time());
        }
    }
    for round in 0..request.rounds.max(row.at_least) {
        if round >= row.at_least && busy_seconds()? - started > request.patience {
            break;
        }
        let mut failed = Vec::new();
        // Each round begins with another one.
        let first = round % subjects.len().max(1);
        let order = subjects[first..].iter().chain(&subjects[..first]);
        for subject in order.copied() {
            if round > 0 && subject.is_in_userspace() {
                // These are slow, and only for comparison.
                continue;
            }
            send(&Event::Turn { subject })?;
            match ground.run(row, subject, |time| time()) {
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
    place: &mut Place,
    counting: &Counting,
    subjects: &[Subject],
) -> Result<()> {
    let ground = place.ground(row, point)?;
    let at = ground.at().to_owned();
    for subject in subjects.iter().copied() {
        send(&Event::Turn { subject })?;
        let counted = ground.run(row, subject, |time| -> Result<Counters> {
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
            if row.sets && subject == Subject::Union {
                counters.extend(counters::sets(&at, point.entries(row))?);
            }
            Ok(counters)
        });
        match counted {
            Ok(mut counters) => {
                if !subject.is_stacked() {
                    // The others make no lookups in layers inside the kernel.
                    counters.retain(|name, _| !name.contains("lookups"));
                }
                send(&Event::Counters { subject, counters })?;
            }
            Err(error) => fail(subject, &error.context("while counting"))?,
        }
    }
    Ok(())
}

fn fail(subject: Subject, error: &anyhow::Error) -> Result<()> {
    send(&Event::Failed {
        subject,
        why: format!("{error:#}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_and_waiting_do_not_count() {
        let stat = "cpu  100 20 30 1000 500 4 5 6 70 80\ncpu0 100 20 30 1000 500 4 5 6 70 80\n";
        assert_eq!(busy(stat), Some(1.65));
        assert_eq!(busy("cpu 1 2 3"), None);
    }
}
