// SPDX-License-Identifier: GPL-2.0-only

//! The operations of the module, run on a model, show the same as a plain file system; and so they
//! do when they are stopped after any step, or any step fails, up to having happened or not.

mod common;

use common::host::{below, run, same, shown, upper_entry, Failure, Host};
use proptest::prelude::*;
use union_logic::change::redirect::{strays, Change};
use union_logic::change::{
    check_rename, create, link, remove, rename, Move, Refusal, RenameMode, Side, UpperEntry, Victim,
};
use union_logic::mode::Kind;
use union_model::layer::{Dir, Node, Upper};
use union_model::tree::{Error, Seen, Tree};
use union_model::{Path, Union};

/// A new object, as it is made and as it is seen.
fn new_object(directory: bool) -> (Kind, Node, Seen) {
    match directory {
        true => (
            Kind::Directory,
            Node::Dir(Dir::default()),
            Seen::Dir(Tree::default()),
        ),
        false => (Kind::Regular, Node::Leaf(7), Seen::Leaf(7)),
    }
}

/// Makes an object at `path`, and returns the union then.
fn check_create(union: &Union, path: &Path, directory: bool) -> Union {
    let old = union.visible();
    let (kind, node, seen) = new_object(directory);
    let mut new = old.clone();
    match new.create(path, seen) {
        // The VFS does not call it then.
        Err(Error::Exists) => union.clone(),
        other => {
            assert_eq!(other, Ok(()));
            run(union, |host| create(host, path, kind, &node), &old, &new).0
        }
    }
}

fn victim<'p>(union: &Union, path: &'p Path) -> Victim<&'p Path> {
    Victim {
        shown: shown(union, &union.visible(), path),
        upper: matches!(upper_entry(union, path), UpperEntry::Object(_)).then_some(path),
        below: below(union, path),
    }
}

/// Removes what is at `path`, and returns the union then.
fn check_remove(union: &Union, path: &Path) -> Union {
    let old = union.visible();
    let mut new = old.clone();
    let plain = new.remove(path);
    let victim = victim(union, path);
    match victim.shown.check_removable() {
        Err(refusal) => {
            assert_eq!(plain.err(), same(refusal));
            union.clone()
        }
        Ok(()) => {
            assert_eq!(plain, Ok(()));
            run(
                union,
                |host| remove(host, path, victim).map(drop),
                &old,
                &new,
            )
            .0
        }
    }
}

/// Copies an object up as a rename or a link does: of a directory nothing that is in it.
fn copy_up(union: &mut Union, path: &Path) {
    match (union.visible().get(path), union.upper.root.get(path)) {
        (Some(Seen::Leaf(_)), None) => union.copy_up(path),
        (Some(Seen::Dir(_)), None) => union.upper.root.put(path, Node::Dir(Dir::default())),
        _ => {}
    }
}

/// One of the two names; the other one is at `other`.
fn side(union: &Union, tree: &Tree, path: &Path, other: &Path) -> Side {
    let redirect = match union.upper.root.get(path) {
        Some(Node::Dir(dir)) => dir.redirect.as_deref(),
        _ => None,
    };
    let change = match path.split_last().map(|it| it.1) == other.split_last().map(|it| it.1) {
        true => Change::RenameWithin,
        false => Change::RenameAway,
    };
    Side {
        shown: shown(union, tree, path),
        upper: upper_entry(union, path),
        below: below(union, path),
        is_astray: redirect.is_some_and(|to| strays(to.as_bytes(), change)),
    }
}

/// Renames, and returns the union then.
fn check_one_rename(union: &Union, from: &Path, to: &Path, mode: RenameMode) -> Union {
    let mut union = union.clone();
    let old = union.visible();
    let mut new = old.clone();
    let plain = match mode {
        RenameMode::Exchange => new.exchange(from, to),
        mode => new.rename(from, to, mode == RenameMode::NoReplace),
    };
    let one = side(&union, &old, from, to);
    let other = side(&union, &old, to, from);
    let plan = match check_rename(one, other, mode) {
        Err(refusal) => {
            assert_eq!(plain.err(), same(refusal));
            return union;
        }
        Ok(plan) => plan,
    };
    assert_eq!(plain, Ok(()));
    if plan.copy_up_old {
        copy_up(&mut union, from);
    }
    if plan.copy_up_new {
        copy_up(&mut union, to);
    }
    let names = Move {
        old: from,
        object: from,
        new: to,
        target: matches!(upper_entry(&union, to), UpperEntry::Object(_)).then_some(to),
    };
    run(
        &union,
        |host| rename(host, plan, names).map(drop),
        &old,
        &new,
    )
    .0
}

