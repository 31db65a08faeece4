// SPDX-License-Identifier: GPL-2.0-only
//! Everything there is to run, under the names that reports and filters use.

use crate::scenario::{Check, Scenario};
use crate::shape::{SHAPES, Shape};
use crate::tree::Builder;
use crate::{cases, checks, execute, walk};

/// One thing to run.
#[derive(Clone, Copy)]
pub enum Case {
    /// A scenario in a shape.
    Scenario(&'static Scenario, &'static Shape),
    /// A check.
    Check(&'static Check),
}

impl Case {
    /// `SHAPE/SCENARIO` or `check/NAME`.
    pub fn name(&self) -> String {
        match self {
            Self::Scenario(scenario, shape) => format!("{}/{}", shape.name, scenario.name),
            Self::Check(check) => format!("check/{}", check.name),
        }
    }
}

/// Which shapes the scenarios run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Each in a few, so that all shapes have their share.
    Spread,
    /// Each in all.
    All,
}

impl Set {
    /// How the host names it to the guest.
    pub fn word(self) -> &'static str {
        match self {
            Self::Spread => "spread",
            Self::All => "all",
        }
    }
}

/// The cases of a set: scenario by scenario, each in its shapes, then every check.
pub fn chosen(set: Set) -> impl Iterator<Item = Case> {
    let scenarios = cases::ALL.iter().flat_map(move |scenario| {
        let shapes = match set {
            Set::Spread => few(scenario),
            Set::All => SHAPES.iter().collect(),
        };
        shapes
            .into_iter()
            .map(move |shape| Case::Scenario(scenario, shape))
    });
    scenarios.chain(checks::ALL.iter().map(Case::Check))
}

/// How many shapes a scenario has in [`Set::Spread`], besides the first of all.
const FEW: usize = 2;

/// A few shapes, which depend on nothing but the name of the scenario and the table of shapes.
fn few(scenario: &Scenario) -> Vec<&'static Shape> {
    let mut tree = Builder::default();
    (scenario.setup)(&mut tree);
    let fits = |shape: &&Shape| execute::skip(scenario, shape, &tree).is_none();
    let shapes: Vec<&Shape> = SHAPES.iter().filter(fits).collect();
    let Some((first, others)) = shapes.split_first() else {
        return Vec::new();
    };
    // Evenly over the table, from a place of the scenario's own.
    let start = walk::hash(scenario.name.as_bytes()) as usize;
    let step = |step| others[(start + step * others.len() / FEW) % others.len()];
    let few = (0..FEW.min(others.len())).map(step);
    std::iter::once(*first).chain(few).collect()
}

impl Case {
    /// Which of `machines` has it: a scenario stays with one, which asks its oracle once.
    pub fn machine(&self, machines: usize) -> usize {
        let name = match self {
            Self::Scenario(scenario, _) => scenario.name,
            Self::Check(check) => check.name,
        };
        walk::hash(name.as_bytes()) as usize % machines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_has_every_scenario_and_every_shape() {
        let spread: Vec<String> = chosen(Set::Spread).map(|case| case.name()).collect();
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
}
