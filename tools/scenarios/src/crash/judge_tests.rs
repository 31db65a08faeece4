// SPDX-License-Identifier: GPL-2.0-only
//! Tests of the judge: it accepts trees that a correct file system may leave, and finds impossible ones.

use std::ops::Range;

use super::cell::{CELL, Cell, encode};
use super::generate;
use super::history::History;
use super::judge::{self, Cut, Found, Habits, Order, Seen};
use super::op::{By, Op, Sync};
use super::start;
use super::tree::{Ino, describe};
use crate::random::Dice;

fn judge(history: &History, cut: Cut, seen: &Seen) -> Result<usize, Vec<String>> {
    judge::judge(history, cut, Habits::STRICT, seen)
}

fn history(ops: &[Op]) -> History {
    let mut history = History::new(start::tree(start::START));
    for op in ops {
        assert!(history.push(op.clone()), "{op}");
    }
    history
}

fn bytes(ino: Ino, cells: &[Cell]) -> Vec<u8> {
    let encoded = cells.iter().enumerate().map(|(index, cell)| match cell {
        Cell::Version(number) => encode(ino, *number, index),
        Cell::Zero | Cell::Foreign => [0; CELL],
    });
    encoded.flatten().collect()
}

/// The tree after an operation, as programs saw it.
fn after(history: &History, number: usize) -> Seen {
    let tree = history.tree(number);
    let entries = tree.entries();
    entries
        .map(|(path, ino, inode)| {
            let links = tree.links(ino);
            let found = Found {
                line: describe(&inode.kind, inode.mode, links, inode.xattr.as_deref()),
                data: bytes(ino, &history.contents(ino, number)),
            };
            (path.to_owned(), found)
        })
        .collect()
}

fn ended(history: &History) -> Cut {
    Cut {
        done: history.len(),
        begun: history.len(),
    }
}

fn text(path: &str) -> String {
    path.to_owned()
}

fn write(path: &str, at: usize, cells: usize, sync: Sync) -> Op {
    Op::Write {
        path: text(path),
        at,
        cells,
        by: By::Call,
        sync,
    }
}

fn sync(path: &str, sync: Sync) -> Op {
    Op::Sync {
        path: text(path),
        sync,
    }
}

#[test]
fn what_programs_saw_last_is_always_right() {
    for seed in 0..30 {
        let history = generate::workload(seed, generate::OPERATIONS);
        let mut dice = Dice::new(seed);
        for _ in 0..10 {
            let number = dice.roll(history.len() + 1);
            let (done, begun) = (number, (number + 1).min(history.len()));
            let seen = after(&history, number);
            let found = judge(&history, Cut { done, begun }, &seen);
            assert!(found.is_ok(), "seed {seed}: {found:?}");
        }
    }
}

#[test]
fn a_tree_of_before_a_sync_is_wrong() {
    for seed in 0..30 {
        let history = generate::workload(seed, generate::OPERATIONS);
        let promised = history.names_promised(history.len());
        let lost = (0..promised).rfind(|number| history.tree(*number) != history.tree(promised));
        let Some(lost) = lost else { continue };
        // Another operation may have undone the promised one.
        let trees = promised..=history.len();
        if trees.into_iter().any(|number| {
            after(&history, number)
                .keys()
                .eq(after(&history, lost).keys())
        }) {
            continue;
        }
        assert!(judge(&history, ended(&history), &after(&history, lost)).is_err());
    }
}

#[test]
fn a_file_that_is_being_extended_ends_where_its_block_does_but_no_later() {
    let history = history(&[
        Op::Create {
            path: text("long"),
            cells: 63,
        },
        Op::Truncate {
            path: text("long"),
            cells: 200,
        },
    ]);
    let cut = Cut { done: 1, begun: 2 };
    for (cells, right) in [
        (63, true),
        (64, true),
        (65, false),
        (128, false),
        (200, true),
    ] {
        let mut seen = after(&history, 2);
        let found = seen.get_mut("long").unwrap();
        found.data.truncate(cells * CELL);
        assert_eq!(judge(&history, cut, &seen).is_ok(), right, "{cells} cells");
    }
}