fn mode() -> impl Strategy<Value = RenameMode> {
    prop::sample::select(vec![
        RenameMode::Replace,
        RenameMode::NoReplace,
        RenameMode::Exchange,
    ])
}

proptest! {
    #![proptest_config(common::config(2000))]

    #[test]
    fn create_is_as_on_a_plain_file_system(
        (mut union, [path]) in common::union_and_paths(),
        directory: bool,
    ) {
        union.copy_up_parents(&path);
        check_create(&union, &path, directory);
    }

    #[test]
    fn remove_is_as_on_a_plain_file_system((mut union, [path]) in common::union_and_paths()) {
        union.copy_up_parents(&path);
        check_remove(&union, &path);
    }

    /// An object made over the remains of a removed one shows nothing of it.
    #[test]
    fn a_name_can_be_used_again(
        (mut union, [path]) in common::union_and_paths(),
        directories in prop::collection::vec(any::<bool>(), 1..4),
    ) {
        union.copy_up_parents(&path);
        for directory in directories {
            union = check_remove(&union, &path);
            union = check_create(&union, &path, directory);
        }
    }

    /// A second name, often of a copy: its number is its own from then on.
    #[test]
    fn link_is_as_on_a_plain_file_system((mut union, [from, to]) in common::union_and_paths()) {
        let old = union.visible();
        let mut new = old.clone();
        let Some(&Seen::Leaf(id)) = old.get(&from) else {
            return Ok(());
        };
        if new.create(&to, Seen::Leaf(id)).is_ok() {
            union.copy_up_parents(&from);
            copy_up(&mut union, &from);
            union.copy_up_parents(&to);
            let node = Node::Leaf(id);
            run(&union, |host| link(host, &from[..], &to[..], &node), &old, &new);
        }
    }

    /// Removing does not leave a number in an unexpected place, and neither does moving back and
    /// forth.
    #[test]
    fn moves_follow_each_other(
        (mut union, [a, b, c]) in common::union_and_paths(),
        moves in prop::collection::vec((0..3usize, 0..3usize, mode()), 1..6),
    ) {
        let paths = [a, b, c];
        for (from, to, mode) in moves {
            let (from, to) = (&paths[from], &paths[to]);
            let tree = union.visible();
            let in_dirs = |path: &Path| path.split_last().is_some_and(|(_, dir)| tree.dir(dir).is_some());
            if from.starts_with(to) || to.starts_with(from) || !in_dirs(from) || !in_dirs(to) {
                continue;
            }
            union.copy_up_parents(from);
            union.copy_up_parents(to);
            union = check_one_rename(&union, from, to, mode);
        }
    }
}

proptest! {
    #![proptest_config(common::config(5000))]

    #[test]
    fn rename_is_as_on_a_plain_file_system(
        (mut union, [from, to]) in common::union_and_paths(),
        mode in mode(),
    ) {
        // The VFS calls it with nothing else.
        prop_assume!(!from.starts_with(&to) && !to.starts_with(&from));
        union.copy_up_parents(&from);
        union.copy_up_parents(&to);
        check_one_rename(&union, &from, &to, mode);
    }

    /// Directories that were moved before, some of which have no lower parts any more.
    #[test]
    fn moved_directories_are_as_on_a_plain_file_system(
        (mut union, [from, to]) in common::moved_union_and_paths(),
        mode in mode(),
    ) {
        prop_assume!(!from.starts_with(&to) && !to.starts_with(&from));
        union.copy_up_parents(&from);
        union.copy_up_parents(&to);
        check_one_rename(&union, &from, &to, mode);
    }

    #[test]
    fn moved_directories_are_removed((mut union, [path]) in common::moved_union_and_paths()) {
        union.copy_up_parents(&path);
        check_remove(&union, &path);
    }

    /// Random cases seldom move and replace directories.
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
            entries: whiteouts.into_iter().map(|name| (name, Node::Whiteout)).collect(),
            ..Dir::default()
        };
        let from = Dir { opaque: moved_opaque, ..moved };
        let root = Dir {
            entries: [("from".into(), Node::Dir(from)), ("to".into(), Node::Dir(to))].into(),
            ..Dir::default()
        };
        let union = Union {
            upper: Upper { root, ..Upper::default() },
            lowers: vec![lowers],
        };
        check_one_rename(&union, &["from".to_string()], &["to".to_string()], mode);
    }
}

