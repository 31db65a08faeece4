// SPDX-License-Identifier: GPL-2.0-only
//! Sequences of operations that programs use for important files.

use super::generate::{Maker, join};
use super::op::{BLOCK, By, Op, Sync};
use super::tree::{Kind, parent};

/// All of them.
pub const ALL: &[fn(&mut Maker)] = &[
    change_first,
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
    move_lower_directories,
    remove_a_moved_directory,
];

/// Each appends its operation if it can be carried out, and returns whether.
impl Maker {
    fn create(&mut self, path: &str, cells: usize) -> bool {
        let path = path.into();
        self.add(Op::Create { path, cells })
    }

    fn write(&mut self, path: &str, at: usize, cells: usize, by: By, sync: Sync) -> bool {
        self.add(Op::Write {
            path: path.into(),
            at,
            cells,
            by,
            sync,
        })
    }

    fn sync(&mut self, path: &str, sync: Sync) -> bool {
        let path = path.into();
        self.add(Op::Sync { path, sync })
    }

    fn chmod(&mut self, path: &str, mode: u32) -> bool {
        let path = path.into();
        self.add(Op::Chmod { path, mode })
    }

    fn mkdir(&mut self, path: &str) -> bool {
        self.add(Op::Mkdir { path: path.into() })
    }

    fn symlink(&mut self, target: &str, path: &str) -> bool {
        let (path, target) = (path.into(), target.into());
        self.add(Op::Symlink { path, target })
    }

    fn link(&mut self, old: &str, new: &str) -> bool {
        let (old, new) = (old.into(), new.into());
        self.add(Op::Link { old, new })
    }

    fn rename(&mut self, old: &str, new: &str) -> bool {
        let (old, new) = (old.into(), new.into());
        self.add(Op::Rename { old, new })
    }

    fn exchange(&mut self, old: &str, new: &str) -> bool {
        let (old, new) = (old.into(), new.into());
        self.add(Op::Exchange { old, new })
    }

    fn unlink(&mut self, path: &str) -> bool {
        self.add(Op::Unlink { path: path.into() })
    }

    fn rmdir(&mut self, path: &str) -> bool {
        self.add(Op::Rmdir { path: path.into() })
    }
}

/// An editor: the new contents under another name, synced, renamed over the old.
fn replace_a_file(m: &mut Maker) {
    let path = m.file();
    let new = m.free();
    m.create(&new, 70);
    m.sync(&new, Sync::Full);
    m.rename(&new, &path);
    m.sync(parent(&path), Sync::Full);
}

/// The same by a program that does not sync.
fn replace_without_sync(m: &mut Maker) {
    let path = m.file();
    let new = m.free();
    m.create(&new, 66);
    m.chmod(&new, 0o755);
    m.rename(&new, &path);
}

/// dpkg: all files beside their places, then a backup link and a rename for each.
fn unpack_a_package(m: &mut Maker) {
    let mut both = Vec::new();
    for _ in 0..2 {
        let (path, new) = (m.file(), m.free());
        m.create(&new, 20);
        m.chmod(&new, 0o755);
        both.push((path, new));
    }
    for (_, new) in &both {
        m.sync(new, Sync::Full);
    }
    for (path, new) in both {
        let backup = m.free();
        m.link(&path, &backup);
        m.rename(&new, &path);
        m.unlink(&backup);
    }
}

/// A database: the old pages into a journal, the new ones in place, the journal removed.
fn commit_with_a_journal(m: &mut Maker) {
    let (path, journal) = (m.file(), m.free());
    m.create(&journal, 64);
    m.sync(&journal, Sync::Data);
    m.sync(parent(&journal), Sync::Full);
    m.write(&path, 1, 64, By::Call, Sync::No);
    m.sync(&path, Sync::Data);
    m.unlink(&journal);
    m.sync(parent(&journal), Sync::Full);
}

/// Appends, each synced in its own way.
fn append_to_a_log(m: &mut Maker) {
    let path = m.free();
    m.create(&path, 1);
    for (at, sync) in [
        (1, Sync::Data),
        (4, Sync::OpenData),
        (7, Sync::No),
        (10, Sync::Full),
    ] {
        m.write(&path, at, 3, By::Call, sync);
    }
}

/// The same block of a file, over and over.
fn edit_in_place(m: &mut Maker) {
    let path = m.file();
    for sync in [Sync::No, Sync::Data, Sync::No] {
        m.write(&path, 0, 2, By::Call, sync);
    }
}

/// A directory is emptied, removed, made again, and filled: its former contents must not reappear.
fn remove_and_make_again(m: &mut Maker) {
    let Some(dir) = m.existing(|kind| matches!(kind, Kind::Dir { .. })) else {
        return;
    };
    clear(m, &dir);
    m.rmdir(&dir);
    m.mkdir(&dir);
    m.create(&join(&dir, "f1"), 5);
    m.sync(&dir, Sync::Full);
}

/// Back and forth: a whiteout is left, then replaced.
fn move_over_whiteout_and_back(m: &mut Maker) {
    let (path, other) = (m.file(), m.file());
    m.unlink(&other);
    m.rename(&path, &other);
    m.sync(&other, Sync::Full);
    m.rename(&other, &path);
}

