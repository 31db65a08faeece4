// SPDX-License-Identifier: GPL-2.0-only
//! `union-vm instrument security`: the known holes of union file systems, each with the cases that try it, and
//! malformed input.

mod damage;
mod exercise;
pub mod holes;
pub mod images;
mod liar;
mod marks;
mod options;
mod words;

use std::time::Duration;

use crate::bench::Bench;
use crate::execute::Lab;
use crate::instrument::{Instrument, Series};
use crate::outcome::Outcome;
use crate::scenario::Notes;

/// The instrument.
pub static INSTRUMENT: Instrument = Instrument {
    name: "security",
    about: "the known holes of union file systems, and malformed attributes, options, images and servers; \
            --size is the number of inputs for each seed, in hundreds",
    usual: Series {
        seed: 1,
        count: 2,
        size: 10,
    },
    needs_union: true,
    modules: &[],
    programs: &[],
    provokes_errors: true,
    processors: 2,
    limit: Duration::from_secs(600),
    cases,
    run,
};

/// `KIND-SUBJECT-SEED` for each kind of input.
fn cases(series: Series) -> Vec<String> {
    let mut names = Vec::new();
    for seed in series.seeds() {
        for space in marks::SPACES {
            for attribute in marks::ATTRIBUTES {
                names.push(format!("marks-{space}:{attribute}-{seed}"));
            }
        }
        for interface in options::BY {
            names.push(format!("options-{interface}-{seed}"));
        }
        names.push(format!("server-fuse-{seed}"));
        for fs in images::FILE_SYSTEMS {
            names.push(format!("image-{}-{seed}", fs.name()));
        }
        for fs in images::UPPERS {
            names.push(format!("upper-{}-{seed}", fs.name()));
        }
    }
    names
}

fn run(lab: &Lab, name: &str, series: Series) -> Outcome {
    let mut words = name.splitn(3, '-');
    let mut word = || words.next().unwrap_or_default();
    let (kind, subject, seed) = (word(), word(), word());
    let Ok(seed) = seed.parse() else {
        return Outcome::Fail(vec![format!("{name:?} is not KIND-SUBJECT-SEED")]);
    };
    lab.at_bench(|b| input(b, kind, subject, seed, series.size))
}

fn input(b: &Bench, kind: &str, subject: &str, seed: u64, size: usize) -> Notes {
    match kind {
        "marks" => {
            let (space, attribute) = subject.split_once(':').ok_or("SPACE:ATTRIBUTE")?;
            marks::run(b, space, attribute, seed, size * 3)
        }
        "options" => options::run(b, subject, seed, size * 100),
        "server" => liar::run(b, seed, size),
        "image" => images::run(b, images::As::Lower, subject, seed, size),
        "upper" => images::run(b, images::As::Upper, subject, seed, size),
        _ => Err(format!("{kind:?} is no kind of input")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument;

    #[test]
    fn the_instrument_is_known() {
        assert!(instrument::find("security").is_some());
    }

    #[test]
    fn every_case_says_what_it_is() {
        let names = cases(INSTRUMENT.usual);
        for name in &names {
            let words: Vec<_> = name.splitn(3, '-').collect();
            let [kind, subject, seed] = words[..] else {
                panic!("{name}");
            };
            assert!(
                ["marks", "options", "server", "image", "upper"].contains(&kind),
                "{name}"
            );
            assert!(!subject.is_empty() && seed.parse::<u64>().is_ok(), "{name}");
        }
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
    }
}
