// SPDX-License-Identifier: GPL-2.0-only
//! The tables of scenarios and checks agree with the files, and the scenarios with themselves.

use union_scenarios::execute;
use union_scenarios::shape::SHAPES;
use union_scenarios::tree::{self, Builder};
use union_scenarios::{cases, checks};

#[test]
fn every_case_says_what_it_is_about() {
    assert!(cases::ALL.iter().all(|scenario| !scenario.about.is_empty()));
    assert!(checks::ALL.iter().all(|check| !check.about.is_empty()));
}

#[test]
fn every_tree_can_be_spread_and_runs_in_some_shape() {
    for scenario in cases::ALL {
        let mut runs = false;
        for shape in SHAPES {
            let (tree, steps) = execute::described(scenario, shape);
            tree::merge(&tree::spread(&tree, shape.lowers));
            runs |= execute::skip(&steps, shape, &tree).is_none();
        }
        assert!(runs, "{} runs nowhere", scenario.name);
    }
}

#[test]
fn reasons_not_to_run_name_real_shapes() {
    for scenario in cases::ALL {
        for (name, why) in (scenario.describe)(&mut Builder::default()).not_on {
            let real = SHAPES.iter().any(|shape| shape.is(name));
            assert!(real, "{}: {name}", scenario.name);
            assert!(!why.is_empty());
        }
    }
}
