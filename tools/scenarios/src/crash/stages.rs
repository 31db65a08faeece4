// SPDX-License-Identifier: GPL-2.0-only
//! Where the time is spent.

use std::cell::RefCell;
use std::time::{Duration, Instant};

/// The time of each stage of repeated work, in the order in which they first ended.
pub struct Stages(RefCell<(Instant, Vec<(&'static str, Duration)>)>);

impl Default for Stages {
    fn default() -> Self {
        Self(RefCell::new((Instant::now(), Vec::new())))
    }
}

impl Stages {
    /// Adds the time since the last call to this stage.
    pub fn end(&self, stage: &'static str) {
        let (since, stages) = &mut *self.0.borrow_mut();
        let now = Instant::now();
        let spent = now - *since;
        *since = now;
        match stages.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, sum)) => *sum += spent,
            None => stages.push((stage, spent)),
        }
    }

    /// The mean of each of `count` times.
    pub fn mean(&self, count: usize) -> String {
        let (_, stages) = &*self.0.borrow();
        let times = stages.iter().map(|(stage, spent)| {
            let mean = spent.div_f64(count.max(1) as f64);
            format!("{stage} {mean:.1?}")
        });
        times.collect::<Vec<_>>().join(", ")
    }
}
