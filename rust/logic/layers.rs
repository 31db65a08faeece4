// SPDX-License-Identifier: GPL-2.0-only

//! Lists of layers in mount options, with overlayfs's escapes.
//!
//! `:` separates the paths of `lowerdir`, and a backslash takes the next byte as it stands, so
//! `\:` and `\,` are a colon and a comma in a path and `\\` is a backslash. `::` stands before each
//! data-only layer; these come last. The paths of `upperdir` and `workdir` have the same escapes; those
//! of `lowerdir+` and `datadir+` have none.

use super::alloc::{AllocError, Vec};
use super::options::{refuse, Key, OptionError};

/// What a directory is to the union.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The upper layer.
    Upper,
    /// The work directory.
    Work,
    /// A lower layer of the tree.
    Lower,
    /// A data-only layer. It is no part of the tree: files of other layers have their data there.
    Data,
}

impl Role {
    /// Of what an option names by itself; `lowerdir` is a list, of which [`split_lowerdir`] tells.
    pub const fn of(key: Key) -> Self {
        match key {
            Key::Upperdir => Self::Upper,
            Key::Workdir => Self::Work,
            Key::DatadirAdd => Self::Data,
            _ => Self::Lower,
        }
    }
}

/// One path, still with its escapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Escaped<'a>(&'a [u8]);

impl<'a> Escaped<'a> {
    /// Takes one whole path, as `upperdir` and `workdir` have it.
    pub fn new(path: &'a [u8]) -> Result<Self, OptionError> {
        if path.is_empty() {
            return refuse("upperdir, workdir: empty path");
        }
        checked(path)
    }

    /// The path is no longer than this: escapes only add to the length.
    pub fn max_len(self) -> usize {
        self.0.len()
    }

    /// The bytes of the path.
    pub fn bytes(self) -> impl Iterator<Item = u8> + 'a {
        let mut rest = self.0.iter().copied();
        core::iter::from_fn(move || match rest.next() {
            Some(b'\\') => rest.next(),
            byte => byte,
        })
    }
}

/// The paths of a `lowerdir` option: lower layers, topmost first, then data-only layers.
///
/// After a refusal the iteration is over.
pub fn split_lowerdir(
    list: &[u8],
) -> impl Iterator<Item = Result<(Role, Escaped<'_>), OptionError>> {
    let mut rest = Some((Role::Lower, list));
    core::iter::from_fn(move || {
        let (role, list) = rest.take()?;
        let (path, after) = match separator(list, b':') {
            Some(at) => (list.get(..at)?, Some(list.get(at.checked_add(1)?..)?)),
            None => (list, None),
        };
        if path.is_empty() {
            return Some(refuse("lowerdir: empty path in the list"));
        }
        let next = match after {
            Some([b':', after @ ..]) => Some((Role::Data, after)),
            Some(_) if role == Role::Data => {
                return Some(refuse(
                    "lowerdir: a lower layer after a data-only layer, write \"::\" before every \
                     data-only layer and put these last",
                ));
            }
            other => other.map(|after| (Role::Lower, after)),
        };
        let path = checked(path);
        if path.is_ok() {
            rest = next;
        }
        Some(path.map(|path| (role, path)))
    })
}

/// Appends `path` to `out` in the form in which it can stand in a list in a string of options.
pub fn escape_lowerdir(path: &[u8], out: &mut Vec<u8>) -> Result<(), AllocError> {
    for &byte in path {
        if matches!(byte, b':' | b',' | b'\\') {
            out.push(b'\\')?;
        }
        out.push(byte)?;
    }
    Ok(())
}

/// Where the first separator is that is not escaped.
pub fn separator(list: &[u8], separator: u8) -> Option<usize> {
    let mut escaped = false;
    list.iter().position(|&byte| {
        let separates = !escaped && byte == separator;
        escaped = !escaped && byte == b'\\';
        separates
    })
}

/// Refuses invalid paths.
fn checked(path: &[u8]) -> Result<Escaped<'_>, OptionError> {
    if path.contains(&0) {
        return refuse("path of a layer: it holds a NUL byte");
    }
    let backslashes = path.iter().rev().take_while(|&&b| b == b'\\').count();
    if backslashes % 2 == 1 {
        return refuse("path of a layer: it ends in a single backslash, write \\\\ for one");
    }
    Ok(Escaped(path))
}

/// The directories of a mounted union, by the names given at mount.
pub trait MountedLayers {
    /// The upper directory.
    fn upper(&self) -> Option<&[u8]>;
    /// The work directory.
    fn work(&self) -> Option<&[u8]>;
    /// How many lower layers there are, with the data-only ones.
    fn lowers(&self) -> usize;
    /// A lower layer, 0 for the topmost, or a data-only layer, which come after them.
    fn lower(&self, index: usize) -> Option<(Role, &[u8])>;
}

/// Why a remount is refused: it would change the layers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayerChange<'a> {
    /// This differs from the mounted union.
    Other(Key, &'a [u8]),
    /// Lower layers are missing.
    Missing,
}

/// Whether the paths given for a remount are those of the mounted union, all or none of each
/// option. mount(8) may pass the options of /proc/mounts and those of the user: a list may occur
/// more than once.
pub fn check_remount<'a>(
    given: impl Iterator<Item = (Key, Role, &'a [u8])>,
    mounted: &impl MountedLayers,
) -> Result<(), LayerChange<'a>> {
    let mut next = 0;
    for (key, role, name) in given {
        let current = match role {
            Role::Upper => mounted.upper(),
            Role::Work => mounted.work(),
            Role::Lower | Role::Data => {
                let lower = mounted.lower(next);
                next = match next.saturating_add(1) {
                    n if n == mounted.lowers() => 0,
                    n => n,
                };
                lower.filter(|lower| lower.0 == role).map(|lower| lower.1)
            }
        };
        if current != Some(name) {
            return Err(LayerChange::Other(key, name));
        }
    }
    match next {
        0 => Ok(()),
        _ => Err(LayerChange::Missing),
    }
}
