// SPDX-License-Identifier: GPL-2.0-only

//! Creating and removing through plans shows the same as on a plain file system; and so does a plan
//! cut off after any step, up to having happened or not.

mod common;

use common::execute::{below, execute, holds_whiteouts, kind_of, same, upper, Subject};
use proptest::prelude::*;
use union_logic::entry::Kind;
use union_logic::mutate::{create, remove};
use union_model::layer::{Dir, Node};
use union_model::tree::{Seen, Tree};

proptest! {
    #![proptest_config(common::config(4000))]

    #[test]
    fn create_is_as_on_a_plain_file_system(
        (mut union, [path]) in common::union_and_paths(),
        directory: bool,
    ) {
        let old = union.visible();
        union.copy_up_parents(&path);

        let (kind, made, seen) = match directory {
            true => (Kind::Directory, Node::Dir(Dir::default()), Seen::Dir(Tree::default())),
            false => (Kind::Regular, Node::Leaf(7), Seen::Leaf(7)),
        };
        let mut new = old.clone();
        let plain = new.create(&path, seen);
        match create(kind, upper(&union, &path), below(&union, &path)) {
            Err(refusal) => prop_assert_eq!(plain.err(), same(refusal)),
            Ok(plan) => {
                prop_assert_eq!(plain, Ok(()));
                let subject = Subject { old: &[], new: &path, made };
                execute(union, &subject, plan.steps(), |n| plan.after_crash(n), &old, &new);
            }
        }
    }

    #[test]
    fn remove_is_as_on_a_plain_file_system(
        (mut union, [path]) in common::union_and_paths(),
    ) {
        let old = union.visible();
        union.copy_up_parents(&path);

        let mut new = old.clone();
        let plain = new.remove(&path);
        let target = old.get(&path);
        let plan = remove(
            target.map_or(Kind::Regular, kind_of),
            upper(&union, &path),
            below(&union, &path),
            target.is_some_and(Seen::is_empty_dir),
            holds_whiteouts(&union, &path),
        );
        match plan {
            Err(refusal) => prop_assert_eq!(plain.err(), same(refusal)),
            Ok(plan) => {
                prop_assert_eq!(plain, Ok(()));
                let subject = Subject { old: &[], new: &path, made: Node::Whiteout };
                execute(union, &subject, plan.steps(), |n| plan.after_crash(n), &old, &new);
            }
        }
    }

    /// What is made over the remains of what was removed shows nothing of them.
    #[test]
    fn a_name_can_be_used_again(
        (mut union, [path]) in common::union_and_paths(),
        directories in prop::collection::vec(any::<bool>(), 1..4),
    ) {
        union.copy_up_parents(&path);
        for directory in directories {
            let mut old = union.visible();
            // Take away what is there; if it cannot be, there is nothing to test.
            if let Some(target) = old.get(&path) {
                prop_assume!(!target.is_dir() || target.is_empty_dir());
                let plan = remove(
                    kind_of(target),
                    upper(&union, &path),
                    below(&union, &path),
                    true,
                    holds_whiteouts(&union, &path),
                ).unwrap();
                let mut new = old.clone();
                new.remove(&path).unwrap();
                let subject = Subject { old: &[], new: &path, made: Node::Whiteout };
                union = execute(union, &subject, plan.steps(), |n| plan.after_crash(n), &old, &new);
                old = new;
            }
            let (kind, made, seen) = match directory {
                true => (Kind::Directory, Node::Dir(Dir::default()), Seen::Dir(Tree::default())),
                false => (Kind::Regular, Node::Leaf(7), Seen::Leaf(7)),
            };
            let mut new = old.clone();
            new.create(&path, seen).unwrap();
            let plan = create(kind, upper(&union, &path), below(&union, &path)).unwrap();
            let subject = Subject { old: &[], new: &path, made };
            union = execute(union, &subject, plan.steps(), |n| plan.after_crash(n), &old, &new);
        }
    }
}
