// SPDX-License-Identifier: GPL-2.0-only
//! What programs do to files they care for, as sequences of operations.

use super::generate::{Maker, join};
use super::op::{BLOCK, By, Op, Sync};
use super::tree::{Kind, parent};

/// All of them.
pub const ALL: &[fn(&mut Maker)] = &[
    sync_a_copy,
    replace_a_file,
    replace_without_sync,
    unpack_a_package,
    commit_with_a_journal,
    append_to_a_log,
    edit_in_place,
    remove_and_make_again,
    move_over_whiteout_and_back,
    swap_with_a_new_directory,
    empty_a_directory,
    store_through_a_mapping,
    write_past_the_cache,
    cover_a_whiteout,
    replace_a_removed_directory,
    replace_an_emptied_directory,
];

/// What an editor does: the new contents under another name, synced, renamed over the old.
fn replace_a_file(m: &mut Maker) {
    let path = m.file();
    let new = m.free();
    m.add(Op::Create {
        path: new.clone(),
        cells: 70,
    });
    m.add(Op::Sync {
        path: new.clone(),
        sync: Sync::Full,
    });
    m.add(Op::Rename {
        old: new,
        new: path.clone(),
    });
    m.add(Op::Sync {
        path: parent(&path).to_owned(),
        sync: Sync::Full,
    });
}

/// The same by a program that does not sync.
fn replace_without_sync(m: &mut Maker) {
    let path = m.file();
    let new = m.free();
    m.add(Op::Create {
        path: new.clone(),
        cells: 66,
    });
    m.add(Op::Chmod {
        path: new.clone(),
        mode: 0o755,
    });
    m.add(Op::Rename {
        old: new,
        new: path,
    });
}

/// What dpkg does: all files beside their places, then a backup link and a rename for each.
fn unpack_a_package(m: &mut Maker) {
    let mut both = Vec::new();
    for _ in 0..2 {
        let (path, new) = (m.file(), m.free());
        m.add(Op::Create {
            path: new.clone(),
            cells: 20,
        });
        m.add(Op::Chmod {
            path: new.clone(),
            mode: 0o755,
        });
        both.push((path, new));
    }
    for (_, new) in &both {
        m.add(Op::Sync {
            path: new.clone(),
            sync: Sync::Full,
        });
    }
    for (path, new) in both {
        let backup = m.free();
        m.add(Op::Link {
            old: path.clone(),
            new: backup.clone(),
        });
        m.add(Op::Rename {
            old: new,
            new: path,
        });
        m.add(Op::Unlink { path: backup });
    }
}

/// What a database does: the old pages into a journal, the new ones in place, the journal away.
fn commit_with_a_journal(m: &mut Maker) {
    let (path, journal) = (m.file(), m.free());
    m.add(Op::Create {
        path: journal.clone(),
        cells: 64,
    });
    m.add(Op::Sync {
        path: journal.clone(),
        sync: Sync::Data,
    });
    m.add(Op::Sync {
        path: parent(&journal).to_owned(),
        sync: Sync::Full,
    });
    m.add(Op::Write {
        path: path.clone(),
        at: 1,
        cells: 64,
        by: By::Call,
        sync: Sync::No,
    });
    m.add(Op::Sync {
        path,
        sync: Sync::Data,
    });
    m.add(Op::Unlink {
        path: journal.clone(),
    });
    m.add(Op::Sync {
        path: parent(&journal).to_owned(),
        sync: Sync::Full,
    });
}

/// Appends, each synced in its own way.
fn append_to_a_log(m: &mut Maker) {
    let path = m.free();
    m.add(Op::Create {
        path: path.clone(),
        cells: 1,
    });
    for (at, sync) in [
        (1, Sync::Data),
        (4, Sync::OpenData),
        (7, Sync::No),
        (10, Sync::Full),
    ] {
        m.add(Op::Write {
            path: path.clone(),
            at,
            cells: 3,
            by: By::Call,
            sync,
        });
    }
}

/// The same block of a file, over and over.
fn edit_in_place(m: &mut Maker) {
    let path = m.file();
    for sync in [Sync::No, Sync::Data, Sync::No] {
        m.add(Op::Write {
            path: path.clone(),
            at: 0,
            cells: 2,
            by: By::Call,
            sync,
        });
    }
}

/// A directory is emptied, removed, made again, and filled: what was in it must not come back.
fn remove_and_make_again(m: &mut Maker) {
    let Some(dir) = m.existing(|kind| matches!(kind, Kind::Dir { .. })) else {
        return;
    };
    clear(m, &dir);
    m.add(Op::Rmdir { path: dir.clone() });
    m.add(Op::Mkdir { path: dir.clone() });
    m.add(Op::Create {
        path: join(&dir, "f1"),
        cells: 5,
    });
    m.add(Op::Sync {
        path: dir,
        sync: Sync::Full,
    });
}

/// There and back: a whiteout is left, then covered again.
fn move_over_whiteout_and_back(m: &mut Maker) {
    let (path, other) = (m.file(), m.file());
    m.add(Op::Unlink {
        path: other.clone(),
    });
    m.add(Op::Rename {
        old: path.clone(),
        new: other.clone(),
    });
    m.add(Op::Sync {
        path: other.clone(),
        sync: Sync::Full,
    });
    m.add(Op::Rename {
        old: other,
        new: path,
    });
}