/// An object put under the name directly is left alone.
#[test]
fn a_name_that_is_taken_after_all_is_refused() {
    let union = Union {
        upper: Upper {
            root: Dir {
                entries: [("a".into(), Node::Leaf(1))].into(),
                ..Dir::default()
            },
            ..Upper::default()
        },
        lowers: Vec::new(),
    };
    let mut host = Host::whole(union);
    let path = ["a".to_string()];
    let refused = create(&mut host, &path[..], Kind::Regular, &Node::Leaf(2));
    assert_eq!(refused, Err(Failure::Refused(Refusal::Stale)));
}

const DESIGN: &str = include_str!("../../../Documentation/design.rst");

fn dir<const N: usize>(entries: [(&str, Node); N]) -> Dir {
    Dir {
        entries: entries.map(|(name, node)| (name.to_string(), node)).into(),
        ..Dir::default()
    }
}

/// A table of the design document: what a crash after each step leaves.
struct Tables(String);

impl Tables {
    /// An operation on a union of these two layers. `plain` does the same on a plain file system.
    fn row<'p>(
        &mut self,
        title: &str,
        layers: (Dir, Dir),
        operation: impl Fn(&Union, &mut Host<'p>) -> Result<(), Failure>,
        plain: impl Fn(&mut Tree) -> Result<(), Error>,
    ) {
        let mut union = Union {
            upper: Upper {
                root: layers.0,
                ..Upper::default()
            },
            lowers: vec![layers.1],
        };
        // A leaf that both layers have is a copy.
        for (name, node) in &union.upper.root.entries {
            if let (Node::Leaf(id), Some(beneath)) = (node, union.lowers[0].entries.get(name)) {
                if node == beneath {
                    union.upper.copies.insert(*id);
                    union.upper.root.impure = true;
                }
            }
        }
        let old = union.visible();
        let mut new = old.clone();
        plain(&mut new).unwrap();
        let (_, trace) = run(&union, |host| operation(&union, host), &old, &new);
        self.0 += &format!("    {title}\n");
        for (step, left) in trace {
            self.0 += &format!("      {step:<44}{left}\n");
        }
    }
}

