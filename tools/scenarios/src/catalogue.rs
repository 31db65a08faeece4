// SPDX-License-Identifier: GPL-2.0-only
//! All cases, under the names that reports and filters use.

use std::fmt;
use std::str::FromStr;

use crate::instrument::{self, Instrument, Series};
use crate::scenario::{Check, Scenario};
use crate::shape::{SHAPES, Shape};
use crate::tree::Builder;
use crate::{cases, checks, execute, walk};

/// One case.
#[derive(Clone)]
pub enum Case {
    /// A scenario in a shape.
    Scenario(&'static Scenario, &'static Shape),
    /// A check.
    Check(&'static Check),
    /// One of the cases of an instrument, by its name there.
    Instrument(&'static Instrument, String, Series),
}

impl Case {
    /// `SHAPE/SCENARIO`, `check/NAME` or `INSTRUMENT/NAME`.
    pub fn name(&self) -> String {
        match self {
            Self::Scenario(scenario, shape) => format!("{}/{}", shape.name, scenario.name),
            Self::Check(check) => format!("check/{}", check.name),
            Self::Instrument(instrument, name, _) => format!("{}/{name}", instrument.name),
        }
    }
}

/// One of several parts of a set, of about equal size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 1 on.
    number: usize,
    of: usize,
}

impl Part {
    /// The whole set.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Whether the case belongs to it.
    pub fn has(self, case: &Case) -> bool {
        // These are not the digits of the hash that choose the machine.
        self.has_index((walk::hash(case.plain_name().as_bytes()) >> 32) as usize)
    }

    /// Whether the entry at this index of a list belongs to it: the parts take turns.
    pub fn has_index(self, index: usize) -> bool {
        index % self.of == self.number - 1
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&number).then_some(Self { number, of })
        });
        numbers.ok_or_else(|| format!("{text:?} is not a part as 1/3 is one"))
    }
}

/// The cases of one run.
#[derive(Clone, Copy)]
pub enum Set {
    /// Each scenario in one shape, so that all shapes get their share: for slow kernels. With the next number each has
    /// its next shape.
    One(usize),
    /// Each scenario in a few shapes, chosen in the same way, and in the first one.
    Spread,
    /// Each scenario in all shapes.
    All,
    /// The cases that an instrument makes of these numbers.
    Instrument(&'static Instrument, Series),
}

/// How the word for [`Set::One`] begins.
const ONE: &str = "one:";

impl Set {
    /// How the host passes it to the guest.
    pub fn word(self) -> String {
        match self {
            Self::One(turn) => format!("{ONE}{turn}"),
            Self::Spread => "spread".into(),
            Self::All => "all".into(),
            Self::Instrument(instrument, series) => format!("{}:{series}", instrument.name),
        }
    }

    /// The set of a word of the command line.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "spread" => Some(Self::Spread),
            "all" => Some(Self::All),
            other => {
                if let Some(turn) = other.strip_prefix(ONE) {
                    return turn.parse().ok().map(Self::One);
                }
                let (name, series) = other.split_once(':')?;
                Some(Self::Instrument(
                    instrument::find(name)?,
                    series.parse().ok()?,
                ))
            }
        }
    }
}

/// The cases of a set: scenario by scenario, each in its shapes, then every check.
pub fn chosen(set: Set) -> Vec<Case> {
    if let Set::Instrument(instrument, series) = set {
        let listed = instrument::listed(instrument);
        let mut all = chosen(Set::Spread);
        all.retain(|case| listed.contains(&case.plain_name()));
        let names = (instrument.cases)(series).into_iter();
        all.extend(names.map(|name| Case::Instrument(instrument, name, series)));
        return all;
    }
    let scenarios = cases::ALL.iter().flat_map(|scenario| {
        let shapes = match set {
            Set::One(turn) => one(scenario, turn),
            Set::Spread => few(scenario),
            _ => SHAPES.iter().collect(),
        };
        shapes
            .into_iter()
            .map(move |shape| Case::Scenario(scenario, shape))
    });
    scenarios
        .chain(checks::ALL.iter().map(Case::Check))
        .collect()
}

/// How many shapes a scenario has in [`Set::Spread`], besides the first of all.
const FEW: usize = 2;

