// SPDX-License-Identifier: GPL-2.0-only
//! Instruments: they make their cases from numbers instead of a list. An instrument runs in the machines of the
//! scenarios and is reported like them: the machines share its cases, another machine follows after a case that crashes
//! the kernel, and at the end the module must unload and leave nothing behind.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::execute::Lab;
use crate::outcome::Outcome;
use crate::security;

/// All instruments.
pub static ALL: &[&Instrument] = &[
    &crate::crash::case::CRASH,
    &crate::differential::INSTRUMENT,
    &crate::faults::INSTRUMENT,
    &crate::ordering::INSTRUMENT,
    &security::INSTRUMENT,
];

/// One instrument.
pub struct Instrument {
    /// Its name, which is that of its command and the first part of the names of its cases.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// The meaning of the numbers of a series, and their defaults.
    pub usual: Series,
    /// Whether it tests the union; if not, its machines do without the module.
    pub needs_union: bool,
    /// Modules of the kernel it needs besides those of the scenarios.
    pub modules: &'static [&'static str],
    /// Programs of the build root that it runs, by their paths there.
    pub programs: &'static [&'static str],
    /// Whether its cases provoke errors of the module in the kernel log.
    pub provokes_errors: bool,
    /// How many processors its machines have: on one, sequential work is a quarter faster.
    pub processors: u32,
    /// How long one case may take.
    pub limit: Duration,
    /// The names of the cases of a series, the same on the host and in the guest.
    pub cases: fn(Series) -> Vec<String>,
    /// Runs one case; everything it mounts below the directory of the laboratory is unmounted afterwards.
    pub run: fn(&Lab, &str, Series) -> Outcome,
}

/// The instrument of a name.
pub fn find(name: &str) -> Option<&'static Instrument> {
    ALL.iter().copied().find(|found| found.name == name)
}

/// The names of the scenarios and checks that belong to an instrument, besides the cases it makes.
pub fn listed(instrument: &Instrument) -> Vec<&'static str> {
    match instrument.name {
        "security" => security::holes::cases(),
        _ => Vec::new(),
    }
}

/// The numbers cases are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// The first seed; the others follow it.
    pub seed: u64,
    /// How many seeds.
    pub count: usize,
    /// The amount of work for each of them, in a unit of the instrument's own.
    pub size: usize,
}

impl Series {
    /// Its seeds.
    pub fn seeds(self) -> impl Iterator<Item = u64> {
        (0..self.count as u64).map(move |number| self.seed.wrapping_add(number))
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.seed, self.count, self.size)
    }
}

impl FromStr for Series {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not SEED/COUNT/SIZE");
        let mut words = text.split('/');
        let mut word = || words.next().ok_or_else(wrong);
        let series = Self {
            seed: word()?.parse().map_err(|_| wrong())?,
            count: word()?.parse().map_err(|_| wrong())?,
            size: word()?.parse().map_err(|_| wrong())?,
        };
        match words.next() {
            None => Ok(series),
            Some(_) => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_read_as_it_is_written() {
        let series = Series {
            seed: u64::MAX,
            count: 2,
            size: 3,
        };
        assert_eq!(series.to_string().parse(), Ok(series));
        assert_eq!(series.seeds().collect::<Vec<_>>(), [u64::MAX, 0]);
        assert!("1/2".parse::<Series>().is_err() && "1/2/3/4".parse::<Series>().is_err());
    }
}
