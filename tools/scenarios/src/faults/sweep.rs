// SPDX-License-Identifier: GPL-2.0-only
//! One call with a fault, again and again, until it meets none.

use std::collections::BTreeMap;

use super::inject::{self, Met};
use super::stage::{Place, Stage};
use super::work::{Kind, Work};
use crate::bench::Bench;
use crate::changes::untimed;
use crate::errno::Errno;
use crate::instrument::Series;
use crate::mountinfo;
use crate::walk::{self, Tree};

/// Both possible trees.
struct Trees {
    before: Tree,
    after: Tree,
}

/// Tries every fault of a series; returns a summary line.
pub fn sweep(b: &Bench, place: &Place, work: &Work, series: Series) -> Result<String, String> {
    inject::set_up()?;
    let trees = trees(b, place, work)?;
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let step = place.every * series.size.max(1) as u64;
    // Each place begins elsewhere, so that they do not all skip the same ones.
    let first = series.seed.max(1);
    for number in 0..series.count as u64 {
        let n = first + number * step;
        let told = |error: String| format!("fault {n}: {error}");
        let met = one(b, place, work, n, &trees).map_err(told)?;
        if !met.fault {
            return match met.answer {
                Ok(()) => Ok(summary(&answers, n)),
                Err(error) => Err(told(format!(
                    "there was none, and the call fails with {error}"
                ))),
            };
        }
        let answer = met
            .answer
            .map_or_else(|error| error.to_string(), |()| "success".into());
        *answers.entry(answer).or_default() += 1;
    }
    Ok(summary(&answers, u64::MAX))
}

fn summary(answers: &BTreeMap<String, usize>, end: u64) -> String {
    let total: usize = answers.values().sum();
    let each: Vec<_> = answers
        .iter()
        .map(|(answer, count)| format!("{count} {answer}"))
        .collect();
    let end = match end {
        u64::MAX => "there are more".into(),
        end => format!("none from number {end} on"),
    };
    format!("{total} faults: {}; {end}", each.join(", "))
}

/// The tree before the call, and the one after a success.
fn trees(b: &Bench, place: &Place, work: &Work) -> Result<Trees, String> {
    let stage = Stage::new(b, place, work)?;
    let target = &stage.layout.target;
    stage.mount(work)?;
    let before = walk::walk(target)?;
    (work.call)(target).map_err(|error| format!("without a fault: {error}"))?;
    let after = walk::walk(target)?;
    b.umount(target)?;
    stage.done()?;
    match work.kind {
        Kind::Change if before == after && !work.name.starts_with("chown") => {
            Err("the change does not show in the tree".into())
        }
        Kind::Look | Kind::Mount => {
            b.same("looking must change nothing", &before, &after)?;
            Ok(Trees { before, after })
        }
        Kind::Change => Ok(Trees { before, after }),
    }
}

/// One fault.
fn one(b: &Bench, place: &Place, work: &Work, n: u64, trees: &Trees) -> Result<Met, String> {
    let stage = Stage::new(b, place, work)?;
    let target = &stage.layout.target;
    let injector = stage.injector()?;
    let met = if work.kind == Kind::Mount {
        stage.forget()?;
        injector.run(n, || {
            stage.union.mount(target).map_err(|failure| failure.errno)
        })?
    } else {
        stage.mount(work)?;
        if place.requests {
            stage.forget()?;
        }
        injector.run(n, || {
            (work.call)(target)?;
            if place.may_end_the_upper_layer() {
                stage.flush()
            } else {
                Ok(())
            }
        })?
    };
    let met = Met {
        answer: met.answer,
        ..met
    };
    if let (true, Err(Errno(number))) = (met.fault, met.answer)
        && !place.errnos(work.kind).contains(&number)
    {
        return Err(format!(
            "the call fails with {}, which is no answer to it",
            Errno(number)
        ));
    }
    let mounted = mountinfo::listed_at(target).is_some_and(|mount| mount.fs_type == b.fstype);
    if work.kind == Kind::Mount {
        must!(
            mounted == met.answer.is_ok(),
            "what failed is not mounted, what succeeded is"
        )?;
        if !mounted {
            stage.union.mount(target)?;
        }
    }
    // A file system that shut down shows its cached contents, if anything.
    if !place.may_end_the_upper_layer() {
        let tree = walk::walk(target)?;
        judge("after the call", place, work, &met, trees, &tree)?;
    }
    b.umount(target)?;
    if place.requests {
        stage.restart()?;
    }
    stage.union.mount(target)?;
    let tree = walk::walk(target)?;
    judge("mounted again", place, work, &met, trees, &tree)?;
    b.umount(target)?;
    b.work_empty(&stage.layout)?;
    for (number, before) in stage.lowers.iter().enumerate() {
        let after = walk::walk(&stage.layout.lowers[number])?;
        b.same(&format!("lower layer {number}"), before, &after)?;
    }
    stage.done()?;
    Ok(met)
}

/// A failed call has done nothing, a successful one has done everything.
fn judge(
    when: &str,
    place: &Place,
    work: &Work,
    met: &Met,
    trees: &Trees,
    tree: &Tree,
) -> Result<(), String> {
    let is = |expected: &Tree| untimed(expected) == untimed(tree);
    let done = is(&trees.after);
    let fine = match met.answer {
        Ok(()) => done,
        // Data that were to be written out may be on the disk, or not.
        Err(_) => {
            is(&trees.before) || done && (work.is_two_steps() || place.may_end_the_upper_layer())
        }
    };
    if fine {
        return Ok(());
    }
    let (word, expected) = match met.answer {
        Ok(()) => ("succeeded".to_owned(), &trees.after),
        Err(error) => (format!("failed with {error}"), &trees.before),
    };
    let found = crate::diff::trees(expected, tree, when, &[], &mut Default::default());
    Err(format!(
        "the call {word}, and the tree is another (plain: as it must be):\n{}",
        found.wrong.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts() {
        let answers = BTreeMap::from([("ENOMEM".to_owned(), 3), ("success".to_owned(), 2)]);
        assert_eq!(
            summary(&answers, 9),
            "5 faults: 3 ENOMEM, 2 success; none from number 9 on"
        );
    }
}
