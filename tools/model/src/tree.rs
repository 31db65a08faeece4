// SPDX-License-Identifier: GPL-2.0-only

//! A plain file system: the tree that is seen, and what the calls do to it.

use crate::Path;
use std::collections::BTreeMap;

/// A directory and all in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    pub entries: BTreeMap<String, Seen>,
}

/// What is seen under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Anything but a directory; the number tells one object from the other.
    Leaf(u32),
    Dir(Tree),
}

impl Seen {
    pub fn is_dir(&self) -> bool {
        matches!(self, Seen::Dir(_))
    }

    /// A directory without names.
    pub fn is_empty_dir(&self) -> bool {
        matches!(self, Seen::Dir(tree) if tree.entries.is_empty())
    }
}

/// Why a call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    Exists,
    NotFound,
    NotEmpty,
    NotADirectory,
    IsADirectory,
}

impl Tree {
    pub fn get(&self, path: &Path) -> Option<&Seen> {
        let (name, parents) = path.split_last()?;
        self.dir(parents)?.entries.get(name)
    }

    /// The directory at `path`.
    pub fn dir(&self, path: &Path) -> Option<&Tree> {
        path.iter()
            .try_fold(self, |tree, name| match tree.entries.get(name) {
                Some(Seen::Dir(dir)) => Some(dir),
                _ => None,
            })
    }

    /// The paths of all directories, from the root on.
    pub fn dirs(&self) -> Vec<Vec<String>> {
        let mut found = vec![Vec::new()];
        for (name, seen) in &self.entries {
            if let Seen::Dir(dir) = seen {
                let below = dir.dirs().into_iter();
                found.extend(below.map(|path| [vec![name.clone()], path].concat()));
            }
        }
        found
    }

    /// The names of the directory in which `path` is, and the last name of `path`.
    fn parent<'p>(
        &mut self,
        path: &'p Path,
    ) -> Result<(&mut BTreeMap<String, Seen>, &'p String), Error> {
        let (name, parents) = path.split_last().ok_or(Error::Exists)?;
        let mut tree = self;
        for name in parents {
            tree = match tree.entries.get_mut(name) {
                Some(Seen::Dir(dir)) => dir,
                Some(Seen::Leaf(_)) => return Err(Error::NotADirectory),
                None => return Err(Error::NotFound),
            };
        }
        Ok((&mut tree.entries, name))
    }

    /// open(O_CREAT | O_EXCL), mkdir, mknod, symlink, link.
    pub fn create(&mut self, path: &Path, what: Seen) -> Result<(), Error> {
        let (names, name) = self.parent(path)?;
        if names.contains_key(name) {
            return Err(Error::Exists);
        }
        names.insert(name.clone(), what);
        Ok(())
    }

    /// unlink or rmdir, whichever fits.
    pub fn remove(&mut self, path: &Path) -> Result<(), Error> {
        let (names, name) = self.parent(path)?;
        match names.get(name) {
            None => Err(Error::NotFound),
            Some(seen) if seen.is_dir() && !seen.is_empty_dir() => Err(Error::NotEmpty),
            Some(_) => {
                names.remove(name);
                Ok(())
            }
        }
    }

    /// rename; with `noreplace`, RENAME_NOREPLACE. Neither path leads through the other.
    pub fn rename(&mut self, old: &Path, new: &Path, noreplace: bool) -> Result<(), Error> {
        let from = self.get(old).ok_or(Error::NotFound)?.clone();
        if let Some(to) = self.get(new) {
            match (from.is_dir(), to.is_dir()) {
                _ if noreplace => return Err(Error::Exists),
                (true, false) => return Err(Error::NotADirectory),
                (false, true) => return Err(Error::IsADirectory),
                (true, true) if !to.is_empty_dir() => return Err(Error::NotEmpty),
                _ => (),
            }
        }
        let (names, name) = self.parent(new)?;
        names.insert(name.clone(), from);
        let (names, name) = self.parent(old)?;
        names.remove(name);
        Ok(())
    }

    /// rename with RENAME_EXCHANGE. Neither path leads through the other.
    pub fn exchange(&mut self, old: &Path, new: &Path) -> Result<(), Error> {
        let from = self.get(old).ok_or(Error::NotFound)?.clone();
        let to = self.get(new).ok_or(Error::NotFound)?.clone();
        let (names, name) = self.parent(new)?;
        names.insert(name.clone(), from);
        let (names, name) = self.parent(old)?;
        names.insert(name.clone(), to);
        Ok(())
    }
}
