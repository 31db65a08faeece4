// SPDX-License-Identifier: GPL-2.0-only

//! Files that are partly in the upper layer, under power cuts, errors and mistakes.
//!
//! Each run is a file of its own on a file system of its own, from a seed: it is copied up, changed,
//! synced, read, and the power goes, at any step. Before each step the file system does something by
//! itself, and what a crash would leave at that moment is compared with what a file may show then.
//!
//! `PARTIAL_STEPS` says how many steps there are (10 million need some minutes in a release build),
//! `PARTIAL_SEED` repeats one run and tells what happened in it.

mod actions;
mod mutants;
mod oracle;
mod port;
mod world;

use mutants::Mutant;
use world::World;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
    )
}

/// Runs with a seed, and returns how many steps there were.
fn run(seed: u64, mutant: Option<Mutant>) -> Result<u64, String> {
    let mut world = World::new(seed, mutant, false);
    world.run();
    match world.violation {
        Some(violation) => Err(violation),
        None => Ok(world.steps),
    }
}

/// What happened in a run.
fn trace(seed: u64, mutant: Option<Mutant>) -> String {
    let mut world = World::new(seed, mutant, true);
    world.run();
    world.trace.expect("it was asked for").join("\n")
}

#[test]
fn a_crash_at_any_step_leaves_what_it_may() {
    if let Some(seed) = number("PARTIAL_SEED") {
        println!("{}", trace(seed, None));
        return;
    }
    let wanted = number("PARTIAL_STEPS").unwrap_or(500_000);
    let (mut steps, mut seed) = (0, 0);
    while steps < wanted {
        match run(seed, None) {
            Ok(more) => steps += more,
            Err(violation) => {
                panic!("{}\nseed {seed}: {violation}", trace(seed, None));
            }
        }
        seed += 1;
    }
    println!("{steps} steps in {seed} runs");
}

/// Every mistake is found, so the runs above would have found it.
#[test]
fn every_mistake_is_found() {
    let most = number("PARTIAL_RUNS").unwrap_or(20_000);
    let mut missed = Vec::new();
    for mutant in Mutant::ALL {
        match (0..most).find_map(|seed| Some((seed, run(seed, Some(mutant)).err()?))) {
            Some((seed, violation)) => println!("{mutant:?}, run {seed}: {violation:.100}"),
            None => missed.push(mutant),
        }
    }
    assert!(missed.is_empty(), "{missed:?} were not found");
}
