// SPDX-License-Identifier: GPL-2.0-only
//! Injected faults: the n-th allocation or block request of one call fails, for every n. Such a call may fail with the
//! right error, or succeed nevertheless. Then the tree is as before, or as after the call, and nothing else; the same
//! holds when the union is mounted again; the work directory is empty and the lower layers are unchanged. Objects that
//! an error path leaks show when the machine ends: locks by lockdep, memory by kmemleak, objects in the slab caches,
//! dentries at umount.

mod inject;
mod stage;
mod sweep;
mod work;

use std::time::Duration;

use crate::bench::Bench;
use crate::execute::Lab;
use crate::instrument::{Instrument, Series};
use crate::outcome::Outcome;
use crate::process::{self, End};
use stage::Place;

/// The instrument.
pub static INSTRUMENT: Instrument = Instrument {
    name: "faults",
    about: "the n-th allocation or block request fails, for every n, in every change and mount (KERNEL=debug); \
            --seed is the first n, --count how many at most, --size which part of the others: every so manieth",
    usual: Series {
        seed: 1,
        count: 1000,
        size: 1,
    },
    needs_union: true,
    modules: &[],
    programs: &[],
    provokes_errors: true,
    processors: 1,
    limit: Duration::from_secs(600),
    cases,
    run,
};

/// Every work at every place: `PLACE/WORK`.
fn cases(_: Series) -> Vec<String> {
    let names = |place: &'static Place| {
        let works = work::all().filter(|work| place.takes(work));
        works.map(|work| format!("{}/{}", place.name, work.slug()))
    };
    stage::PLACES.iter().flat_map(names).collect()
}

fn run(lab: &Lab, name: &str, series: Series) -> Outcome {
    let found = name.split_once('/').and_then(|(place, work)| {
        let place = stage::PLACES.iter().find(|found| found.name == place)?;
        Some((place, work::all().find(|found| found.slug() == work)?))
    });
    let Some((place, work)) = found else {
        return Outcome::Fail(vec![format!("there is no case {name}")]);
    };
    let result = process::run(lab.limit, |out| {
        let bench = Bench::new(&lab.fstype, &lab.base, &lab.disks);
        let answer = match sweep::sweep(&bench, place, &work, series) {
            Ok(notes) => format!("ok\n{notes}"),
            Err(why) => why,
        };
        let _ = out.write_all(answer.as_bytes());
    });
    match result {
        Ok((said, End::Done)) => {
            let said = String::from_utf8_lossy(&said).into_owned();
            match said.strip_prefix("ok\n") {
                Some(notes) => Outcome::Pass(vec![notes.to_owned()]),
                None => Outcome::Fail(said.lines().map(str::to_owned).collect()),
            }
        }
        Ok((_, end)) => Outcome::Fail(vec![format!("the sweep ended with {end:?}")]),
        Err(error) => Outcome::Fail(vec![format!("the sweep could not be started: {error}")]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let names = cases(INSTRUMENT.usual);
        let different: HashSet<&String> = names.iter().collect();
        assert_eq!(names.len(), different.len());
        assert!(names.iter().all(|name| !name.contains([' ', '"'])));
        assert!(names.len() > 60, "{}", names.len());
    }
}