#[test]
fn a_deleted_name_comes_back_only_before_it_is_synced() {
    let unlink = Op::Unlink { path: text("f1") };
    let open = history(std::slice::from_ref(&unlink));
    assert_eq!(judge(&open, ended(&open), &after(&open, 0)), Ok(0));
    let closed = history(&[unlink, sync("", Sync::Full)]);
    let wrong = judge(&closed, ended(&closed), &after(&closed, 0)).unwrap_err();
    assert!(
        wrong
            .iter()
            .any(|line| line.contains("\"f1\" must not be there")),
        "{wrong:?}"
    );
}

#[test]
fn a_name_that_nobody_removed_is_missed() {
    let history = history(&[Op::Chmod {
        path: text("a"),
        mode: 0o700,
    }]);
    let mut seen = after(&history, 1);
    seen.remove("a/f0");
    assert!(judge(&history, ended(&history), &seen).is_err());
}

#[test]
fn a_copy_holds_what_the_lower_file_holds() {
    let history = history(&[Op::Chmod {
        path: text("f1"),
        mode: 0o600,
    }]);
    let whole = after(&history, 1);
    let length = whole["f1"].data.len();
    for spoil in [
        // Empty, short, zeros, zeros at the end, another file.
        Vec::new(),
        whole["f1"].data[..length - CELL].to_vec(),
        vec![0; length],
        [&whole["f1"].data[..length - CELL], &[0; CELL]].concat(),
        whole["f2"].data.clone(),
    ] {
        let mut seen = whole.clone();
        seen.get_mut("f1").unwrap().data = spoil;
        let wrong = judge(&history, ended(&history), &seen).unwrap_err();
        assert!(
            wrong.iter().any(|line| line.contains("contents of \"f1\"")),
            "{wrong:?}"
        );
    }
}

#[test]
fn what_was_written_may_be_lost_until_it_is_synced() {
    for how in [Sync::No, Sync::Full, Sync::Data, Sync::Open, Sync::OpenData] {
        let history = history(&[write("f1", 3, 2, how)]);
        let mut seen = after(&history, 1);
        // One cell reached the disk, the other did not.
        let (ino, _) = history.last().find("f1").unwrap();
        seen.get_mut("f1").unwrap().data[3 * CELL..4 * CELL].copy_from_slice(&encode(ino, 0, 3));
        let found = judge(&history, ended(&history), &seen);
        assert_eq!(found.is_ok(), how == Sync::No, "{how:?}: {found:?}");
    }
}

#[test]
fn writing_through_is_of_what_is_written() {
    let history = history(&[write("f1", 0, 2, Sync::No), write("f1", 140, 2, Sync::Open)]);
    let (ino, _) = history.last().find("f1").unwrap();
    let mut cells = history.contents(ino, 2);
    cells[0] = Cell::Version(0);
    let mut seen = after(&history, 2);
    seen.get_mut("f1").unwrap().data = bytes(ino, &cells);
    assert!(judge(&history, ended(&history), &seen).is_ok());
    seen.get_mut("f1").unwrap().data.truncate(141 * CELL);
    assert!(judge(&history, ended(&history), &seen).is_err());
}

#[test]
fn old_cells_are_never_zeros_new_space_may_be() {
    let history = history(&[write("f1", 129, 2, Sync::No)]);
    let (ino, _) = history.last().find("f1").unwrap();
    for (index, is_new) in [(128, false), (129, false), (130, true)] {
        let mut cells = history.contents(ino, 1);
        cells[index] = Cell::Zero;
        let mut seen = after(&history, 1);
        seen.get_mut("f1").unwrap().data = bytes(ino, &cells);
        assert_eq!(
            judge(&history, ended(&history), &seen).is_ok(),
            is_new,
            "{index}"
        );
    }
}

