// SPDX-License-Identifier: GPL-2.0-only
//! Everything there is to run, under the names that reports and filters use.

use crate::scenario::{Check, Scenario};
use crate::shape::{SHAPES, Shape};
use crate::{cases, checks};

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

/// Every scenario in every shape, then every check.
pub fn all() -> impl Iterator<Item = Case> {
    let scenarios = SHAPES.iter().flat_map(|shape| {
        let in_shape = move |scenario| Case::Scenario(scenario, shape);
        cases::ALL.iter().map(in_shape)
    });
    scenarios.chain(checks::ALL.iter().map(Case::Check))
}