/// The shapes a scenario can run in.
fn fitting(scenario: &Scenario) -> Vec<&'static Shape> {
    let mut tree = Builder::default();
    let steps = (scenario.describe)(&mut tree);
    let fits = |shape: &&Shape| execute::skip(&steps, shape, &tree).is_none();
    SHAPES.iter().filter(fits).collect()
}

/// One of them, which depends only on the name of the scenario, the table of shapes, and the number.
fn one(scenario: &Scenario, turn: usize) -> Vec<&'static Shape> {
    let shapes = fitting(scenario);
    let first = walk::hash(scenario.name.as_bytes()) as usize;
    let place = first.wrapping_add(turn) % shapes.len().max(1);
    shapes.into_iter().skip(place).take(1).collect()
}

/// A few of them, chosen in the same way.
fn few(scenario: &Scenario) -> Vec<&'static Shape> {
    let shapes = fitting(scenario);
    let Some((first, others)) = shapes.split_first() else {
        return Vec::new();
    };
    // Evenly over the table, from an index that the scenario decides.
    let start = walk::hash(scenario.name.as_bytes()) as usize;
    let step = |step| others[(start + step * others.len() / FEW) % others.len()];
    let few = (0..FEW.min(others.len())).map(step);
    std::iter::once(*first).chain(few).collect()
}

impl Case {
    /// The name without the shape, or without the other first part.
    pub fn plain_name(&self) -> &str {
        match self {
            Self::Scenario(scenario, _) => scenario.name,
            Self::Check(check) => check.name,
            Self::Instrument(_, name, _) => name,
        }
    }

    /// Which of `machines` runs it: a scenario stays on one, which runs its oracle once.
    pub fn machine(&self, machines: usize) -> usize {
        walk::hash(self.plain_name().as_bytes()) as usize % machines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_has_every_scenario_and_every_shape() {
        let spread: Vec<String> = chosen(Set::Spread).iter().map(Case::name).collect();
        for scenario in cases::ALL {
            let name = format!("/{}", scenario.name);
            let runs = spread.iter().filter(|case| case.ends_with(&name)).count();
            assert!(runs > 1, "{name}: {runs}");
        }
        for shape in SHAPES {
            let name = format!("{}/", shape.name);
            let runs = spread.iter().filter(|case| case.starts_with(&name)).count();
            assert!(runs * SHAPES.len() > cases::ALL.len(), "{name}: {runs}");
        }
    }

    #[test]
    fn one_shape_for_each_leaves_no_shape_out() {
        let one = chosen(Set::One(0));
        for scenario in cases::ALL {
            let is = |case: &&Case| matches!(case, Case::Scenario(found, _) if found.name == scenario.name);
            assert_eq!(one.iter().filter(is).count(), 1, "{}", scenario.name);
        }
        for shape in SHAPES {
            let is =
                |case: &&Case| matches!(case, Case::Scenario(_, found) if found.name == shape.name);
            assert!(one.iter().filter(is).count() > 5, "{}", shape.name);
        }
    }

    #[test]
    fn the_parts_are_the_whole_and_about_the_same_size() {
        let all = chosen(Set::One(0));
        let of = |part: &str| {
            let part: Part = part.parse().unwrap();
            all.iter().filter(|case| part.has(case)).count()
        };
        let parts = ["1/3", "2/3", "3/3"].map(of);
        let whole = of("1/1");
        assert_eq!(parts.iter().sum::<usize>(), whole);
        for part in parts {
            assert!(part * 4 > whole && part * 5 < whole * 2, "{parts:?}");
        }
        for text in ["", "1", "0/3", "4/3", "1/0"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_set_is_known_again_by_its_word() {
        for set in [Set::One(0), Set::One(33), Set::Spread, Set::All] {
            let again = Set::from_word(&set.word()).unwrap();
            assert_eq!(chosen(again).len(), chosen(set).len());
        }
        for word in [
            "",
            "few",
            "one",
            "one:x",
            "random",
            "nonesuch:1/2/3",
            "random:1/2",
        ] {
            assert!(Set::from_word(word).is_none(), "{word}");
        }
        for instrument in instrument::ALL {
            let series = Series {
                seed: 7,
                count: 3,
                size: 100,
            };
            let set = Set::Instrument(instrument, series);
            let again = Set::from_word(&set.word()).unwrap();
            let names = |set| chosen(set).iter().map(Case::name).collect::<Vec<_>>();
            assert_eq!(names(again), names(set));
        }
    }
}