#[test]
fn a_truncation_is_kept_in_order_with_names() {
    let history = history(&[
        Op::Truncate {
            path: text("f1"),
            cells: 10,
        },
        Op::Mkdir { path: text("n0") },
    ]);
    let mut seen = after(&history, 0);
    assert_eq!(judge(&history, ended(&history), &seen), Ok(0));
    // The block that is cut may have been written, the next not.
    let cells = seen["f1"].data.len() / CELL;
    seen.get_mut("f1").unwrap().data[10 * CELL..64 * CELL].fill(0);
    assert_eq!(judge(&history, ended(&history), &seen), Ok(0));
    seen.get_mut("f1").unwrap().data[64 * CELL..cells * CELL].fill(0);
    assert!(judge(&history, ended(&history), &seen).is_err());
    let mut seen = after(&history, 0);
    // The directory exists, so the file must be short.
    seen.insert(text("n0"), after(&history, 2)["n0"].clone());
    assert!(judge(&history, ended(&history), &seen).is_err());
}

#[test]
fn only_xfs_shows_the_rest_of_a_block_again_that_was_cut() {
    let cut = || Op::Truncate {
        path: text("f1"),
        cells: 10,
    };
    let grown = history(&[cut(), write("f1", 200, 1, Sync::OpenData)]);
    let is_right = |history: &History, habits, cells: Range<usize>| {
        let mut seen = after(history, history.len());
        let old = after(history, 0)["f1"].data.clone();
        let now = &mut seen.get_mut("f1").unwrap().data;
        let bytes = cells.start * CELL..cells.end * CELL;
        now[bytes.clone()].copy_from_slice(&old[bytes]);
        judge::judge(history, ended(history), habits, &seen).is_ok()
    };
    let xfs = Habits::of("xfs");
    assert!(is_right(&grown, xfs, 10..64));
    assert!(!is_right(&grown, Habits::of("ext4"), 10..64));
    assert!(!is_right(&grown, xfs, 10..65), "that is the next block");
    let synced = history(&[
        cut(),
        sync("f1", Sync::Data),
        write("f1", 200, 1, Sync::OpenData),
    ]);
    assert!(!is_right(&synced, xfs, 10..64));
}

#[test]
fn log_trees_forget_what_is_replaced_until_that_is_synced() {
    let habits = Habits {
        order: Order::OfEach,
        ..Habits::STRICT
    };
    let unlink = || Op::Unlink { path: text("f1") };
    let judged = |ops: &[Op]| {
        let history = history(ops);
        let mut seen = after(&history, history.len());
        seen.insert(text("f1"), after(&history, 0)["f1"].clone());
        judge::judge(&history, ended(&history), habits, &seen)
    };
    let write = || write("f1", 0, 1, Sync::Full);
    assert!(judged(&[write()]).is_err());
    assert!(judged(&[write(), unlink()]).is_ok());
    assert!(judged(&[write(), unlink(), sync("", Sync::Full)]).is_err());
}

#[test]
fn data_sync_keeps_contents_under_any_name_the_file_had() {
    let history = history(&[
        Op::Rename {
            old: text("f1"),
            new: text("n0"),
        },
        write("n0", 0, 1, Sync::Data),
    ]);
    let (ino, _) = history.last().find("n0").unwrap();
    let mut seen = after(&history, 0);
    assert!(judge(&history, ended(&history), &seen).is_err());
    seen.get_mut("f1").unwrap().data = bytes(ino, &history.contents(ino, 2));
    assert_eq!(judge(&history, ended(&history), &seen), Ok(0));
}

#[test]
fn what_had_not_begun_is_not_there() {
    let history = history(&[
        Op::Mkdir { path: text("n0") },
        Op::Mkdir { path: text("n1") },
    ]);
    let cut = Cut { done: 0, begun: 1 };
    assert_eq!(judge(&history, cut, &after(&history, 1)), Ok(1));
    assert!(judge(&history, cut, &after(&history, 2)).is_err());
    // Order: the second without the first.
    let mut seen = after(&history, 2);
    seen.remove("n0");
    assert!(judge(&history, ended(&history), &seen).is_err());
}
