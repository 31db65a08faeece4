// SPDX-License-Identifier: GPL-2.0-only
//! The generator's estimate of the tree, so that most of its operations concern existing objects. It follows the
//! operations that succeed, roughly, and forgets names that turn out to be missing. Where it is wrong an operation
//! fails, on both sides; nothing depends on it.

use std::collections::BTreeMap;

use super::op::{ACTORS, Op, SLOTS, Slot, Step};
use super::rehearse::Tried;
use super::start::NAMES;
use crate::random::Dice;
use crate::tree::{Entry, Kind};

/// The object of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// Anything else.
    Other,
}

/// The object of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What.
    pub what: What,
    /// Whether it can be written.
    pub writable: bool,
}

/// The tree and the descriptors.
pub struct Hope {
    tree: BTreeMap<String, What>,
    slots: [[Option<Opened>; SLOTS]; ACTORS],
}

/// Directories are not made deeper than this number of slashes.
const DEEPEST: usize = 3;

impl Hope {
    /// The tree of these entries, nothing open.
    pub fn new(entries: &[Entry]) -> Self {
        let what = |kind: &Kind| match kind {
            Kind::File { .. } => What::File,
            Kind::Dir { .. } => What::Dir,
            _ => What::Other,
        };
        let names = entries.iter();
        Self {
            tree: names
                .map(|entry| (entry.path.clone(), what(&entry.kind)))
                .collect(),
            slots: [[None; SLOTS]; ACTORS],
        }
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Some name, of a kind if one is given.
    pub fn existing(&self, dice: &mut Dice, what: Option<What>) -> Option<String> {
        let fits = |found: What| what.is_none_or(|what| what == found);
        let mut names: Vec<_> = self
            .tree
            .iter()
            .filter(|(_, found)| fits(**found))
            .collect();
        match names.len() {
            0 => None,
            count => Some(names.swap_remove(dice.roll(count)).0.clone()),
        }
    }

    /// A name in an existing directory, which may be in use.
    pub fn place(&self, dice: &mut Dice) -> String {
        let name = NAMES[dice.roll(NAMES.len())];
        let dir = match dice.roll(4) {
            0 => None,
            _ => self.existing(dice, Some(What::Dir)),
        };
        match dir {
            Some(dir) if dir.matches('/').count() < DEEPEST => format!("{dir}/{name}"),
            _ => name.to_owned(),
        }
    }

    /// A name that is probably free.
    pub fn free(&self, dice: &mut Dice) -> String {
        let mut path = self.place(dice);
        for _ in 0..4 {
            if !self.tree.contains_key(&path) {
                break;
            }
            path = self.place(dice);
        }
        path
    }

    /// A descriptor of a process that satisfies `fits`.
    pub fn slot(
        &self,
        dice: &mut Dice,
        actor: usize,
        fits: impl Fn(Opened) -> bool,
    ) -> Option<Slot> {
        let open = |slot: &Slot| self.slots[actor][*slot].is_some_and(&fits);
        let slots: Vec<Slot> = (0..SLOTS).filter(open).collect();
        match slots.len() {
            0 => None,
            count => Some(slots[dice.roll(count)]),
        }
    }

    /// A slot for another descriptor.
    pub fn free_slot(&self, actor: usize) -> Option<Slot> {
        self.slots[actor].iter().position(Option::is_none)
    }

    /// Follows an operation that succeeds.
    pub fn believe(&mut self, step: &Step) {
        let slots = &mut self.slots[step.actor];
        match &step.op {
            Op::Open {
                slot, path, flags, ..
            } => {
                let path = plain(path);
                let created = flags & libc::O_CREAT != 0;
                let unnamed = flags & libc::O_TMPFILE == libc::O_TMPFILE;
                let found = self.tree.get(path).copied();
                let what = match found {
                    _ if unnamed => Some(What::File),
                    None if created => Some(What::File),
                    found => found,
                };
                let writable = flags & libc::O_ACCMODE != libc::O_RDONLY;
                slots[*slot] = what.map(|what| Opened { what, writable });
                if created && found.is_none() {
                    self.add(path, What::File);
                }
            }
            Op::Close { slot } => slots[*slot] = None,
            Op::Mkdir { path, .. } => self.add(plain(path), What::Dir),
            Op::Symlink { path, .. } | Op::Mkfifo { path, .. } | Op::Mknod { path, .. } => {
                self.add(plain(path), What::Other);
            }
            Op::Link { old, new } => {
                let what = self.tree.get(plain(old)).copied();
                self.add(plain(new), what.unwrap_or(What::Other));
            }
            Op::LinkFd { new, .. } => self.add(plain(new), What::File),
            Op::Unlink { path } | Op::Rmdir { path } | Op::RemoveTree { path } => {
                drop(self.take(plain(path)));
            }
            Op::Rename { old, new, flags } => self.rename(plain(old), plain(new), *flags),
            Op::Remount | Op::Rotate => self.slots = [[None; SLOTS]; ACTORS],
            _ => {}
        }
    }

    /// Forgets the names of an operation that are missing after it.
    pub fn correct(&mut self, step: &Step, tried: Tried) {
        for (index, path) in step.op.paths().into_iter().enumerate() {
            if tried.gone(index) {
                drop(self.take(plain(path)));
            }
        }
        for (index, slot) in step.op.slots().into_iter().enumerate() {
            if tried.closed(index) {
                self.slots[step.actor][slot] = None;
            }
        }
    }

    fn rename(&mut self, old: &str, new: &str, flags: u32) {
        let nested = |one: &str, two: &str| format!("{two}/").starts_with(&format!("{one}/"));
        if nested(old, new) || nested(new, old) || !self.tree.contains_key(old) {
            return;
        }
        let one = self.take(old);
        let two = self.take(new);
        let put = |tree: &mut BTreeMap<_, _>, from: &str, to: &str, names: Vec<(String, What)>| {
            let moved = names
                .into_iter()
                .map(|(path, what)| (format!("{to}{}", &path[from.len()..]), what));
            tree.extend(moved);
        };
        if flags == libc::RENAME_EXCHANGE {
            put(&mut self.tree, new, old, two);
        }
        put(&mut self.tree, old, new, one);
    }

    fn add(&mut self, path: &str, what: What) {
        let parent = path.rsplit_once('/').map(|(dir, _)| self.tree.get(dir));
        if parent.is_none_or(|dir| dir == Some(&What::Dir)) {
            self.tree.entry(path.to_owned()).or_insert(what);
        }
    }

    fn below(&self, path: &str) -> Vec<String> {
        let prefix = format!("{path}/");
        self.tree
            .keys()
            .filter(|name| name.starts_with(&prefix))
            .cloned()
            .collect()
    }

    /// Removes a name, with all names below it.
    fn take(&mut self, path: &str) -> Vec<(String, What)> {
        let mut names = self.below(path);
        names.push(path.to_owned());
        names
            .into_iter()
            .filter_map(|name| self.tree.remove_entry(&name))
            .collect()
    }
}

/// A path without components that have no effect.
fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_moves_with_all_below() {
        let mut hope = Hope::new(&[]);
        let mut believe = |op| {
            hope.believe(&Step {
                actor: 0,
                user: 0,
                op,
            })
        };
        for path in ["a", "a/b", "c"] {
            believe(Op::Mkdir {
                path: path.into(),
                mode: 0o755,
            });
        }
        believe(Op::Rename {
            old: "a".into(),
            new: "c/d".into(),
            flags: 0,
        });
        believe(Op::Rename {
            old: "c".into(),
            new: "c/d/e".into(),
            flags: 0,
        });
        assert_eq!(hope.tree.keys().collect::<Vec<_>>(), ["c", "c/d", "c/d/b"]);
    }
}
