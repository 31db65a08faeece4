// SPDX-License-Identifier: GPL-2.0-only
//! The order in which file systems bring data and facts about them to the disk. Files that are partly in the upper
//! layer ([`union_logic::partial`]) rest on it: a fact on the disk (these granules are in the upper file, this file has
//! all its data, this is the lowest size it had) must be true after any power cut, though nobody has synced the file.
//! That is no promise of the kernel's but a property of some of its file systems, so it is measured on each kernel,
//! without a union: tasks write data and facts while other files are synced ([`site`]), the writes are logged, and
//! every fact that is found after a power cut is compared with its data ([`crate::crash`] has the log and the cuts).
//! Each [`rule`] comes with a control, an order that must show false facts.

mod bits;
mod limit;
mod mark;
mod rule;
mod seen;
mod site;
mod top;

use std::time::{Duration, Instant};

use rule::{Purpose, RULES, Rule};
use seen::Seen;
use site::Site;
use top::{TOPS, Top};

use crate::bench::Bench;
use crate::crash::disk::How;
use crate::crash::hurry::with_fast_unmounts;
use crate::crash::kmsg::Kmsg;
use crate::crash::ram::{self, Ram};
use crate::crash::record::record;
use crate::crash::stages::Stages;
use crate::execute::Lab;
use crate::instrument::{Instrument, Series};
use crate::outcome::Outcome;
use crate::scenario::Notes;

/// The instrument.
pub static INSTRUMENT: Instrument = Instrument {
    name: "ordering",
    about: "the order in which file systems of the upper layer bring data and attributes to the disk, without a union; \
            --size is power cuts of each case",
    usual: Series {
        seed: 0,
        count: 1,
        size: 40,
    },
    needs_union: false,
    modules: &["dm_log_writes", ram::MODULE],
    programs: &[],
    provokes_errors: false,
    processors: 2,
    limit: Duration::from_secs(600),
    cases,
    run,
};

/// The cases, `TOP/RULE/SEED`.
fn cases(series: Series) -> Vec<String> {
    let of = |seed| {
        TOPS.iter().flat_map(move |top| {
            let rules = RULES.iter().filter(|rule| rule.fits(top));
            rules.map(move |rule| format!("{}/{}/{seed}", top.name, rule.name))
        })
    };
    series.seeds().flat_map(of).collect()
}

fn parse(name: &str) -> Option<(&'static Top, &'static Rule, u64)> {
    let (top, rest) = name.split_once('/')?;
    let (rule, seed) = rest.split_once('/')?;
    let top = TOPS.iter().find(|found| found.name == top)?;
    let rule = RULES.iter().find(|found| found.name == rule)?;
    Some((top, rule, seed.parse().ok()?))
}

fn run(lab: &Lab, name: &str, series: Series) -> Outcome {
    let Some((top, rule, seed)) = parse(name) else {
        return Outcome::Fail(vec![format!("no case has the name ordering/{name}")]);
    };
    with_fast_unmounts(|| lab.at_bench(|bench| measure(bench, top, rule, seed, series.size)))
}

/// Records a workload and looks at its disk after so many power cuts.
fn measure(bench: &Bench, top: &Top, rule: &Rule, seed: u64, cuts: usize) -> Notes {
    let site = Site::new(bench.target("top")?, top, rule);
    let mut kmsg = Kmsg::open()?;
    let start = Instant::now();
    let how = How {
        options: top.options,
        ..How::default()
    };
    let make = || site.make();
    let mut replay = record(bench, top.image, &site.dir, how, make, |logged| {
        site.work(seed, logged)
    })?;
    let workload = start.elapsed();
    let disk = Ram::open()?;
    let points = replay.states(site::OPERATIONS, cuts, seed)?;
    let stages = Stages::default();
    let mut all = Seen::default();
    for (number, point) in points.iter().enumerate() {
        let mut look = || -> Result<Seen, String> {
            replay.fill(point, &disk)?;
            stages.end("fill the disk");
            disk.mount(top.image.fstype, &site.dir)?;
            stages.end("mount");
            let seen = site.look()?;
            stages.end("look");
            bench.umount(&site.dir)?;
            stages.end("umount");
            match kmsg.news() {
                news if news.is_empty() => Ok(seen),
                news => Err(news.join("\n")),
            }
        };
        let cut = format!("cut {number} of {}, {point}", points.len());
        match look() {
            Ok(seen) => all.add(&cut, seen),
            Err(error) => return Err(format!("{cut}: {error}")),
        }
    }
    let note = all.note(rule.fact, points.len());
    let times = format!(
        "workload {workload:.1?}; of each cut: {}",
        stages.mean(points.len())
    );
    let purpose = rule.purpose(top);
    match complaint(purpose, &all, points.len()) {
        None => Ok(vec![format!("{note}{}", purpose.remark()), times]),
        Some(why) => Err([vec![note, why.to_owned()], all.examples]
            .concat()
            .join("\n")),
    }
}

/// What is wrong with what was seen in so many cuts.
fn complaint(purpose: Purpose, seen: &Seen, cuts: usize) -> Option<&'static str> {
    // With less than one for each cut there was nothing to see.
    if seen.facts < cuts.max(1) {
        return Some("too few to say anything");
    }
    match purpose {
        Purpose::Rule if seen.is_false() => Some("a fact on the disk must be true"),
        Purpose::Control if !seen.is_false() => {
            Some("no false fact, where there must be some: the instrument is blind")
        }
        Purpose::Rule | Purpose::Control | Purpose::Figure => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_case_is_known_by_its_name() {
        let names = cases(INSTRUMENT.usual);
        assert!(names.iter().all(|name| parse(name).is_some()));
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        for top in &TOPS {
            for purpose in [Purpose::Rule, Purpose::Control] {
                let of = |rule: &&Rule| rule.purpose(top) == purpose;
                assert!(RULES.iter().filter(of).count() >= 2, "{}", top.name);
            }
        }
        assert!(parse("ext4/bits").is_none() && parse("ext4/nonesuch/0").is_none());
    }

    #[test]
    fn rules_need_true_facts_and_controls_false_ones() {
        let seen = |facts, zeros| Seen {
            facts,
            zeros,
            ..Seen::default()
        };
        for (purpose, facts, zeros, good) in [
            (Purpose::Rule, 40, 0, true),
            (Purpose::Rule, 40, 1, false),
            (Purpose::Rule, 39, 0, false),
            (Purpose::Control, 40, 1, true),
            (Purpose::Control, 40, 0, false),
            (Purpose::Figure, 40, 1, true),
            (Purpose::Figure, 0, 0, false),
        ] {
            let complaint = complaint(purpose, &seen(facts, zeros), 40);
            assert_eq!(complaint.is_none(), good, "{purpose:?} {facts} {zeros}");
        }
    }
}
