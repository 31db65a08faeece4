// SPDX-License-Identifier: GPL-2.0-only

//! Renaming through plans shows the same as on a plain file system, also when cut off.

mod common;

use common::execute::{below, execute, holds_whiteouts, kind_of, same, upper, Subject};
use proptest::prelude::*;
use union_logic::mutate::{rename, Refusal, RenameMode, Side, Step, Upper};
use union_model::layer::Node;
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
        RenameMode::Whiteout,
    ])
}

proptest! {
    #![proptest_config(common::config(12000))]

    #[test]
    fn rename_is_as_on_a_plain_file_system(
        (mut union, [from, to]) in common::union_and_paths(),
        mode in mode(),
    ) {
        // The VFS lets nothing else come here.
        prop_assume!(!from.starts_with(&to) && !to.starts_with(&from));
        let old = union.visible();
        union.copy_up_parents(&from);
        union.copy_up_parents(&to);

        let mut new = old.clone();
        let plain = match mode {
            RenameMode::Exchange => new.exchange(&from, &to),
            mode => new.rename(&from, &to, mode == RenameMode::NoReplace),
        };
        let (a, b) = (side(&union, &old, &from), side(&union, &old, &to));
        match rename(a, b, mode) {
            Err(Refusal::CrossDevice) => {
                let unmovable = |s: Side| s.merged || s.upper == Upper::Nothing;
                prop_assert!(unmovable(a) || (mode == RenameMode::Exchange && unmovable(b)));
            }
            Err(refusal) => prop_assert_eq!(plain.err(), same(refusal)),
            Ok(plan) => {
                prop_assert_eq!(plain, Ok(()));
                let steps: Vec<Step> = plan.steps().collect();
                let subject = Subject { old: &from, new: &to, made: Node::Whiteout };
                execute(union, &subject, &steps, |n| plan.after_crash(n), &old, &new);
            }
        }
    }
}