/// The design document says what the operations do, as they are.
#[test]
fn the_design_has_the_crash_tables() {
    let paths = ["a", "b"].map(|name| [name.to_string()]);
    let (a, b) = (&paths[0][..], &paths[1][..]);
    let in_d = ["d".to_string(), "a".to_string()];
    let (file, empty) = (Node::Leaf(1), || Node::Dir(Dir::default()));
    let hides = || Node::Dir(dir([("x", Node::Whiteout)]));
    let full = || Node::Dir(dir([("x", Node::Leaf(3))]));
    let moved = |node| match node {
        Node::Dir(dir) => Node::Dir(Dir {
            redirect: Some("b".to_string()),
            ..dir
        }),
        other => other,
    };

    let mut making = Tables(String::new());
    let made = Node::Leaf(7);
    for (title, upper, kind, node, seen) in [
        (
            "The upper layer holds nothing there",
            dir([]),
            Kind::Regular,
            &made,
            Seen::Leaf(7),
        ),
        (
            "A file over a whiteout",
            dir([("a", Node::Whiteout)]),
            Kind::Regular,
            &made,
            Seen::Leaf(7),
        ),
        (
            "A directory over a whiteout",
            dir([("a", Node::Whiteout)]),
            Kind::Directory,
            &empty(),
            Seen::Dir(Tree::default()),
        ),
    ] {
        making.row(
            title,
            (upper, dir([])),
            |_, host| create(host, a, kind, node),
            |tree| tree.create(a, seen.clone()),
        );
    }
    making.row(
        "Another name, in another directory, for a copy",
        (
            dir([("a", file.clone()), ("d", empty())]),
            dir([("a", file.clone())]),
        ),
        |_, host| link(host, a, &in_d, &file),
        |tree| tree.create(&in_d, Seen::Leaf(1)),
    );

    let mut removing = Tables(String::new());
    for (title, upper, lower) in [
        (
            "A file or an empty directory of the upper layer only",
            dir([("a", file.clone())]),
            dir([]),
        ),
        (
            "A directory of the upper layer only that holds whiteouts",
            dir([("a", hides())]),
            dir([]),
        ),
        (
            "A directory whose lower parts have another name, that holds whiteouts",
            dir([("a", moved(hides()))]),
            dir([("b", full())]),
        ),
        (
            "The upper layer holds nothing there",
            dir([]),
            dir([("a", file.clone())]),
        ),
        (
            "A file with something beneath",
            dir([("a", file.clone())]),
            dir([("a", file.clone())]),
        ),
        (
            "A directory with something beneath",
            dir([("a", hides())]),
            dir([("a", full())]),
        ),
    ] {
        removing.row(
            title,
            (upper, lower),
            |union, host| remove(host, a, victim(union, a)).map(drop),
            |tree| tree.remove(a),
        );
    }

    let mut renaming = Tables(String::new());
    for (title, mode, upper, lower) in [
        (
            "A new file, to a name that is free or taken by a file",
            RenameMode::Replace,
            dir([("a", file.clone())]),
            dir([]),
        ),
        (
            "A copy, likewise",
            RenameMode::Replace,
            dir([("a", file.clone())]),
            dir([("a", file.clone())]),
        ),
        (
            "A copy, over a whiteout",
            RenameMode::Replace,
            dir([("a", file.clone()), ("b", Node::Whiteout)]),
            dir([("a", file.clone()), ("b", Node::Leaf(2))]),
        ),
        (
            "A new directory, over a whiteout",
            RenameMode::Replace,
            dir([("a", empty()), ("b", Node::Whiteout)]),
            dir([("b", full())]),
        ),
        (
            "A new directory, over a merged one that holds whiteouts",
            RenameMode::Replace,
            dir([("a", empty()), ("b", hides())]),
            dir([("b", full())]),
        ),
        (
            "A directory with lower parts, to a name that is free",
            RenameMode::Replace,
            dir([("a", empty())]),
            dir([("a", full())]),
        ),
        (
            "The same, over a whiteout",
            RenameMode::Replace,
            dir([("a", empty()), ("b", Node::Whiteout)]),
            dir([("a", full()), ("b", Node::Leaf(2))]),
        ),
        (
            "Two directories with lower parts are exchanged",
            RenameMode::Exchange,
            dir([("a", empty()), ("b", empty())]),
            dir([("a", full()), ("b", Node::Dir(dir([("y", Node::Leaf(4))])))]),
        ),
        (
            "A new directory is exchanged with a copy",
            RenameMode::Exchange,
            dir([("a", empty()), ("b", Node::Leaf(2))]),
            dir([("b", Node::Leaf(2))]),
        ),
    ] {
        renaming.row(
            title,
            (upper, lower),
            |union, host| {
                let tree = union.visible();
                let (one, other) = (side(union, &tree, a, b), side(union, &tree, b, a));
                let plan = check_rename(one, other, mode)?;
                let target = matches!(other.upper, UpperEntry::Object(_)).then_some(b);
                let names = Move {
                    old: a,
                    object: a,
                    new: b,
                    target,
                };
                rename(host, plan, names).map(drop)
            },
            |tree| match mode {
                RenameMode::Exchange => tree.exchange(a, b),
                _ => tree.rename(a, b, false),
            },
        );
    }
    let missing: Vec<String> = [making, removing, renaming]
        .into_iter()
        .map(|Tables(text)| text)
        .filter(|text| !DESIGN.contains(text))
        .collect();
    assert!(
        missing.is_empty(),
        "design.rst should have:\n{}",
        missing.join("\n")
    );
}