/// A new directory changes places with a file of a lower layer.
fn swap_with_a_new_directory(m: &mut Maker) {
    let (path, dir) = (m.file(), m.free());
    m.add(Op::Mkdir { path: dir.clone() });
    m.add(Op::Create {
        path: join(&dir, "f1"),
        cells: 64,
    });
    m.add(Op::Exchange {
        old: path.clone(),
        new: dir,
    });
    m.add(Op::Sync {
        path: parent(&path).to_owned(),
        sync: Sync::Full,
    });
}

/// The first change of a file is one that must be there after fdatasync.
fn sync_a_copy(m: &mut Maker) {
    let path = m.file();
    m.add(Op::Write {
        path: path.clone(),
        at: 0,
        cells: 1,
        by: By::Call,
        sync: Sync::No,
    });
    m.add(Op::Sync {
        path,
        sync: Sync::Data,
    });
}

/// All files of a directory go.
fn empty_a_directory(m: &mut Maker) {
    if let Some(dir) = m.existing(|kind| matches!(kind, Kind::Dir { .. })) {
        clear(m, &dir);
    }
}

/// A file is changed for the first time through a mapping, then again without msync.
fn store_through_a_mapping(m: &mut Maker) {
    let path = m.file();
    for (at, sync) in [(0, Sync::Data), (1, Sync::No)] {
        m.add(Op::Write {
            path: path.clone(),
            at,
            cells: 2,
            by: By::Stores,
            sync,
        });
    }
}

/// The same with `O_DIRECT`; the second block may lie behind the end.
fn write_past_the_cache(m: &mut Maker) {
    let path = m.file();
    for (at, sync) in [(0, Sync::Data), (BLOCK, Sync::OpenData), (0, Sync::No)] {
        m.add(Op::Write {
            path: path.clone(),
            at,
            cells: BLOCK,
            by: By::Direct,
            sync,
        });
    }
}

/// A file goes, another is made in its place, and replaced by a third: whiteouts come and go under one name.
fn cover_a_whiteout(m: &mut Maker) {
    let (path, new) = (m.file(), m.free());
    m.add(Op::Unlink { path: path.clone() });
    m.add(Op::Create {
        path: path.clone(),
        cells: 3,
    });
    m.add(Op::Create {
        path: new.clone(),
        cells: 9,
    });
    m.add(Op::Rename {
        old: new,
        new: path.clone(),
    });
    m.add(Op::Unlink { path: path.clone() });
    m.add(Op::Sync {
        path: parent(&path).to_owned(),
        sync: Sync::Full,
    });
}

/// A new directory with something in it takes the place of one of a lower layer that was removed.
fn replace_a_removed_directory(m: &mut Maker) {
    let Some(dir) = m.existing(|kind| *kind == Kind::Dir { movable: false }) else {
        return;
    };
    let new = m.free();
    m.add(Op::Mkdir { path: new.clone() });
    m.add(Op::Create {
        path: join(&new, "f2"),
        cells: 4,
    });
    clear_all(m, &dir);
    m.add(Op::Rmdir { path: dir.clone() });
    m.add(Op::Rename {
        old: new,
        new: dir.clone(),
    });
    m.add(Op::Sync {
        path: dir,
        sync: Sync::Full,
    });
}

/// The same, with one that is still there, full of whiteouts.
fn replace_an_emptied_directory(m: &mut Maker) {
    let Some(dir) = m.existing(|kind| *kind == Kind::Dir { movable: false }) else {
        return;
    };
    let new = m.free();
    m.add(Op::Mkdir { path: new.clone() });
    m.add(Op::Symlink {
        path: join(&new, "f1"),
        target: "f0".into(),
    });
    clear_all(m, &dir);
    m.add(Op::Rename {
        old: new,
        new: dir.clone(),
    });
    m.add(Op::Mkdir {
        path: join(&dir, "n1"),
    });
}

/// Removes everything in a directory but the root, what has most components first.
fn clear_all(m: &mut Maker, dir: &str) {
    if dir.is_empty() {
        return;
    }
    let below = join(dir, "");
    let tree = m.history.last();
    let mut paths: Vec<String> = tree
        .entries()
        .map(|(path, ..)| path.to_owned())
        .filter(|path| path.starts_with(&below))
        .collect();
    paths.sort_by_key(|path| std::cmp::Reverse(path.matches('/').count()));
    for path in paths {
        let _ = m.add(Op::Unlink { path: path.clone() }) || m.add(Op::Rmdir { path });
    }
}

/// Removes what is in a directory but directories that are not empty.
fn clear(m: &mut Maker, dir: &str) {
    let tree = m.history.last();
    let names: Vec<String> = tree
        .entries()
        .map(|(path, ..)| path.to_owned())
        .filter(|path| !path.is_empty() && parent(path) == dir)
        .collect();
    for path in names {
        let _ = m.add(Op::Unlink { path: path.clone() }) || m.add(Op::Rmdir { path });
    }
}
