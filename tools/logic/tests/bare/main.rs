// SPDX-License-Identifier: GPL-2.0-only

//! Files whose data are in another layer: what is found, and what stays found when names change.

mod calls;
mod layers;
mod reader;
mod union;

use calls::{Call, Made, Twins};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reader::Answer;
use union::{Mistake, Union};
use union_logic::resolve::{DataFrom, Redirection, Resolved, Rules};
use union_model::bare::overlay;
use union_model::bare::{Data, Dir, File, Found, Layer, Node};

/// `BARE_CASES` in the environment says how many cases there are.
fn config(cases: u32) -> ProptestConfig {
    let given = std::env::var("BARE_CASES").map(|cases| cases.parse().expect("a number"));
    ProptestConfig {
        cases: given.unwrap_or(cases),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Compares all that is found in a directory and below it.
fn compare<'a>(layers: &'a [Layer], parts: &[(usize, &'a Dir)], data_only: bool) {
    for name in ["a", "b", "c"] {
        let (expected, odd) = overlay::look_up(layers, parts, name, data_only);
        let found = reader::look_up(layers, parts, name, data_only);
        let is_odd = match (&found, &expected) {
            (
                Found::File { at, data },
                Found::File {
                    at: same,
                    data: other,
                },
            ) if at == same => {
                let past_opaque = odd.out_of_opaque && !matches!(data, Data::In(..));
                let by_path =
                    odd.path_forgotten && matches!((data, other), (Data::At(_), Data::Missing));
                past_opaque || by_path
            }
            _ => false,
        };
        assert!(
            is_odd || found == expected,
            "{name} of {parts:?}: {found:?}, and not {expected:?}"
        );
        let again = reader::look_up_again(layers, parts, name, data_only);
        assert_eq!(again, found, "{name} of {parts:?}");
        if let Found::Dir(parts) = found {
            compare(layers, &parts, data_only);
        }
    }
}

const REDIRECTIONS: [Redirection; 3] = [
    Redirection::Follow,
    Redirection::Ignore,
    Redirection::Forbid,
];

/// Looks for data in the data-only layers alone, in a directory and below it.
fn forbid<'a>(
    layers: &'a [Layer],
    parts: &[(usize, &'a Dir)],
    redirection: Redirection,
    data_only: bool,
) {
    let rules = Rules {
        redirection,
        data: DataFrom::DataOnly,
    };
    for name in ["a", "b", "c"] {
        let Answer {
            resolved,
            taken,
            path,
        } = reader::resolve(layers, parts, name, data_only, rules);
        match taken.first() {
            Some(&(layer, Node::File(file))) if layers[layer].files[*file].data.is_none() => {
                // The other layers were not asked for it.
                assert_eq!(taken.len(), 1);
                let redirect = layers[layer].files[*file].redirect.as_deref();
                match redirect.filter(|to| layer > 0 && to.starts_with('/')) {
                    None => assert_eq!(resolved, Err("DataForbidden".to_string())),
                    Some(to) => {
                        assert_eq!(path.as_deref(), Some(to));
                        let expected = match data_only {
                            true => Ok(Resolved::Redirected),
                            false => Err("NoData".to_string()),
                        };
                        assert_eq!(resolved, expected);
                    }
                }
            }
            _ => assert_eq!(path, None),
        }
        if redirection != Redirection::Follow {
            // What is in a layer was found in the parts of the parent.
            for (layer, node) in &taken {
                let mut places = parts.iter().filter(|(of, _)| of == layer);
                let there = places.any(|(_, dir)| dir.entries.get(name) == Some(*node));
                assert!(there, "{name} of {parts:?}: {taken:?}");
            }
        }
        let dirs = taken.iter().map_while(|(layer, node)| match node {
            Node::Dir(dir) => Some((*layer, dir)),
            _ => None,
        });
        let dirs: Vec<_> = dirs.collect();
        if resolved.is_ok() && !dirs.is_empty() {
            forbid(layers, &dirs, redirection, data_only);
        }
    }
}

proptest! {
    #![proptest_config(config(1500))]

    /// The module finds what overlayfs finds.
    #[test]
    fn what_overlayfs_finds(layers in layers::wild(), data_only: bool) {
        let root: Vec<_> = layers.iter().map(|layer| &layer.root).enumerate().collect();
        compare(&layers, &root, data_only);
    }

    /// What options forbid is not done, whatever the layers hold.
    #[test]
    fn what_is_forbidden(
        layers in layers::wild(),
        redirection in prop::sample::select(&REDIRECTIONS[..]),
        data_only: bool,
    ) {
        let root: Vec<_> = layers.iter().map(|layer| &layer.root).enumerate().collect();
        forbid(&layers, &root, redirection, data_only);
    }

    /// Layers that calls have made, with moves of directories as overlayfs does them: each name shows
    /// what it showed before, after each step.
    #[test]
    fn names_keep_their_data((lowers, calls, bare_of_bare) in history()) {
        let refused = run(&lowers, &calls, bare_of_bare, None)?;
        // What is at the end of a path never differs from what is in place.
        prop_assert_eq!(refused, 0);
    }

    /// The same where the layers hold anything.
    #[test]
    fn names_keep_their_data_over_any_layers(
        layers in layers::wild(),
        calls in vec(calls::call(), 1..=8),
        bare_of_bare: bool,
    ) {
        let mut union = Union::new(layers, bare_of_bare);
        layers::separate_names(&mut union.layers[0]);
        let mut twins = Twins::new(union, Made::AtRandom);
        for call in &calls {
            twins.call(call).map_err(TestCaseError::fail)?;
        }
    }
}

/// Lower layers, calls on a union of them, and whether bare files are copied up bare.
fn history() -> impl Strategy<Value = (Vec<Layer>, Vec<Call>, bool)> {
    (
        layers::tame(1..=3),
        vec(calls::call(), 1..=25),
        any::<bool>(),
    )
}

/// Makes the calls, over an empty upper layer. Returns how often a redirect had to be avoided.
fn run(
    lowers: &[Layer],
    calls: &[Call],
    bare_of_bare: bool,
    mistake: Option<Mistake>,
) -> Result<usize, TestCaseError> {
    let layers = [&[Layer::default()], lowers].concat();
    let mut twins = Twins::new(Union::new(layers, bare_of_bare), Made::ByCalls);
    twins.union.mistake = mistake;
    for call in calls {
        twins.call(call).map_err(TestCaseError::fail)?;
    }
    Ok(twins.union.refused)
}

#[test]
fn each_mistake_is_found() {
    for mistake in Mistake::ALL {
        let mut runner = TestRunner::new(ProptestConfig {
            max_shrink_iters: 0,
            ..config(2000)
        });
        let found = runner.run(&history(), |(lowers, calls, bare_of_bare)| {
            run(&lowers, &calls, bare_of_bare, Some(mistake)).map(drop)
        });
        assert!(found.is_err(), "{mistake:?} is not found");
    }
}

#[test]
fn a_redirect_can_be_tried() {
    let file = |data| File {
        attributes: 0,
        data,
        redirect: None,
    };
    let dir = |entries: &[(&str, Node)]| Dir {
        entries: (entries.iter())
            .map(|(name, node)| (name.to_string(), node.clone()))
            .collect(),
        ..Dir::default()
    };
    let upper = Layer {
        root: dir(&[("f", Node::File(0))]),
        files: vec![file(None)],
    };
    let lower = Layer {
        root: dir(&[
            ("f", Node::File(0)),
            ("g", Node::File(1)),
            ("d", Node::Dir(dir(&[("f", Node::File(2))]))),
        ]),
        files: vec![file(Some(1)), file(Some(2)), file(None)],
    };
    let layers = [upper, lower.clone()];
    let root: Vec<_> = layers.iter().map(|layer| &layer.root).enumerate().collect();
    let tried = |to| reader::follow(&layers, &root, "f", to);
    let known = reader::taken(&layers, &root, "f");
    for same in ["f", "/f"] {
        assert_eq!(tried(same).as_deref(), Some(&known[1..]));
    }
    for other in ["g", "/g"] {
        assert_eq!(tried(other), Some(vec![(1, &lower.root.entries["g"])]));
    }
    for nowhere in ["x", "/x", "d", "/d", "/d/f", "/f/f", "d/f", "", "/"] {
        assert_eq!(tried(nowhere), None, "{nowhere}");
    }
}
