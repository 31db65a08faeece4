// SPDX-License-Identifier: GPL-2.0-only

//! Renaming through plans shows the same as on a plain file system, also when cut off.

mod common;

use common::execute::{below, execute, holds_whiteouts, kind_of, same, upper, Subject};
use proptest::prelude::*;
use union_logic::mutate::{rename, Refusal, RenameMode, Side, Step, Upper};
use union_model::layer::{Dir, Node, Top};
use union_model::tree::{Seen, Tree};
use union_model::{Path, Union};

fn side(union: &Union, shown: &Tree, path: &Path) -> Side {
    let seen = shown.get(path);
    let upper = upper(union, path);
    // A directory of the top has lower parts where directories would show without it.
    let lower_dir = union.below(path).is_some_and(|seen| seen.is_dir());
    let opaque = matches!(union.top.root.get(path), Some(Node::Dir(dir)) if dir.opaque);
    Side {
        kind: seen.map(kind_of),
        upper,
        below: below(union, path),
        merged: lower_dir && !opaque && seen.is_some_and(Seen::is_dir),
        empty: seen.is_some_and(Seen::is_empty_dir),
        holds_whiteouts: holds_whiteouts(union, path),
    }
}

fn mode() -> impl Strategy<Value = RenameMode> {
    prop::sample::select(vec![
        RenameMode::Replace,
        RenameMode::NoReplace,
        RenameMode::Exchange,
    ])
}

/// Renames in a plain tree and through a plan, and compares.
fn check(mut union: Union, from: &Path, to: &Path, mode: RenameMode) {
    let old = union.visible();
    union.copy_up_parents(from);
    union.copy_up_parents(to);

    let mut new = old.clone();
    let plain = match mode {
        RenameMode::Exchange => new.exchange(from, to),
        mode => new.rename(from, to, mode == RenameMode::NoReplace),
    };
    let (a, b) = (side(&union, &old, from), side(&union, &old, to));
    match rename(a, b, mode) {
        Err(Refusal::CrossDevice) => {
            let unmovable = |s: Side| s.merged || s.upper == Upper::Nothing;
            assert!(unmovable(a) || (mode == RenameMode::Exchange && unmovable(b)));
        }
        Err(refusal) => assert_eq!(plain.err(), same(refusal)),
        Ok(plan) => {
            assert_eq!(plain, Ok(()));
            let steps: Vec<Step> = plan.steps().collect();
            let subject = Subject {
                old: from,
                new: to,
                made: Node::Whiteout,
            };
            execute(union, &subject, &steps, |n| plan.after_crash(n), &old, &new);
        }
    }
}

proptest! {
    #![proptest_config(common::config(12000))]

    #[test]
    fn rename_is_as_on_a_plain_file_system(
        (union, [from, to]) in common::union_and_paths(),
        mode in mode(),
    ) {
        // The VFS lets nothing else come here.
        prop_assume!(!from.starts_with(&to) && !to.starts_with(&from));
        check(union, &from, &to, mode);
    }

    /// Directories that are moved and replaced are seldom met by chance.
    #[test]
    fn empty_directories_are_as_on_a_plain_file_system(
        lower in common::dir(),
        hidden in prop::collection::btree_set(common::name(), 0..=3),
        merged: bool,
        moved in common::dir(),
        moved_opaque: bool,
        below_moved: Option<u32>,
        mode in mode(),
    ) {
        let mut lowers = Dir::default();
        let mut whiteouts = hidden;
        if merged {
            whiteouts.extend(lower.entries.keys().cloned());
            lowers.entries.insert("to".into(), Node::Dir(lower));
        }
        lowers.entries.extend(below_moved.map(|id| ("from".into(), Node::Leaf(id))));
        let to = Dir {
            opaque: false,
            entries: whiteouts.into_iter().map(|name| (name, Node::Whiteout)).collect(),
        };
        let from = Dir { opaque: moved_opaque, ..moved };
        let root = Dir {
            opaque: false,
            entries: [("from".into(), Node::Dir(from)), ("to".into(), Node::Dir(to))].into(),
        };
        let union = Union { top: Top { root, work: None }, lowers: vec![lowers] };
        check(union, &["from".to_string()], &["to".to_string()], mode);
    }
}