/// A new directory is exchanged with a file of a lower layer.
fn swap_with_a_new_directory(m: &mut Maker) {
    let (path, dir) = (m.file(), m.free());
    m.mkdir(&dir);
    m.create(&join(&dir, "f1"), 64);
    m.exchange(&path, &dir);
    m.sync(parent(&path), Sync::Full);
}

/// The first change of a file must be on the disk after fdatasync.
fn sync_a_copy(m: &mut Maker) {
    let path = m.file();
    m.write(&path, 0, 1, By::Call, Sync::No);
    m.sync(&path, Sync::Data);
}

/// All files of a directory are removed.
fn empty_a_directory(m: &mut Maker) {
    if let Some(dir) = m.existing(|kind| matches!(kind, Kind::Dir { .. })) {
        clear(m, &dir);
    }
}

/// A file is changed for the first time through a mapping, then again without msync.
fn store_through_a_mapping(m: &mut Maker) {
    let path = m.file();
    for (at, sync) in [(0, Sync::Data), (1, Sync::No)] {
        m.write(&path, at, 2, By::Stores, sync);
    }
}

/// Files are changed for the first time by a write, a splice and a copy that must be there when it returns.
fn change_first(m: &mut Maker) {
    for by in [By::Call, By::Splice, By::Copy] {
        let path = m.lower_file();
        // Whatever commits the journal also makes the name stable; these writes within the file do not.
        for _ in 0..10 {
            m.write(&path, 0, 1, by, Sync::OpenData);
        }
        m.write(&path, 1, 2, by, Sync::No);
    }
}

/// The same with `O_DIRECT`; the second block may be beyond the end.
fn write_past_the_cache(m: &mut Maker) {
    let path = m.file();
    for (at, sync) in [(0, Sync::Data), (BLOCK, Sync::OpenData), (0, Sync::No)] {
        m.write(&path, at, BLOCK, By::Direct, sync);
    }
}

/// A file is removed, another is made in its place, and replaced by a third: whiteouts come and go under one name.
fn cover_a_whiteout(m: &mut Maker) {
    let (path, new) = (m.file(), m.free());
    m.unlink(&path);
    m.create(&path, 3);
    m.create(&new, 9);
    m.rename(&new, &path);
    m.unlink(&path);
    m.sync(parent(&path), Sync::Full);
}

/// A new directory with something in it takes the place of one of a lower layer that was removed.
fn replace_a_removed_directory(m: &mut Maker) {
    let Some(dir) = m.existing(|kind| *kind == Kind::Dir { new: false }) else {
        return;
    };
    let new = m.free();
    m.mkdir(&new);
    m.create(&join(&new, "f2"), 4);
    clear_all(m, &dir);
    m.rmdir(&dir);
    m.rename(&new, &dir);
    m.sync(&dir, Sync::Full);
}

/// The same, with one that still exists, full of whiteouts.
fn replace_an_emptied_directory(m: &mut Maker) {
    let Some(dir) = m.existing(|kind| *kind == Kind::Dir { new: false }) else {
        return;
    };
    let new = m.free();
    m.mkdir(&new);
    m.symlink("f0", &join(&new, "f1"));
    clear_all(m, &dir);
    m.rename(&new, &dir);
    m.mkdir(&join(&dir, "n1"));
}

/// A directory of a lower layer is moved twice, with a new file in it, and exchanged with another one: what is below
/// must be found under one of the names.
fn move_lower_directories(m: &mut Maker) {
    let lower = |m: &mut Maker| {
        let dir = m.existing(|kind| *kind == Kind::Dir { new: false });
        dir.filter(|dir| !dir.is_empty())
    };
    let (Some(dir), new, newer) = (lower(m), m.free(), m.free()) else {
        return;
    };
    m.rename(&dir, &new);
    m.create(&join(&new, "f1"), 3);
    m.sync(&new, Sync::Full);
    m.rename(&new, &newer);
    if let Some(other) = lower(m) {
        m.exchange(&newer, &other);
    }
    m.sync(parent(&newer), Sync::Full);
}

/// A directory with lower parts is moved, emptied and removed: the names deleted in it never come back.
fn remove_a_moved_directory(m: &mut Maker) {
    let dir = m.existing(|kind| *kind == Kind::Dir { new: false });
    let (Some(dir), new) = (dir.filter(|dir| !dir.is_empty()), m.free()) else {
        return;
    };
    m.rename(&dir, &new);
    clear_all(m, &new);
    m.sync(&new, Sync::Full);
    m.rmdir(&new);
    m.sync(parent(&new), Sync::Full);
}

/// Removes everything in a directory but the root, the deepest first.
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
        let _ = m.unlink(&path) || m.rmdir(&path);
    }
}

/// Removes the contents of a directory except directories that are not empty.
fn clear(m: &mut Maker, dir: &str) {
    let tree = m.history.last();
    let names: Vec<String> = tree
        .entries()
        .map(|(path, ..)| path.to_owned())
        .filter(|path| !path.is_empty() && parent(path) == dir)
        .collect();
    for path in names {
        let _ = m.unlink(&path) || m.rmdir(&path);
    }
}
